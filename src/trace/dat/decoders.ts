// SPDX-License-Identifier: MIT
import type { Dev, FolioIndex, LruInsertion, Order, Pfn, SyscallEnter, SyscallExit } from '../../ledger/index.ts';
import { ino } from '../../ledger/index.ts';
import { MAX_ORDER } from '../limits.ts';
import { SyscallTwins } from '../syscall-twins.ts';
import type { Decoder, Maker, Shared } from './decoder.ts';
import { devNamed } from './device-names.ts';
import type { EventFormat, FormatField } from './event-format.ts';
import { MEMORY_MAKERS } from './memory-decoders.ts';
import type { NumberField } from './record-fields.ts';
import { numberField, readBigint, readNumber } from './record-fields.ts';
import { isDynamic, textField } from './text-field.ts';
import { SCHED_MAKERS, WORK_MAKERS } from './work-decoders.ts';

/** Names of a system's events that are decoded. They are found by name: the ids differ from boot to boot. */
export const wantedEvents = (system: string): readonly string[] =>
  [...MAKERS.keys()].filter((key) => key.startsWith(`${system}:`)).map((key) => key.slice(system.length + 1));

/**
 * Decoders for the wanted formats. If a format lacks a field that its event needs (a kernel before 4.0 has no `pfn`),
 * every record of it is unreadable: that must show as a loss.
 * @param machine output of `uname -m`, for the system call numbers of `raw_syscalls`.
 */
export function makeDecoders(
  formats: readonly EventFormat[],
  littleEndian: boolean,
  machine: string,
  scheduling: boolean,
): Decoder[] {
  const shared: Shared = { twins: new SyscallTwins(), numbers: syscallNumbers(machine) };
  return formats.flatMap((format) => {
    const maker = MAKERS.get(`${format.system}:${format.name}`);
    if (maker === undefined || (format.system === 'sched' && !scheduling)) return [];
    const number = (name: string): NumberField | undefined => numberField(format.fields.get(name), littleEndian);
    const pid = number('common_pid');
    const made = maker({ format, number, littleEndian }, shared);
    // Every record starts with its event's id, 16 bits wide: the walker relies on it.
    const id = format.fields.get('common_type');
    if (pid === undefined || made === undefined || id?.offset !== 0 || id.size !== 2)
      return [{ id: format.id, ...UNREADABLE }];
    return [{ id: format.id, pid, needs: Math.max(pid.needs, made.needs), decode: made.decode }];
  });
}

const UNREADABLE: Omit<Decoder, 'id'> = {
  pid: { word: 0, high: -1, shift: 0, mask: 0, needs: 0 },
  needs: 0,
  decode: () => 'unreadable',
};

/** For records with an id that no format has: they may have been anything. */
export const UNKNOWN: Decoder = { ...UNREADABLE, id: -1, decode: () => 'unknown' };

const needed = (...fields: readonly (NumberField | undefined)[]): number =>
  Math.max(...fields.map((field) => field?.needs ?? 0));

const filemap =
  (type: 'mm_filemap_add_to_page_cache' | 'mm_filemap_delete_from_page_cache'): Maker =>
  ({ number }) => {
    const pfn = number('pfn');
    const inode = number('i_ino');
    const index = number('index');
    const device = number('s_dev');
    const order = number('order'); // since 6.8 (large folios); before, a folio was a page
    if (pfn === undefined || inode === undefined || index === undefined || device === undefined) return undefined;
    const devices = new Map<number, Dev>();
    let lastNumber = -1;
    let lastIno = ino(0n);
    return {
      needs: needed(pfn, inode, index, device, order),
      decode: ({ words, base, at, cpu, pid, comm, buffer }) => {
        const pfnValue = readNumber(words, base, pfn);
        const indexValue = readNumber(words, base, index);
        const orderValue = order === undefined ? 0 : readNumber(words, base, order);
        if (pfnValue > Number.MAX_SAFE_INTEGER || indexValue > Number.MAX_SAFE_INTEGER || orderValue > MAX_ORDER) {
          return 'unreadable';
        }
        // One inode has many folios: its bigint is made once.
        const inoNumber = readNumber(words, base, inode);
        if (inoNumber !== lastNumber || inoNumber > Number.MAX_SAFE_INTEGER) {
          lastNumber = inoNumber;
          lastIno = ino(readBigint(words, base, inode));
        }
        return {
          type,
          at,
          cpu,
          pid,
          comm,
          buffer,
          dev: devNamed(readNumber(words, base, device), devices),
          ino: lastIno,
          pfn: pfnValue as Pfn,
          index: indexValue as FolioIndex,
          order: orderValue as Order,
        };
      },
    };
  };

/** TRACE_FLAG_IRQS_OFF in include/linux/trace_events.h. */
const INTERRUPTS_OFF = 1;
/** Of common_preempt_count the depth of preempt_disable(); above it, since 5.15, that of migrate_disable(). */
const PREEMPTION_OFF = 0x0f;

/** PAGEMAP_MAPPED in include/trace/events/pagemap.h, the `M` of the text form. */
const MAPPED = 1;

const lruInsertion: Maker = ({ number }) => {
  const pfn = number('pfn');
  const lru = number('lru');
  const flags = number('flags');
  const context = number('common_flags');
  const counts = number('common_preempt_count');
  if (pfn === undefined || lru === undefined) return undefined;
  return {
    needs: needed(pfn, lru, flags, context, counts),
    decode: ({ words, base, at, cpu, pid, comm, buffer }) => {
      const pfnValue = readNumber(words, base, pfn);
      if (pfnValue > Number.MAX_SAFE_INTEGER) return 'unreadable';
      const event: LruInsertion = {
        type: 'mm_lru_insertion',
        at,
        cpu,
        pid,
        comm,
        buffer,
        pfn: pfnValue as Pfn,
        lru: readNumber(words, base, lru),
        mapped: flags === undefined ? undefined : (readNumber(words, base, flags) & MAPPED) !== 0,
      };
      if (counts === undefined || context === undefined) return event;
      const count = readNumber(words, base, counts);
      // Hardly ever: most kernels have preemption off here.
      return (count & PREEMPTION_OFF) === 0 && count > 0 && (readNumber(words, base, context) & INTERRUPTS_OFF) === 0
        ? { ...event, isPreemptible: true }
        : event;
    },
  };
};

/**
 * `syscalls:sys_enter_NAME`: each argument is a field of its own, one long wide, after `__syscall_nr` (`nr` before
 * 4.x).
 */
const syscallEnter =
  (name: SyscallEnter['name']): Maker =>
  ({ format, number }, { twins }) => {
    const args = [...format.fields.values()]
      .filter((field) => !isCommon(field) && field.name !== '__syscall_nr' && field.name !== 'nr' && !isDynamic(field))
      .toSorted((a, b) => a.offset - b.offset)
      .map((field) => number(field.name));
    if (args.length === 0 || !args.every((arg) => arg !== undefined)) return undefined;
    return {
      needs: needed(...args),
      decode: ({ words, base, at, cpu, pid, comm, buffer }) => {
        const values = args.map((arg) => readBigint(words, base, arg));
        const event: SyscallEnter = { type: 'syscall-enter', at, cpu, pid, comm, buffer, name, args: values };
        return twins.isTwin(event, 'syscalls') ? 'nothing' : event;
      },
    };
  };

const syscallExit =
  (name: SyscallExit['name']): Maker =>
  ({ number }, { twins }) => {
    const ret = number('ret');
    if (ret === undefined) return undefined;
    return {
      needs: ret.needs,
      decode: ({ words, base, at, cpu, pid, comm, buffer }) => {
        const returned = signed(readBigint(words, base, ret), ret);
        const event: SyscallExit = { type: 'syscall-exit', at, cpu, pid, comm, buffer, name, returned };
        return twins.isTwin(event, 'syscalls') ? 'nothing' : event;
      },
    };
  };

/** Number of arguments among the six registers that `raw_syscalls:sys_enter` records. */
const ARGUMENTS = { ioctl: 3, fallocate: 4 } as const;

const rawEnter: Maker = ({ format, number, littleEndian }, { twins, numbers }) => {
  const id = number('id');
  const args = format.fields.get('args');
  if (id === undefined || args === undefined) return undefined;
  const size = args.size / 6;
  const fields = [0, 1, 2, 3, 4, 5].map((nth) =>
    numberField({ ...args, offset: args.offset + nth * size, size }, littleEndian),
  );
  if (!fields.every((field) => field !== undefined)) return undefined;
  return {
    needs: needed(id, ...fields),
    decode: ({ words, base, at, cpu, pid, comm, buffer }) => {
      const name = numbers.get(readNumber(words, base, id));
      if (name === undefined) return 'nothing';
      const values = fields.slice(0, ARGUMENTS[name]).map((field) => readBigint(words, base, field));
      const event: SyscallEnter = { type: 'syscall-enter', at, cpu, pid, comm, buffer, name, args: values };
      return twins.isTwin(event, 'raw_syscalls') ? 'nothing' : event;
    },
  };
};

const rawExit: Maker = ({ number }, { twins, numbers }) => {
  const id = number('id');
  const ret = number('ret');
  if (id === undefined || ret === undefined) return undefined;
  return {
    needs: needed(id, ret),
    decode: ({ words, base, at, cpu, pid, comm, buffer }) => {
      const name = numbers.get(readNumber(words, base, id));
      if (name === undefined) return 'nothing';
      const returned = signed(readBigint(words, base, ret), ret);
      const event: SyscallExit = { type: 'syscall-exit', at, cpu, pid, comm, buffer, name, returned };
      return twins.isTwin(event, 'raw_syscalls') ? 'nothing' : event;
    },
  };
};

/** `ftrace:print` holds the text written to trace_marker; the kernel adds a newline if the writer did not. */
const marker: Maker = ({ format, littleEndian }) => {
  const field = textField(format.fields.get('buf'), littleEndian);
  if (field === undefined) return undefined;
  return {
    needs: field.needs,
    decode: (record) => {
      const { at, cpu, pid, comm, buffer } = record;
      const text = field.read(record);
      if (text === undefined) return 'unreadable';
      return { type: 'marker', at, cpu, pid, comm, buffer, text: text.endsWith('\n') ? text.slice(0, -1) : text };
    },
  };
};

const MAKERS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['filemap:mm_filemap_add_to_page_cache', filemap('mm_filemap_add_to_page_cache')],
  ['filemap:mm_filemap_delete_from_page_cache', filemap('mm_filemap_delete_from_page_cache')],
  ['pagemap:mm_lru_insertion', lruInsertion],
  ['syscalls:sys_enter_ioctl', syscallEnter('ioctl')],
  ['syscalls:sys_exit_ioctl', syscallExit('ioctl')],
  ['syscalls:sys_enter_fallocate', syscallEnter('fallocate')],
  ['syscalls:sys_exit_fallocate', syscallExit('fallocate')],
  ['raw_syscalls:sys_enter', rawEnter],
  ['raw_syscalls:sys_exit', rawExit],
  ['ftrace:print', marker],
  ...MEMORY_MAKERS,
  ...WORK_MAKERS,
  ...SCHED_MAKERS,
]);

/** Numbers of the decoded calls: arch/x86/entry/syscalls/syscall_64.tbl, and the table that newer ports share. */
function syscallNumbers(machine: string): ReadonlyMap<number, SyscallEnter['name']> {
  switch (machine) {
    case '':
    case 'x86_64':
      return new Map([
        [16, 'ioctl'],
        [285, 'fallocate'],
      ]);
    case 'aarch64':
    case 'riscv64':
    case 'loongarch64':
      return new Map([
        [29, 'ioctl'],
        [47, 'fallocate'],
      ]);
    default:
      return new Map();
  }
}

const isCommon = (field: FormatField): boolean => field.name.startsWith('common_');
const signed = (value: bigint, field: NumberField): bigint => BigInt.asIntN(field.high < 0 ? 32 : 64, value);

// SPDX-License-Identifier: MIT
import type { KernelEvent, Loss, ReferenceOperation } from '../../../ledger/index.ts';
import { REFERENCE_NAMES } from '../../reference-names.ts';
import { Bytes } from './bytes.ts';

/** A field of an event's record, with the C type that its format has. */
interface Field {
  readonly type: string;
  readonly name: string;
  /** In bytes; 0: to the end of the record. */
  readonly size: 0 | 1 | 4 | 8 | 16;
  /** Number of items of `size`; undefined for one value. */
  readonly items?: number;
  readonly isSigned?: boolean;
}

/** What one kind of record has. */
interface Shape {
  readonly system: string;
  readonly name: string;
  readonly fields: readonly Field[];
  /** After `print fmt:`, with the values of {@link Field}s. */
  readonly print: string;
}

/** A record of an event, and the values of its fields in their order. */
interface Encoded {
  readonly shape: Shape;
  readonly values: readonly (number | bigint | Uint8Array)[];
}

/** Where the fields of one kind of record are. */
interface Layout {
  readonly id: number;
  readonly shape: Shape;
  /** Offsets of the fields, and the end of those of fixed size. */
  readonly places: readonly number[];
  readonly end: number;
}

type Kept = Exclude<KernelEvent, Loss>;

const ENCODER = new TextEncoder();
const COMMON = [
  '\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;',
  '\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;',
  '\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;',
  '\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;',
  '',
];
const COMMON_BYTES = 8;
/** The depth of migrate_disable() in common_preempt_count: of a flush that can be preempted. */
const MIGRATION_OFF = 0x10;

const long = (name: string): Field => ({ type: 'unsigned long', name, size: 8 });
const pointer = (name: string): Field => ({ type: 'void *', name, size: 8 });
const int = (name: string): Field => ({ type: 'int', name, size: 4, isSigned: true });
const comm = (name: string): Field => ({ type: 'char', name, size: 1, items: 16 });

const filemap = (name: string): Shape => ({
  system: 'filemap',
  name,
  fields: [
    ...['pfn', 'i_ino', 'index'].map(long),
    { type: 'dev_t', name: 's_dev', size: 4 },
    { type: 'unsigned char', name: 'order', size: 1 },
  ],
  print:
    '"dev %d:%d ino %lx pfn=0x%lx index=%lu order=%u", REC->s_dev >> 20, REC->s_dev & 0xfffff, REC->i_ino, REC->pfn, REC->index, REC->order',
});

const insertionOf = (hasFlags: boolean): Shape => ({
  system: 'pagemap',
  name: 'mm_lru_insertion',
  fields: [long('pfn'), int('lru'), ...(hasFlags ? [long('flags')] : [])],
  print: `"pfn=0x%lx lru=%d${hasFlags ? ' flags=%s' : ''}", REC->pfn, REC->lru${hasFlags ? ', REC->flags & 1 ? "M" : " "' : ''}`,
});

const INSERTIONS = { plain: insertionOf(false), flags: insertionOf(true) };

function reference(operation: ReferenceOperation, hasMapcount: boolean, hasReturn: boolean): Shape {
  const name = REFERENCE_NAMES[operation];
  const fields = [
    long('pfn'),
    long('flags'),
    int('count'),
    ...(hasMapcount ? [int('mapcount')] : []),
    pointer('mapping'),
    int('val'),
    ...(hasReturn ? [int('ret')] : []),
  ];
  return {
    system: name.startsWith('page_pinner') ? 'page_pinner' : 'page_ref',
    name,
    fields,
    print: `"pfn=0x%lx flags=0x%lx count=%d${hasMapcount ? ' mapcount=%d' : ''} mapping=%p val=%d${hasReturn ? ' ret=%d' : ''}", ${fields.map((field) => `REC->${field.name}`).join(', ')}`,
  };
}

const ARGUMENTS = { ioctl: ['fd', 'cmd', 'arg'], fallocate: ['fd', 'mode', 'offset', 'len'] } as const;

const enter = (name: keyof typeof ARGUMENTS): Shape => ({
  system: 'syscalls',
  name: `sys_enter_${name}`,
  fields: [int('__syscall_nr'), ...ARGUMENTS[name].map(long)],
  print: `"${ARGUMENTS[name].map((argument) => `${argument}: 0x%08lx`).join(', ')}", ${ARGUMENTS[name].map((argument) => `REC->${argument}`).join(', ')}`,
});

const exit = (name: keyof typeof ARGUMENTS): Shape => ({
  system: 'syscalls',
  name: `sys_exit_${name}`,
  fields: [int('__syscall_nr'), { type: 'long', name: 'ret', size: 8, isSigned: true }],
  print: '"0x%lx", REC->ret',
});

function work(name: string, has: { readonly code: boolean; readonly queue: boolean; readonly cpu: boolean }): Shape {
  const fields: readonly Field[] = [
    pointer('work'),
    ...(has.code ? [pointer('function')] : []),
    ...(has.cpu ? [int('req_cpu'), int('cpu')] : []),
    ...(has.queue ? [{ type: '__data_loc char[]', name: 'workqueue', size: 4 } as const] : []),
  ];
  return {
    system: 'workqueue',
    name,
    fields,
    print: `"work struct=%p${has.code ? ' function=%ps' : ''}${has.cpu ? ' req_cpu=%d cpu=%d' : ''}${has.queue ? ' workqueue=%s' : ''}", ${fields.map((field) => (field.name === 'workqueue' ? '__get_str(workqueue)' : `REC->${field.name}`)).join(', ')}`,
  };
}

const SHAPES = {
  add: filemap('mm_filemap_add_to_page_cache'),
  delete: filemap('mm_filemap_delete_from_page_cache'),
  free: {
    system: 'kmem',
    name: 'mm_page_free',
    fields: [long('pfn'), { type: 'unsigned int', name: 'order', size: 4 }],
    print: '"pfn=0x%lx order=%d", REC->pfn, REC->order',
  },
  marker: {
    system: 'ftrace',
    name: 'print',
    fields: [long('ip'), { type: 'char', name: 'buf', size: 1, items: 0 }],
    print: '"%s", REC->buf',
  },
  stack: {
    system: 'ftrace',
    name: 'kernel_stack',
    fields: [int('size'), { type: 'unsigned long', name: 'caller', size: 8, items: 8 }],
    print: '"%d frames", REC->size',
  },
  switch: {
    system: 'sched',
    name: 'sched_switch',
    fields: [comm('prev_comm'), int('prev_pid'), comm('next_comm'), int('next_pid')],
    print: '"%s:%d ==> %s:%d", REC->prev_comm, REC->prev_pid, REC->next_comm, REC->next_pid',
  },
  wakeup: {
    system: 'sched',
    name: 'sched_wakeup',
    fields: [comm('comm'), int('pid'), int('target_cpu')],
    print: '"%s:%d CPU:%03d", REC->comm, REC->pid, REC->target_cpu',
  },
  nothing: { system: 'folioscope', name: 'left_out', fields: [], print: '"events that no answer needs"' },
} as const satisfies Record<string, Shape>;

/**
 * Writes records of decoded events, and the formats of those that were written: the inverse of `../decoders.ts`. Functions get
 * addresses of their own, which {@link kallsyms} names.
 */
export class EventRecords {
  readonly #ids = new Map<string, Layout>();
  /** The same for shapes that are made once. */
  readonly #layouts = new WeakMap<Shape, Layout>();
  readonly #functions = new Map<string, bigint>();
  readonly #names = new Map<number, string>();
  readonly #bytes = new Bytes();

  /** A record: valid until the next one is written. */
  of(event: Kept): Uint8Array {
    const { pid, comm: name } = event;
    if (name !== undefined) this.#names.set(pid, name);
    const isPreemptible = event.type === 'mm_lru_insertion' && event.isPreemptible === true;
    return this.#write(this.#encoded(event), pid, isPreemptible);
  }

  /** The record of an event's stack, which follows the event; undefined if it has none. */
  stackOf({ pid, stack }: Kept): Uint8Array | undefined {
    if (stack === undefined) return undefined;
    const frames = new Bytes();
    for (const name of stack) frames.number(this.#addressOf(name), 8);
    return this.#write({ shape: SHAPES.stack, values: [stack.length, frames.done] }, pid, false);
  }

  /** A record that only shows that something was at its time. */
  nothing(): Uint8Array {
    return this.#write({ shape: SHAPES.nothing, values: [] }, 0, false);
  }

  /** The formats of the written records, by system. */
  get formats(): ReadonlyMap<string, readonly string[]> {
    const formats = new Map<string, string[]>();
    for (const { id, shape } of this.#ids.values())
      formats.set(shape.system, [...(formats.get(shape.system) ?? []), formatOf(id, shape)]);
    return formats;
  }

  /** As /proc/kallsyms has them. */
  get kallsyms(): string {
    // The last address ends the last function; one address alone would mean that the recorder could not see them.
    const last = FIRST_FUNCTION + BigInt(this.#functions.size) * FUNCTION_BYTES;
    const all = this.#functions.size === 0 ? [] : [...this.#functions, ['_end', last] as const];
    return Array.from(all, ([name, address]) => `${address.toString(16).padStart(16, '0')} t ${name}\n`).join('');
  }

  /** As tracefs's saved_cmdlines has them, of the tasks that occur; in UTF-8, a byte a character. */
  get taskNames(): string {
    const text = Array.from(this.#names, ([pid, name]) => `${pid} ${name}\n`).join('');
    return Array.from(ENCODER.encode(text), (byte) => String.fromCharCode(byte)).join('');
  }

  #encoded(event: Kept): Encoded {
    switch (event.type) {
      case 'mm_filemap_add_to_page_cache':
      case 'mm_filemap_delete_from_page_cache': {
        const [major = 0, minor = 0] = event.dev.split(':').map(Number);
        const shape = event.type === 'mm_filemap_add_to_page_cache' ? SHAPES.add : SHAPES.delete;
        return { shape, values: [event.pfn, event.ino, event.index, major * 0x10_0000 + minor, event.order] };
      }
      case 'mm_lru_insertion': {
        const { pfn, lru, mapped } = event;
        return {
          shape: mapped === undefined ? INSERTIONS.plain : INSERTIONS.flags,
          values: [pfn, lru, ...(mapped === undefined ? [] : [mapped ? 1 : 0])],
        };
      }
      case 'mm_page_free':
        return { shape: SHAPES.free, values: [event.pfn, event.order] };
      case 'marker':
        return { shape: SHAPES.marker, values: [0, ENCODER.encode(`${event.text}\n\0`)] };
      case 'page-reference': {
        const { operation, pfn, flags, count, mapcount, mapping, value, returned } = event;
        return {
          shape: reference(operation, mapcount !== undefined, returned !== undefined),
          values: [
            pfn,
            /^0x[\da-f]+$/.test(flags) ? BigInt(flags) : 0n,
            count,
            ...(mapcount === undefined ? [] : [mapcount]),
            BigInt(`0x${mapping ?? '0'}`),
            value,
            ...(returned === undefined ? [] : [returned]),
          ],
        };
      }
      case 'syscall-enter':
        return {
          shape: enter(event.name),
          values: [0, ...ARGUMENTS[event.name].map((_, nth) => event.args[nth] ?? 0n)],
        };
      case 'syscall-exit':
        return { shape: exit(event.name), values: [0, event.returned] };
      case 'workqueue_queue_work':
      case 'workqueue_activate_work':
      case 'workqueue_execute_start':
      case 'workqueue_execute_end': {
        const { type, work: item, function: code, workqueue, requestedCpu: requested, cpu } = event;
        const isQueued = type === 'workqueue_queue_work';
        return {
          shape: work(type, { code: code !== undefined, queue: workqueue !== undefined, cpu: isQueued }),
          values: [
            BigInt(`0x${item}`),
            ...(code === undefined ? [] : [this.#addressOf(code)]),
            ...(isQueued ? [requested ?? cpu + 1, requested ?? cpu] : []),
            ...(workqueue === undefined ? [] : [ENCODER.encode(`${workqueue}\0`)]),
          ],
        };
      }
      case 'sched_switch':
        return {
          shape: SHAPES.switch,
          values: [ENCODER.encode(event.comm ?? ''), event.pid, ENCODER.encode(event.nextComm), event.nextPid],
        };
      case 'sched_wakeup':
        return { shape: SHAPES.wakeup, values: [ENCODER.encode(event.wokenComm), event.wokenPid, event.targetCpu] };
    }
  }

  #write({ shape, values }: Encoded, pid: number, isPreemptible: boolean): Uint8Array {
    const bytes = this.#bytes.clear();
    const { id, places, end } = this.#layoutOf(shape);
    bytes
      .number(id, 2)
      .number(0, 1)
      .number(isPreemptible ? MIGRATION_OFF : 0, 1)
      .number(pid | 0, 4);
    const later: Uint8Array[] = [];
    let dynamic = end;
    for (const [nth, field] of shape.fields.entries()) {
      const value = values[nth] ?? 0;
      bytes.padTo(places[nth] ?? 0);
      if (typeof value !== 'object') {
        bytes.number(
          field.size === 8 ? BigInt.asUintN(64, BigInt(value)) : value,
          field.size === 1 || field.size === 4 ? field.size : 8,
        );
      } else if (field.type.startsWith('__data_loc')) {
        bytes.number((BigInt(value.byteLength) << 16n) | BigInt(dynamic), 4);
        later.push(value);
        dynamic += value.byteLength;
      } else {
        const most = field.size * (field.items ?? 1);
        // One that runs to the end, or a text with room for its NUL.
        bytes.raw(field.size === 1 && most > 0 ? value.subarray(0, most - 1) : value);
      }
    }
    bytes.padTo(end);
    for (const one of later) bytes.raw(one);
    return bytes.done;
  }

  #layoutOf(shape: Shape): Layout {
    const known = this.#layouts.get(shape);
    if (known !== undefined) return known;
    const key = `${shape.system}:${shape.name} ${shape.fields.map(({ name }) => name).join(' ')}`;
    const layout = this.#ids.get(key) ?? {
      id: FIRST_ID + this.#ids.size,
      shape,
      places: offsetsOf(shape.fields),
      end: Math.ceil(sizeOf(shape.fields) / 4) * 4,
    };
    this.#ids.set(key, layout);
    this.#layouts.set(shape, layout);
    return layout;
  }

  #addressOf(name: string): bigint {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const address = FIRST_FUNCTION + BigInt(this.#functions.size) * FUNCTION_BYTES;
    this.#functions.set(name, address);
    return address;
  }
}

/** Ids of events in a running kernel are lower for those of ftrace itself, which trace-cmd knows by their names too. */
const FIRST_ID = 1000;
/** Addresses that functions get: any will do, since the recording names them. */
const FIRST_FUNCTION = 0xffff_ffff_8000_0000n;
const FUNCTION_BYTES = 16n;

/** A list that runs to the end takes no bytes here. */
const bytesOf = ({ size, items, name }: Field): number => (name === 'caller' ? 0 : size * (items ?? 1));

function offsetsOf(fields: readonly Field[]): readonly number[] {
  let at = COMMON_BYTES;
  return fields.map((field) => {
    const align = field.size === 0 || field.size === 16 ? 1 : field.size;
    const offset = Math.ceil(at / align) * align;
    at = offset + bytesOf(field);
    return offset;
  });
}

function sizeOf(fields: readonly Field[]): number {
  const last = fields.at(-1);
  return last === undefined ? COMMON_BYTES : (offsetsOf(fields).at(-1) ?? COMMON_BYTES) + bytesOf(last);
}

function formatOf(id: number, { name, fields, print }: Shape): string {
  const places = offsetsOf(fields);
  const lines = fields.map(({ type, name: field, size, items, isSigned }, nth) => {
    const bounds = items === undefined ? '' : items === 0 ? '[]' : `[${items}]`;
    return `\tfield:${type} ${field}${bounds};\toffset:${places[nth]};\tsize:${size * (items ?? 1)};\tsigned:${isSigned === true ? 1 : 0};`;
  });
  return [`name: ${name}`, `ID: ${id}`, 'format:', ...COMMON, ...lines, '', `print fmt: ${print}`, ''].join('\n');
}

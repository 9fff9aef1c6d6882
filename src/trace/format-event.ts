// SPDX-License-Identifier: MIT
import { bytesOf, DEFAULT_PAGE_SIZE, type PageSize } from '../abi/index.ts';
import type { EventOrigin, KernelEvent, Nanoseconds, SyscallEnter } from '../ledger/index.ts';
import { REFERENCE_NAMES } from './reference-names.ts';

const UTF8 = new TextEncoder();

/**
 * The event as the kernel's `trace` file prints it (without the flags column, as with option noirq-info), for quoting as
 * evidence. The ftrace text reader reads it back. A time is rounded to microseconds as the kernel does. Data that an event does
 * not have are not printed: a folio's pointer, and the flags of an insertion except `M`.
 * @param pageSize of the kernel that recorded it: the text has offsets, an event indexes.
 */
export function formatEvent(event: KernelEvent, pageSize: PageSize = DEFAULT_PAGE_SIZE): string {
  if (event.type === 'loss') {
    return event.events === undefined
      ? `CPU:${event.cpu} [LOST EVENTS]`
      : `CPU:${event.cpu} [LOST ${event.events} EVENTS]`;
  }
  const cpu = String(event.cpu).padStart(3, '0');
  return `${taskColumn(event)} [${cpu}] ${microseconds(event.at).padStart(12)}: ${formatBody(event, pageSize)}`;
}

/** The column TASK-PID. */
export function taskColumn({ comm = '<...>', pid }: EventOrigin): string {
  const padding = ' '.repeat(Math.max(0, 16 - UTF8.encode(comm).byteLength)); // the kernel counts bytes
  return `${padding}${comm}-${String(pid).padEnd(7)}`;
}

/** The text after the columns. */
export function formatBody(
  event: Exclude<KernelEvent, { type: 'loss' }>,
  pageSize: PageSize = DEFAULT_PAGE_SIZE,
): string {
  switch (event.type) {
    case 'mm_filemap_add_to_page_cache':
    case 'mm_filemap_delete_from_page_cache': {
      const [major, minor] = event.dev.split(':');
      const offset = bytesOf(event.index, pageSize);
      const where = `dev ${major}:${minor} ino ${event.ino.toString(16)}`;
      return `${event.type}: ${where} pfn=0x${event.pfn.toString(16)} ofs=${offset} order=${event.order}`;
    }
    case 'mm_lru_insertion': {
      const flags = event.mapped === undefined ? '' : ` flags=${event.mapped ? 'M' : ' '}`;
      return `mm_lru_insertion: pfn=0x${event.pfn.toString(16)} lru=${event.lru}${flags}`;
    }
    case 'syscall-enter':
      return `sys_${event.name}(${event.args.map((value, index) => argument(event, value, index)).join(', ')})`;
    case 'syscall-exit':
      return `sys_${event.name} -> 0x${BigInt.asUintN(64, event.returned).toString(16)}`;
    case 'marker':
      return `tracing_mark_write: ${event.text}`;
    case 'page-reference': {
      const { operation, pfn, flags, count, mapcount, mapping, value, returned } = event;
      const given = [
        `pfn=0x${pfn.toString(16)} flags=${flags} count=${count}`,
        mapcount === undefined ? '' : ` mapcount=${mapcount}`,
        mapping === undefined ? '' : ` mapping=${mapping}`,
        ` val=${value}`,
        returned === undefined ? '' : ` ret=${returned}`,
      ];
      return `${REFERENCE_NAMES[operation]}: ${given.join('')}`;
    }
    case 'mm_page_free':
      return `mm_page_free: pfn=0x${event.pfn.toString(16)} order=${event.order}`;
    case 'workqueue_queue_work': {
      const { work, workqueue, requestedCpu } = event;
      const name = event.function === undefined ? '' : ` function=${event.function}`;
      const queue = workqueue === undefined ? '' : ` workqueue=${workqueue}`;
      return `${event.type}: work struct=${work}${name}${queue} req_cpu=${requestedCpu ?? -1} cpu=${requestedCpu ?? event.cpu}`;
    }
    case 'workqueue_activate_work':
      return `${event.type}: work struct ${event.work}${event.function === undefined ? '' : ` function=${event.function} `}`;
    case 'workqueue_execute_start':
    case 'workqueue_execute_end':
      return `${event.type}: work struct ${event.work}${event.function === undefined ? '' : `: function ${event.function}`}`;
    case 'sched_switch':
      return `sched_switch: prev_comm=${event.comm ?? '<...>'} prev_pid=${event.pid} ==> next_comm=${event.nextComm} next_pid=${event.nextPid} next_prio=0`;
    case 'sched_wakeup':
      return `sched_wakeup: comm=${event.wokenComm} pid=${event.wokenPid} prio=0 target_cpu=${String(event.targetCpu).padStart(3, '0')}`;
  }
}

const ARGUMENT_NAMES: Readonly<Record<SyscallEnter['name'], readonly string[]>> = {
  ioctl: ['fd', 'cmd', 'arg'],
  fallocate: ['fd', 'mode', 'offset', 'len'],
};

/** The kernel prints small numbers without the 0x. */
function argument({ name }: SyscallEnter, value: bigint, index: number): string {
  const label = ARGUMENT_NAMES[name][index] ?? `arg${index}`;
  return `${label}: ${value < 10n ? value : `0x${value.toString(16)}`}`;
}

/** A time as the kernel prints it, rounded. */
export function microseconds(time: Nanoseconds): string {
  const sign = time < 0n ? '-' : '';
  const rounded = ((time < 0n ? -time : time) + 500n) / 1000n;
  return `${sign}${rounded / 1_000_000n}.${String(rounded % 1_000_000n).padStart(6, '0')}`;
}

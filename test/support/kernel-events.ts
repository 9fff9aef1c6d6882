// SPDX-License-Identifier: MIT
import {
  type Cpu,
  cpu,
  dev,
  type FilemapEvent,
  folioIndex,
  ino,
  type KernelEvent,
  type Loss,
  nanoseconds,
  order,
  pfn,
  type ReferenceOperation,
  type WorkqueueEvent,
} from '../../src/ledger/index.ts';
import type { TraceSummary } from '../../src/trace/index.ts';

/** Where and when, in short: nanoseconds and the CPU. */
export interface Where {
  readonly at: number;
  readonly cpu?: number;
  readonly pid?: number;
  readonly comm?: string;
  readonly buffer?: string;
}

const origin = ({ at, cpu: number = 0, pid = 100, comm = 'vmm', buffer }: Where) => ({
  at: nanoseconds(BigInt(at)),
  cpu: cpu(number),
  pid,
  comm,
  buffer,
});

/** A folio of an inode; `dev` is `MAJOR:MINOR`. */
export interface Page {
  readonly index: number;
  readonly pfn: number;
  readonly order?: number;
  readonly ino?: number;
  readonly dev?: readonly [number, number];
}

const filemap =
  (type: 'mm_filemap_add_to_page_cache' | 'mm_filemap_delete_from_page_cache') =>
  (page: Page, where: Where): FilemapEvent => ({
    ...origin(where),
    type,
    dev: dev(...(page.dev ?? [0, 16])),
    ino: ino(BigInt(page.ino ?? 0x4414)),
    pfn: pfn(page.pfn),
    index: folioIndex(page.index),
    order: order(page.order ?? 0),
  });

export const added = filemap('mm_filemap_add_to_page_cache');
export const deleted = filemap('mm_filemap_delete_from_page_cache');

/** @param lru 4 is LRU_UNEVICTABLE, 2 the inactive file list. */
export const inserted = (number: number, where: Where, lru = 4): KernelEvent => ({
  ...origin(where),
  type: 'mm_lru_insertion',
  pfn: pfn(number),
  lru,
  mapped: true,
});

/**
 * The same events with, after the last insertion of each flush, one that shows it to be over, and first of all a delete of some file,
 * which shows that deletes were recorded.
 */
export function settled(events: readonly KernelEvent[]): KernelEvent[] {
  const first = events.find((event) => event.type !== 'loss');
  const noise = deleted({ index: 0, pfn: 1, dev: [8, 1], ino: 2 }, { at: Number(first?.at ?? 1n) });
  const start = { ...noise, cpu: first?.cpu ?? noise.cpu };
  return [
    start,
    ...events.flatMap((event, place) => {
      const next = events[place + 1];
      const goesOn = next?.type === 'mm_lru_insertion' && next.cpu === event.cpu;
      return event.type === 'mm_lru_insertion' && !goesOn ? [event, over(event)] : [event];
    }),
  ];
}

const over = ({
  at,
  cpu: on,
  pid,
  comm,
  buffer,
}: KernelEvent & { readonly type: 'mm_lru_insertion' }): KernelEvent => ({
  at,
  cpu: on,
  pid,
  comm,
  buffer,
  type: 'syscall-exit',
  name: 'fallocate',
  returned: 0n,
});

export const marker = (text: string, where: Where): KernelEvent => ({ ...origin(where), type: 'marker', text });

export const ioctl = (command: bigint, where: Where): KernelEvent => ({
  ...origin(where),
  type: 'syscall-enter',
  name: 'ioctl',
  args: [8n, command, 0x7ffen],
});

export const returned = (value: number, where: Where): KernelEvent => ({
  ...origin(where),
  type: 'syscall-exit',
  name: 'ioctl',
  returned: BigInt(value),
});

/** A guest_memfd is made, in the nanosecond before and at `where`, by the task that adds folios. */
export const made = (where: Where): KernelEvent[] => [
  ioctl(0xc040aed4n, { ...where, at: where.at - 1 }),
  returned(9, where),
];

const DRAIN = { function: 'lru_add_drain_per_cpu', workqueue: undefined, requestedCpu: undefined } as const;

/** A task asks CPU `on` to drain its batches. */
export const queued = (work: string, on: number, where: Where): WorkqueueEvent => ({
  ...origin(where),
  ...DRAIN,
  type: 'workqueue_queue_work',
  work,
  workqueue: 'mm_percpu_wq',
  requestedCpu: cpu(on),
});

/** CPU `on` does it. */
export const executed = (work: string, on: number, from: number, to: number): KernelEvent[] => {
  const worker = { cpu: on, pid: 40 + on, comm: `kworker/${on}:1` };
  return [
    { ...origin({ ...worker, at: from }), ...DRAIN, type: 'workqueue_execute_start', work },
    { ...origin({ ...worker, at: to }), ...DRAIN, type: 'workqueue_execute_end', work },
  ];
};

/** What was done to a page frame's reference count; `count` counts only where the story begins in the middle. */
export const pageReference = (
  done: {
    readonly operation: ReferenceOperation;
    readonly pfn: number;
    readonly value: number;
    readonly count?: number;
    readonly returned?: number;
  },
  where: Where,
  stack?: readonly string[],
): KernelEvent => ({
  ...origin(where),
  type: 'page-reference',
  operation: done.operation,
  pfn: pfn(done.pfn),
  flags: 'none',
  count: done.count ?? 0,
  mapcount: undefined,
  mapping: undefined,
  value: done.value,
  returned: done.returned,
  stack,
});

/** A CPU goes from one task to another. */
export const switched = (from: string, to: string, where: Where): KernelEvent => ({
  ...origin({ ...where, comm: from }),
  type: 'sched_switch',
  nextPid: 200,
  nextComm: to,
});

/** Events of a CPU are missing before `at`; at the end where undefined. */
export const lost = (number: number, at: number | undefined, buffer?: string): Loss => ({
  type: 'loss',
  cpu: cpu(number),
  at: at === undefined ? undefined : nanoseconds(BigInt(at)),
  events: undefined,
  buffer,
});

/** What a reader would say of these events. */
export function summaryOf(events: readonly KernelEvent[]): TraceSummary {
  const times = events.flatMap((event) => (event.type === 'loss' ? [] : [event.at]));
  const cpus: Cpu[] = [...new Set(events.map((event) => event.cpu))].toSorted((a, b) => a - b);
  return {
    format: 'ftrace text',
    events: times.length,
    cpus,
    from: times[0],
    to: times.at(-1),
    lost: events.filter((event) => event.type === 'loss'),
    notes: [],
    damage: [],
    buffers: undefined,
    recordedOn: undefined,
    clock: undefined,
    showsLosses: true,
    countsTime: false,
    pageSize: undefined,
  };
}

// SPDX-License-Identifier: MIT
import {
  type Cpu,
  cpu,
  dev,
  folioIndex,
  ino,
  type KernelEvent,
  type Loss,
  nanoseconds,
  order,
  pfn,
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
  (page: Page, where: Where): KernelEvent => ({
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
    buffers: undefined,
    recordedOn: undefined,
    clock: undefined,
  };
}

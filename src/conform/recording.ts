// SPDX-License-Identifier: MIT
import type { KernelEvent, Loss, Pfn } from '../ledger/index.ts';

/** Kinds of events, in the order of reports. */
export const EVENT_KINDS = [
  'add',
  'insertion',
  'delete',
  'work-queued',
  'work-begun',
  'work-done',
  'conversion',
  'fallocate',
  'reference',
  'other',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** The function of the work items that a drain of all CPUs queues. mm/folio.c: lru_add_drain_per_cpu(), 7.3. */
const DRAIN_WORK = 'lru_add_drain_per_cpu';

/**
 * A recording's events, those that the model has steps for, in order. A million events fit in memory; two passes are
 * needed, since only the burst of a flush shows what had been in the batch.
 */
export class Recording {
  readonly events: KernelEvent[] = [];
  /** Events that were read, by kind; each once, though two buffers have it. */
  readonly read = new Map<EventKind, number>();
  readonly losses: Loss[] = [];
  /** Places in `events` at which something was lost, with the CPU. */
  readonly lossAt = new Map<number, number[]>();
  readonly pageReferencesOf = new Set<Pfn>();
  cpus = 0;
  readonly #last = new Map<Pfn, Exclude<KernelEvent, Loss>>();

  add(batch: readonly KernelEvent[]): void {
    for (const event of batch) this.#event(event);
  }

  has(kind: EventKind): boolean {
    return (this.read.get(kind) ?? 0) > 0;
  }

  #event(event: KernelEvent): void {
    if (event.cpu >= this.cpus) this.cpus = event.cpu + 1;
    if (event.type === 'loss') {
      this.losses.push(event);
      const at = this.events.length;
      this.lossAt.set(at, [...(this.lossAt.get(at) ?? []), event.cpu]);
      return;
    }
    if (this.#isTwin(event)) return;
    const kind = kindOf(event);
    this.read.set(kind, (this.read.get(kind) ?? 0) + 1);
    if (kind === 'other') return;
    if (event.type === 'page-reference') this.pageReferencesOf.add(event.pfn);
    this.events.push(event);
  }

  /** Two buffers have the same event, if both recorded; each with its own clock. */
  #isTwin(event: Exclude<KernelEvent, Loss>): boolean {
    if (!('pfn' in event)) return false;
    const last = this.#last.get(event.pfn);
    const isTwin =
      last !== undefined &&
      last.buffer !== event.buffer &&
      last.type === event.type &&
      last.cpu === event.cpu &&
      event.at - last.at < TWIN_APART;
    if (!isTwin) this.#last.set(event.pfn, event);
    return isTwin;
  }
}

/** Nanoseconds within which two buffers have the same event. */
const TWIN_APART = 1_000_000n;

export function kindOf(event: Exclude<KernelEvent, Loss>): EventKind {
  switch (event.type) {
    case 'mm_filemap_add_to_page_cache':
      return 'add';
    case 'mm_filemap_delete_from_page_cache':
      return 'delete';
    case 'mm_lru_insertion':
      return 'insertion';
    case 'workqueue_queue_work':
      return event.function === DRAIN_WORK ? 'work-queued' : 'other';
    case 'workqueue_execute_start':
      return event.function === DRAIN_WORK ? 'work-begun' : 'other';
    case 'workqueue_execute_end':
      return event.function === DRAIN_WORK ? 'work-done' : 'other';
    case 'syscall-enter':
    case 'syscall-exit':
      return event.name === 'fallocate' ? 'fallocate' : 'conversion';
    case 'page-reference':
      return 'reference';
    case 'workqueue_activate_work':
    case 'marker':
    case 'mm_page_free':
    case 'sched_switch':
    case 'sched_wakeup':
      return 'other';
  }
}

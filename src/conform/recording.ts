// SPDX-License-Identifier: MIT
import { KVM_SET_MEMORY_ATTRIBUTES2 } from '../abi/index.ts';
import type { KernelEvent, Loss, Pfn } from '../ledger/index.ts';
import type { EventKind } from './answer.ts';

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
  cpus = 0;
  /** Tasks within a conversion. */
  readonly #converting = new Set<number>();
  readonly #last = new Map<Pfn, Exclude<KernelEvent, Loss>>();

  add(batch: readonly KernelEvent[]): void {
    for (const event of batch) this.#event(event);
  }

  /** Events before a place, by kind. */
  readUpTo(place: number): ReadonlyMap<EventKind, number> {
    const counts = new Map<EventKind, number>();
    for (const event of this.events.slice(0, place))
      if (event.type !== 'loss') counts.set(kindOf(event), (counts.get(kindOf(event)) ?? 0) + 1);
    return counts;
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
    const kind = this.#isOtherIoctl(event) ? 'other' : kindOf(event);
    this.read.set(kind, (this.read.get(kind) ?? 0) + 1);
    if (kind === 'other') return;
    this.events.push(event);
  }

  /** An ioctl that is no conversion; its exit does not say so. */
  #isOtherIoctl(event: Exclude<KernelEvent, Loss>): boolean {
    if (event.type === 'syscall-enter' && event.name === 'ioctl') {
      if (event.args[1] === KVM_SET_MEMORY_ATTRIBUTES2) this.#converting.add(event.pid);
      return event.args[1] !== KVM_SET_MEMORY_ATTRIBUTES2;
    }
    return event.type === 'syscall-exit' && event.name === 'ioctl' && !this.#converting.delete(event.pid);
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

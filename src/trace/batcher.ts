// SPDX-License-Identifier: MIT
import type { KernelEvent, Loss } from '../ledger/index.ts';
import type { ReadOptions } from './summary.ts';

/**
 * Few enough that a batch is small beside everything else, many enough that the call costs nothing. Measured:
 * docs/trace-readers.md.
 */
const BATCH_EVENTS = 256;
/** Events that text keeps back, so that a stack trace which comes after them can still be given to its event. */
const KEPT_BACK = 256;

/** Gathers events into batches for the consumer, and the losses among them for the summary. */
export class Batcher {
  readonly lost: Loss[] = [];
  readonly #onEvents: ReadOptions['onEvents'];
  #batch: KernelEvent[] = [];

  constructor(onEvents: ReadOptions['onEvents']) {
    this.#onEvents = onEvents;
  }

  pushLoss(loss: Loss): void {
    this.lost.push(loss);
    this.#push(loss);
  }

  /** Does not ask for the event's type: of events in so many shapes that is a search. */
  push(event: Exclude<KernelEvent, Loss>): void {
    this.#push(event);
  }

  #push(event: KernelEvent): void {
    if (this.#batch.push(event) < BATCH_EVENTS + KEPT_BACK) return;
    const full = this.#batch;
    this.#batch = full.splice(BATCH_EVENTS);
    this.#onEvents(full);
  }

  /** Puts `event` in the place of `former`, if that is among the last {@link KEPT_BACK} pushed. */
  replace(former: KernelEvent, event: KernelEvent): void {
    const at = this.#batch.lastIndexOf(former);
    if (at >= 0) this.#batch[at] = event;
  }

  /**
   * Adds `events[from, to)`; whether a batch became full.
   * @param hasLosses whether some of them may be losses: to look at each event here costs a tenth of the reading.
   */
  append(events: readonly KernelEvent[], from: number, to: number, hasLosses: boolean): boolean {
    if (hasLosses) for (const event of events.slice(from, to)) if (event.type === 'loss') this.lost.push(event);
    let batch = this.#batch;
    const isFull = batch.length + to - from >= BATCH_EVENTS;
    for (let index = from; index < to; index++) {
      const event = events[index]!;
      if (batch.push(event) < BATCH_EVENTS) continue;
      this.flush();
      batch = this.#batch;
    }
    return isFull;
  }

  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#onEvents(batch);
  }
}

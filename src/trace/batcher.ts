// SPDX-License-Identifier: MIT
import type { KernelEvent, Loss } from '../ledger/index.ts';
import type { ReadOptions } from './summary.ts';

/**
 * Small enough that a batch needs little memory, large enough that the call costs nothing. Measured:
 * docs/trace-readers.md.
 */
const BATCH_EVENTS = 256;
/** Events that text delays, so that a later stack trace can still be attached to its event. */
const KEPT_BACK = 256;

/** Collects events into batches for the consumer, and their losses for the summary. */
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

  /** Does not test the event's type: with so many object shapes that is a slow look-up. */
  push(event: Exclude<KernelEvent, Loss>): void {
    this.#push(event);
  }

  #push(event: KernelEvent): void {
    if (this.#batch.push(event) < BATCH_EVENTS + KEPT_BACK) return;
    const full = this.#batch;
    this.#batch = full.splice(BATCH_EVENTS);
    this.#onEvents(full);
  }

  /** Replaces `former` by `event`, if it is among the last {@link KEPT_BACK} pushed. */
  replace(former: KernelEvent, event: KernelEvent): void {
    const at = this.#batch.lastIndexOf(former);
    if (at >= 0) this.#batch[at] = event;
  }

  /**
   * Adds `events[from, to)`. @returns whether a batch became full.
   * @param hasLosses whether some of them may be losses: testing each event here costs a tenth of the reading.
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

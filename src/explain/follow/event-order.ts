// SPDX-License-Identifier: MIT
import type { Cpu, EventOrigin, Nanoseconds } from '../../ledger/index.ts';

/** If one CPU's time runs back by so many nanoseconds, another recording begins. */
const PUT_TOGETHER = 1_000_000n;

/** Number of events of one CPU, one less than a power of two, that pass without a comparison. */
const MOST_UNSEEN = 31;

/**
 * The order of events. Readers keep the order of the file; within one CPU it is the order of time, unless recordings were
 * joined.
 */
export class EventOrder {
  /** Events behind a later one in the file: their number, and the first. */
  late: { count: number; readonly first: Nanoseconds } | undefined = undefined;
  /** Whether events of two CPUs have one stamp. */
  hasTies = false;
  /** CPU of the latest event that is not a loss. */
  lastCpu: Cpu | undefined = undefined;
  lastAt: Nanoseconds | undefined = undefined;
  #latest: Nanoseconds | undefined = undefined;
  #sameCpu = 0;

  /** Records the next event. Called before the event is used. */
  precedes({ at, cpu }: EventOrigin): void {
    const { lastAt } = this;
    // Comparing times at each event would cost more than all other work on an event.
    if (cpu === this.lastCpu) {
      if ((this.#sameCpu++ & MOST_UNSEEN) === 0) this.look(at);
      return;
    }
    if (lastAt === undefined) return;
    if (at < lastAt) this.#isLate(at);
    else if (!this.hasTies && at === lastAt) this.hasTies = true;
  }

  /** Checks whether another recording, with an earlier time, began since the last check. */
  look(at: Nanoseconds | undefined): void {
    if (at === undefined) return;
    if (this.#latest !== undefined && this.#latest - at > PUT_TOGETHER) this.#isLate(at);
    if (this.#latest === undefined || at > this.#latest) this.#latest = at;
  }

  /** Records the event as past. Called after the event was used. */
  passed({ at, cpu }: EventOrigin): void {
    this.lastCpu = cpu;
    this.lastAt = at;
  }

  #isLate(at: Nanoseconds): void {
    this.late ??= { count: 0, first: at };
    this.late.count++;
  }
}

// SPDX-License-Identifier: MIT
import type { Cpu, EventOrigin, Nanoseconds } from '../../ledger/index.ts';

/** One CPU's time that runs back by so many nanoseconds is that of another recording. */
const PUT_TOGETHER = 1_000_000n;

/** So many events of one CPU, one less than a power of two, pass without a look. */
const MOST_UNSEEN = 31;

/** The order of events: readers keep that of a file, which of one CPU is that of time unless recordings were put together. */
export class EventOrder {
  /** Events that stand behind a later one: how many, and the first. */
  late: { count: number; readonly first: Nanoseconds } | undefined = undefined;
  /** Whether events of two CPUs have one stamp. */
  hasTies = false;
  /** Of the latest event that is no loss. */
  lastCpu: Cpu | undefined = undefined;
  lastAt: Nanoseconds | undefined = undefined;
  #latest: Nanoseconds | undefined = undefined;
  #sameCpu = 0;

  /** An event that comes now. Called before anything is made of it. */
  precedes({ at, cpu }: EventOrigin): void {
    const { lastAt } = this;
    // To compare times at each event costs more than all else that is done with one.
    if (cpu === this.lastCpu) {
      if ((this.#sameCpu++ & MOST_UNSEEN) === 0) this.look(at);
      return;
    }
    if (lastAt === undefined) return;
    if (at < lastAt) this.#isLate(at);
    else if (!this.hasTies && at === lastAt) this.hasTies = true;
  }

  /** Whether another recording began, with an earlier time, since that was asked last. */
  look(at: Nanoseconds | undefined): void {
    if (at === undefined) return;
    if (this.#latest !== undefined && this.#latest - at > PUT_TOGETHER) this.#isLate(at);
    if (this.#latest === undefined || at > this.#latest) this.#latest = at;
  }

  /** The same, once all is made of it. */
  passed({ at, cpu }: EventOrigin): void {
    this.lastCpu = cpu;
    this.lastAt = at;
  }

  #isLate(at: Nanoseconds): void {
    this.late ??= { count: 0, first: at };
    this.late.count++;
  }
}

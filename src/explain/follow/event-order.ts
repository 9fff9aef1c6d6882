// SPDX-License-Identifier: MIT
import type { Cpu, EventOrigin, Nanoseconds } from '../../ledger/index.ts';

/** One CPU's time that runs back by so many nanoseconds is that of another recording. */
const PUT_TOGETHER = 1_000_000n;

/** The order of events: readers keep that of a file, which of one CPU is that of time unless recordings were put together. */
export class EventOrder {
  /** Events that stand behind a later one: how many, and the first. */
  late: { count: number; readonly first: Nanoseconds } | undefined = undefined;
  /** Whether events of two CPUs have one stamp. */
  hasTies = false;
  /** Of the latest event that is no loss. */
  lastCpu: Cpu | undefined = undefined;
  lastAt: Nanoseconds | undefined = undefined;

  /** An event that comes now. Called before anything is made of it. */
  precedes({ at, cpu }: EventOrigin): void {
    const { lastAt } = this;
    if (lastAt === undefined) return;
    if (at < lastAt) {
      if (cpu !== this.lastCpu || lastAt - at > PUT_TOGETHER) this.#isLate(at);
    } else if (!this.hasTies && at === lastAt && cpu !== this.lastCpu) this.hasTies = true;
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

// SPDX-License-Identifier: MIT

/** Words that a barrier takes. */
export const BARRIER_WORDS = 3;

/** Number of arrived threads, generation of the barrier, whether a thread is lost. */
const [COME, TIME, BROKEN] = [0, 1, 2];

/**
 * Polls before a thread sleeps. With a processor for each thread they arrive within microseconds of each other, and
 * waking a thread takes longer.
 */
const LOOKS = 2 ** 13;

/** A barrier between threads. Only threads that may sleep can use it: workers. */
export class Barrier {
  readonly #state: Int32Array;
  readonly #parties: number;

  /** @param state BARRIER_WORDS, shared, initially 0. @param parties number of threads. */
  constructor(state: Int32Array, parties: number) {
    this.#state = state;
    this.#parties = parties;
  }

  /** Waits for all other threads. @returns false if one of them is lost. */
  pass(): boolean {
    const state = this.#state;
    const time = Atomics.load(state, TIME);
    if (Atomics.add(state, COME, 1) === this.#parties - 1) {
      Atomics.store(state, COME, 0);
      this.#open();
    } else {
      const isClosed = (): boolean => Atomics.load(state, TIME) === time && Atomics.load(state, BROKEN) === 0;
      for (let look = 0; look < LOOKS && isClosed(); look++);
      while (isClosed()) Atomics.wait(state, TIME, time);
    }
    return Atomics.load(state, BROKEN) === 0;
  }

  /** Releases all waiting threads, and all that arrive later: one thread is lost. */
  breakDown(): void {
    Atomics.store(this.#state, BROKEN, 1);
    this.#open();
  }

  #open(): void {
    Atomics.add(this.#state, TIME, 1);
    Atomics.notify(this.#state, TIME);
  }
}

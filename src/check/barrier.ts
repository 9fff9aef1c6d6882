// SPDX-License-Identifier: MIT

/** Words that a barrier takes. */
export const BARRIER_WORDS = 3;

/** How many have come, which time it is, whether somebody will never come. */
const [COME, TIME, BROKEN] = [0, 1, 2];

/**
 * Looks at the others before a thread goes to sleep. They end within microseconds of each other where every thread has a processor,
 * and to be woken takes longer than that.
 */
const LOOKS = 2 ** 13;

/** Where threads wait for each other. Only threads that may sleep can: workers. */
export class Barrier {
  readonly #state: Int32Array;
  readonly #parties: number;

  /** @param state BARRIER_WORDS, shared, 0 in the beginning. @param parties how many wait for each other. */
  constructor(state: Int32Array, parties: number) {
    this.#state = state;
    this.#parties = parties;
  }

  /** Waits for all others. @returns false where one of them will never come. */
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

  /** Lets all go on who wait, and whoever comes later: somebody will never come. */
  breakDown(): void {
    Atomics.store(this.#state, BROKEN, 1);
    this.#open();
  }

  #open(): void {
    Atomics.add(this.#state, TIME, 1);
    Atomics.notify(this.#state, TIME);
  }
}

// SPDX-License-Identifier: MIT

/** Pseudo-random numbers, the same for the same seeds on every machine: sfc32, of PractRand. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seeds two integers, of which the low 32 bits count: for example of a session and of a task in it. */
  constructor(...[first, second]: readonly [number, number]) {
    this.#a = 0;
    this.#b = first | 0;
    this.#c = second | 0;
    // The number that its author discards, so that close seeds give independent numbers.
    for (let i = 0; i < 15; i++) this.#next();
  }

  /** An integer from 0 up to and without `end`, which is at most 2^32. */
  below(end: number): number {
    return Math.floor(((this.#next() >>> 0) / 2 ** 32) * end);
  }

  /** Shuffles values uniformly. */
  shuffle(values: Int32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const value = values[i]!;
      values[i] = values[j]!;
      values[j] = value;
    }
  }

  #next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result;
  }
}

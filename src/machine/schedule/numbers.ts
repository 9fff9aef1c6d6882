// SPDX-License-Identifier: MIT

/**
 * Reproducible pseudo-random numbers: mulberry32, a permutation of a 32-bit counter. The sequence of a seed is part of
 * the version of a schedule (SCHEDULE_VERSION).
 * @returns a function that gives whole numbers from 0 up to and without its argument.
 */
export function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) * 2 ** -32 * limit);
  };
}

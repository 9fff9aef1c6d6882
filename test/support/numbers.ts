// SPDX-License-Identifier: MIT

/** Xorshift: the same numbers everywhere. */
export function numbersFrom(seed: number): (limit: number) => number {
  let x = (seed + 1) * 0x9e37_79b1;
  return (limit) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % limit;
  };
}

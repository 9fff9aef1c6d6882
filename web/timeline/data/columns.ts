// SPDX-License-Identifier: MIT

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;

/** A typed array that grows: it doubles, so that adding costs little, and is cut to size once. */
export class Growing<Of extends Column> {
  #array: Of;
  #length = 0;
  readonly #make: (length: number) => Of;

  constructor(make: (length: number) => Of) {
    this.#make = make;
    this.#array = make(256);
  }

  get length(): number {
    return this.#length;
  }

  get last(): number | undefined {
    return this.#array[this.#length - 1];
  }

  push(value: number): void {
    if (this.#length === this.#array.length) {
      const larger = this.#make(2 * this.#length);
      larger.set(this.#array);
      this.#array = larger;
    }
    this.#array[this.#length++] = value;
  }

  replaceLast(value: number): void {
    this.#array[this.#length - 1] = value;
  }

  at(place: number): number {
    return this.#array[place] ?? 0;
  }

  /** The column, as long as it is; this one is empty afterwards. */
  take(): Of {
    const taken = this.#make(this.#length);
    taken.set(this.#array.subarray(0, this.#length));
    this.#array = this.#make(1);
    this.#length = 0;
    return taken;
  }
}

export const float64 = (length: number): Float64Array => new Float64Array(length);
export const uint32 = (length: number): Uint32Array => new Uint32Array(length);
export const uint16 = (length: number): Uint16Array => new Uint16Array(length);
export const uint8 = (length: number): Uint8Array => new Uint8Array(length);

const DIGIT = 16;
const BUCKETS = 2 ** DIGIT;
const WORD = 2 ** 32;

/**
 * The places of times from 0, by rising time; equal times keep their order. A radix sort: comparing millions of times by a
 * function takes seconds.
 */
export function orderOf(times: Float64Array): Uint32Array {
  const { length } = times;
  let order = new Uint32Array(length);
  let highest = 0;
  let isSorted = true;
  for (let place = 0; place < length; place++) {
    order[place] = place;
    const time = times[place] ?? 0;
    if (time > highest) highest = time;
    else if (time < highest) isSorted = false;
  }
  if (isSorted) return order;
  const words = [new Uint32Array(length), new Uint32Array(length)] as const;
  for (let place = 0; place < length; place++) {
    const time = times[place] ?? 0;
    const high = Math.floor(time / WORD);
    words[1][place] = high;
    words[0][place] = time - high * WORD;
  }
  let next = new Uint32Array(length);
  const counts = new Uint32Array(BUCKETS + 1);
  for (let shift = 0; shift < 4; shift++) {
    if (highest < BUCKETS ** shift) break;
    counts.fill(0);
    const word = words[shift < 2 ? 0 : 1];
    const bits = shift % 2 === 0 ? 0 : DIGIT;
    for (let place = 0; place < length; place++) {
      const bucket = (((word[place] ?? 0) >>> bits) & (BUCKETS - 1)) + 1;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    for (let bucket = 1; bucket <= BUCKETS; bucket++)
      counts[bucket] = (counts[bucket] ?? 0) + (counts[bucket - 1] ?? 0);
    for (let nth = 0; nth < length; nth++) {
      const place = order[nth] ?? 0;
      const bucket = ((word[place] ?? 0) >>> bits) & (BUCKETS - 1);
      const to = counts[bucket] ?? 0;
      next[to] = place;
      counts[bucket] = to + 1;
    }
    [order, next] = [next, order];
  }
  return order;
}

/** The first place whose time is at least `time`. */
export function lowerBound(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

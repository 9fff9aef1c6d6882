// SPDX-License-Identifier: MIT

const WORD_BITS = 32;
const WORD_SHIFT = 5;

/** A set of places below a fixed number, a bit each: consecutive places are counted 32 at a time. */
export class PlaceSet {
  readonly #words: Int32Array;
  #size = 0;

  /** @param places number of places: those of the set are below it. */
  constructor(places: number) {
    this.#words = new Int32Array((places >>> WORD_SHIFT) + 1);
  }

  get size(): number {
    return this.#size;
  }

  add(place: number): void {
    const word = this.#words[place >>> WORD_SHIFT] ?? 0;
    const bit = 1 << (place & 31);
    if ((word & bit) !== 0) return;
    this.#words[place >>> WORD_SHIFT] = word | bit;
    this.#size++;
  }

  delete(place: number): void {
    const word = this.#words[place >>> WORD_SHIFT] ?? 0;
    const bit = 1 << (place & 31);
    if ((word & bit) === 0) return;
    this.#words[place >>> WORD_SHIFT] = word & ~bit;
    this.#size--;
  }

  /** Number of its places in `[from, to)`. */
  count(from: number, to: number): number {
    if (from >= to) return 0;
    const [first, last] = [from >>> WORD_SHIFT, (to - 1) >>> WORD_SHIFT];
    let count = 0;
    for (let at = first; at <= last; at++) {
      let word = this.#words[at] ?? 0;
      if (at === first) word &= -1 << (from & 31);
      if (at === last) word &= -1 >>> (WORD_BITS - 1 - ((to - 1) & 31));
      count += bitsOf(word);
    }
    return count;
  }

  /** The lowest of its places in `[from, to)`; undefined if there is none. */
  next(from: number, to: number): number | undefined {
    if (from >= to) return undefined;
    const last = (to - 1) >>> WORD_SHIFT;
    for (let at = from >>> WORD_SHIFT; at <= last; at++) {
      let word = this.#words[at] ?? 0;
      if (at === from >>> WORD_SHIFT) word &= -1 << (from & 31);
      if (word === 0) continue;
      const place = at * WORD_BITS + (WORD_BITS - 1 - Math.clz32(word & -word));
      return place < to ? place : undefined;
    }
    return undefined;
  }

  /** Its places, rising. */
  places(): readonly number[] {
    const places: number[] = [];
    const end = this.#words.length * WORD_BITS;
    for (let place = this.next(0, end); place !== undefined; place = this.next(place + 1, end)) places.push(place);
    return places;
  }
}

/** Number of set bits (Hacker's Delight, 5-1). */
function bitsOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const nibbles = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

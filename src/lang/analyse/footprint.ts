// SPDX-License-Identifier: MIT

/** The elements that a step reads, writes and adds to: three bit sets, one after the other. */
export type Footprint = Int32Array;

/** A table of distinct footprints. Each pair is compared once. */
export class Footprints {
  /** Words of one bit set. */
  readonly #words: number;
  readonly #known = new Map<string, number>();
  readonly #all: Footprint[] = [];
  readonly #unions = new Map<number, number>();
  /** By first and second: 0 not computed, 1 independent, 2 in conflict. */
  readonly #conflicts: Uint8Array[] = [];
  /** The number of the empty footprint. */
  readonly empty: number;

  /** @param known footprints that already have numbers, in that order. */
  constructor(elements: number, known: readonly Footprint[] = []) {
    this.#words = Math.ceil(elements / 32);
    for (const footprint of known) this.number(footprint);
    this.empty = this.number(this.make([], [], []));
  }

  /** All footprints, by number. */
  get all(): readonly Footprint[] {
    return this.#all;
  }

  make(read: Iterable<number>, written: Iterable<number>, added: Iterable<number>): Footprint {
    const made = new Int32Array(3 * this.#words);
    for (const [i, set] of [read, written, added].entries())
      for (const element of set) {
        const at = i * this.#words + (element >>> 5);
        made[at] = (made[at] ?? 0) | (1 << (element & 31));
      }
    return made;
  }

  number(footprint: Footprint): number {
    const key = footprint.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.#all.length);
    this.#conflicts.push(new Uint8Array(0));
    return this.#all.push(footprint) - 1;
  }

  union(a: number, b: number): number {
    if (a === b || b === this.empty) return a;
    if (a === this.empty) return b;
    const key = a < b ? a * 2 ** 20 + b : b * 2 ** 20 + a;
    const known = this.#unions.get(key);
    if (known !== undefined) return known;
    const [first, second] = [this.#at(a), this.#at(b)];
    const united = this.number(first.map((word, i) => word | (second[i] ?? 0)));
    this.#unions.set(key, united);
    return united;
  }

  /** Whether two footprints conflict: both touch an element, and they neither both read it nor both add to it. */
  conflict(a: number, b: number): boolean {
    let row = this.#conflicts[a];
    if (row === undefined) throw new Error(`no footprint ${a}`);
    if (b >= row.length) {
      const longer = new Uint8Array(2 * this.#all.length);
      longer.set(row);
      row = longer;
      this.#conflicts[a] = row;
    }
    if (row[b] === 0) row[b] = this.#overlap(this.#at(a), this.#at(b)) ? 2 : 1;
    return row[b] === 2;
  }

  #overlap(a: Footprint, b: Footprint): boolean {
    const n = this.#words;
    for (let i = 0; i < n; i++) {
      const [readA = 0, writtenA = 0, addedA = 0] = [a[i], a[n + i], a[2 * n + i]];
      const [readB = 0, writtenB = 0, addedB = 0] = [b[i], b[n + i], b[2 * n + i]];
      if ((writtenA & (readB | writtenB | addedB)) !== 0) return true;
      if ((addedA & (readB | writtenB)) !== 0) return true;
      if ((readA & (writtenB | addedB)) !== 0) return true;
    }
    return false;
  }

  #at(number: number): Footprint {
    const found = this.#all[number];
    if (found === undefined) throw new Error(`no footprint ${number}`);
    return found;
  }
}

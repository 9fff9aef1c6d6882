// SPDX-License-Identifier: MIT

const SEED = 0x9e3779b9 | 0;
const MIX = 0x85ebca6b | 0;

/** A table of distinct places with their values, numbered in order of arrival. */
export class LocalTable {
  readonly #width: number;
  /** By number: the place, followed by the values. */
  #rows: Int32Array;
  /** Open addressing: a number plus 1; 0 is empty. */
  #slots = new Int32Array(256);
  #count = 0;

  /** @param width number of values at a place. */
  constructor(width: number) {
    this.#width = width;
    this.#rows = new Int32Array(64 * (1 + width));
  }

  get count(): number {
    return this.#count;
  }

  pc(id: number): number {
    return this.#rows[id * (1 + this.#width)]!;
  }

  /** Valid until the next entry is added. */
  values(id: number): Int32Array {
    const at = id * (1 + this.#width) + 1;
    return this.#rows.subarray(at, at + this.#width);
  }

  /** The number of a place with these values; it gets the next one if it is new. */
  number(pc: number, values: Int32Array): number {
    const width = this.#width;
    let hash = SEED ^ pc;
    for (let i = 0; i < width; i++) {
      hash = Math.imul(hash ^ values[i]!, MIX);
      hash ^= hash >>> 15;
    }
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let entry = this.#slots[slot]!; entry !== 0; entry = this.#slots[slot]!) {
      if (this.#is(entry - 1, pc, values)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    const id = this.#count++;
    this.#slots[slot] = id + 1;
    const at = id * (1 + width);
    if (at + 1 + width > this.#rows.length) {
      const longer = new Int32Array(2 * this.#rows.length);
      longer.set(this.#rows);
      this.#rows = longer;
    }
    this.#rows[at] = pc;
    this.#rows.set(values, at + 1);
    if (2 * this.#count > this.#slots.length) this.#grow();
    return id;
  }

  #is(id: number, pc: number, values: Int32Array): boolean {
    const at = id * (1 + this.#width);
    if (this.#rows[at] !== pc) return false;
    for (let i = 0; i < values.length; i++) if (this.#rows[at + 1 + i] !== values[i]) return false;
    return true;
  }

  #grow(): void {
    const longer = new Int32Array(4 * this.#slots.length);
    const mask = longer.length - 1;
    for (let id = 0; id < this.#count; id++) {
      let hash = SEED ^ this.pc(id);
      const at = id * (1 + this.#width) + 1;
      for (let i = 0; i < this.#width; i++) {
        hash = Math.imul(hash ^ this.#rows[at + i]!, MIX);
        hash ^= hash >>> 15;
      }
      let slot = hash & mask;
      while (longer[slot] !== 0) slot = (slot + 1) & mask;
      longer[slot] = id + 1;
    }
    this.#slots = longer;
  }
}

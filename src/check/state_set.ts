// SPDX-License-Identifier: MIT

/**
 * States by number, each once: an arena of words and an open-addressing table of numbers. Whole states are
 * compared, so two states are never taken for one.
 */
export class StateSet {
  readonly #words: number;
  #arena: Int32Array;
  #table: Int32Array;
  #size = 0;

  constructor(words: number) {
    this.#words = words;
    this.#arena = new Int32Array(words * 1024);
    this.#table = new Int32Array(4096).fill(-1);
  }

  get size(): number {
    return this.#size;
  }

  /** Copies state `id` into `into`. */
  load(id: number, into: Int32Array): void {
    const at = id * this.#words;
    for (let i = 0; i < this.#words; i++) into[i] = this.#arena[at + i] ?? 0;
  }

  /** Adds a state. @returns whether it is new; its number is then `size - 1`. */
  add(state: Int32Array): boolean {
    const words = this.#words;
    const arena = this.#arena;
    const table = this.#table;
    const mask = table.length - 1;
    for (let slot = hashOf(state) & mask; ; slot = (slot + 1) & mask) {
      const id = table[slot]!;
      if (id === -1) {
        table[slot] = this.#size;
        this.#append(state);
        return true;
      }
      let i = 0;
      for (const at = id * words; i < words && arena[at + i] === state[i]; ) i++;
      if (i === words) return false;
    }
  }

  #append(state: Int32Array): void {
    const at = this.#size++ * this.#words;
    if (at + this.#words > this.#arena.length) {
      const arena = new Int32Array(this.#arena.length * 2);
      arena.set(this.#arena);
      this.#arena = arena;
    }
    this.#arena.set(state, at);
    if (this.#size * 2 > this.#table.length) this.#rehash();
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 4).fill(-1);
    const size = this.#size;
    const state = new Int32Array(this.#words);
    const mask = this.#table.length - 1;
    for (let id = 0; id < size; id++) {
      this.load(id, state);
      let slot = hashOf(state) & mask;
      while (this.#table[slot] !== -1) slot = (slot + 1) & mask;
      this.#table[slot] = id;
    }
  }
}

/** Spreads a state over 32 bits (the finalizer of MurmurHash3 between words). */
function hashOf(state: Int32Array): number {
  let hash = 0x9e3779b9 | 0;
  for (let i = 0; i < state.length; i++) {
    hash = Math.imul(hash ^ state[i]!, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}

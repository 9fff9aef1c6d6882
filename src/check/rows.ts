// SPDX-License-Identifier: MIT
import { HEAPS } from '../lang/index.ts';
import type { Space } from './space.ts';

/** Words of successors that are collected before they are added: the more, the nearer to each other are a heap's. */
const COLLECTED = 2 ** 21;
/** States that may be expanded between two looks at how full the heaps are. */
export const STRIDE = 64;

/** Successors on heaps, as `expand` leaves them: each heap a stretch of one array. */
export class Rows {
  readonly words: Int32Array;
  /** Where each heap ends. */
  readonly ends = new Int32Array(HEAPS);
  readonly #stretch: number;
  readonly #full: number;
  readonly #row: number;

  constructor({ words, most }: Space, collected = COLLECTED) {
    this.#row = words + 1;
    this.#full = Math.ceil(collected / HEAPS / this.#row) * this.#row;
    this.#stretch = this.#full + STRIDE * most * this.#row;
    this.words = new Int32Array(this.#stretch * HEAPS);
    this.clear();
  }

  /** Whether a heap has no room for the successors of STRIDE more states. */
  get isFull(): boolean {
    for (let heap = 0; heap < HEAPS; heap++) if (this.ends[heap]! - heap * this.#stretch > this.#full) return true;
    return false;
  }

  clear(): void {
    for (let heap = 0; heap < HEAPS; heap++) this.ends[heap] = heap * this.#stretch;
  }

  /** Where a heap's rows stand. */
  heap(heap: number): { readonly first: number; readonly end: number } {
    return { first: heap * this.#stretch, end: this.ends[heap]! };
  }

  /** Puts a state onto its heap. */
  put(state: Int32Array, hash: number): void {
    const heap = hash >>> (32 - Math.log2(HEAPS));
    const at = this.ends[heap]!;
    this.words.set(state, at);
    this.words[at + state.length] = hash;
    this.ends[heap] = at + this.#row;
  }

  /** Whether a state is among the rows. */
  holds(state: Int32Array): boolean {
    for (let heap = 0; heap < HEAPS; heap++)
      for (let row = heap * this.#stretch; row < this.ends[heap]!; row += this.#row)
        if (state.every((word, i) => this.words[row + i] === word)) return true;
    return false;
  }
}

// SPDX-License-Identifier: MIT
import { HEAPS } from '../lang/index.ts';

/**
 * Words of successors that are collected before they are added: with more of them a heap's rows are nearer to each
 * other.
 */
export const COLLECTED = 2 ** 21;
/** States that may be expanded between two checks of the heaps' fill level. */
export const STRIDE = 64;
const HEAP_SHIFT = 32 - Math.log2(HEAPS);

/** JavaScript that hashes words, given as expressions, into a new variable. */
export function hashing(into: string, words: readonly string[]): string {
  const mix = words.map((word) => `${into}=Math.imul(${into}^${word},${0x85ebca6b | 0});${into}^=${into}>>>15;`);
  return `let ${into}=${0x9e3779b9 | 0};${mix.join('')}${into}=Math.imul(${into},${0xc2b2ae35 | 0});${into}^=${into}>>>13;`;
}

/** The same hash of `count` words starting at `at`. */
export function hashOf(words: Int32Array, at: number, count: number): number {
  let hash = 0x9e3779b9 | 0;
  for (let i = at; i < at + count; i++) {
    hash = Math.imul(hash ^ words[i]!, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}

/** A fingerprint of 128 bits: different texts have different ones. */
export function fingerprintOf(parts: readonly (string | number)[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  const text = new Int32Array(bytes.length + 1);
  text.set(bytes, 1);
  return [1, 2, 3, 4]
    .map((seed) => {
      text[0] = seed;
      return (hashOf(text, 0, text.length) >>> 0).toString(16).padStart(8, '0');
    })
    .join('');
}

/** The heap of a state. */
export const heapOf = (state: Int32Array): number => hashOf(state, 0, state.length) >>> HEAP_SHIFT;

/** Writes a state to its heap, as the generated code does. */
export function putRow(state: Int32Array, rows: Int32Array, ends: Int32Array): void {
  const hash = hashOf(state, 0, state.length);
  const heap = hash >>> HEAP_SHIFT;
  const end = ends[heap]!;
  rows.set(state, end);
  rows[end + state.length] = hash;
  ends[heap] = end + state.length + 1;
}

/** Words of the successors of STRIDE states, with at most so many each. */
export const spareOf = (words: number, most: number): number => STRIDE * Math.max(1, most) * (words + 1);

/**
 * Words of the heaps of one part, for states of so many words with at most so many successors.
 * @param collected words of successors that are collected before they are added.
 */
export const wordsOfRows = (words: number, most: number, collected: number): number => {
  const row = words + 1;
  return (Math.ceil(collected / HEAPS / row) * row + spareOf(words, most)) * HEAPS;
};

/** Successors on heaps, as `expand` leaves them: each heap is a stretch of one array. Other threads may read them. */
export class Rows {
  readonly words: Int32Array;
  /** Where each heap ends. */
  readonly ends: Int32Array;
  readonly #begins: Int32Array;
  /** By heap: the largest number of words that it has had. */
  readonly #touched = new Int32Array(HEAPS);
  readonly #full: number;

  /**
   * @param ends as many as there are heaps.
   * @param spare `spareOf` the states.
   */
  constructor(words: Int32Array, ends: Int32Array, spare: number) {
    this.words = words;
    this.ends = ends;
    const stretch = words.length / HEAPS;
    this.#full = stretch - spare;
    this.#begins = Int32Array.from({ length: HEAPS }, (_, heap) => heap * stretch);
  }

  /** Words that were ever in use, as far as they were measured: the machine provides no memory for others. */
  get touched(): number {
    for (let heap = 0; heap < HEAPS; heap++)
      this.#touched[heap] = Math.max(this.#touched[heap]!, this.ends[heap]! - this.#begins[heap]!);
    return this.#touched.reduce((sum, words) => sum + words, 0);
  }

  /** Whether a heap has no room for the successors of STRIDE more states. */
  get isFull(): boolean {
    for (let heap = 0; heap < HEAPS; heap++) if (this.ends[heap]! - this.#begins[heap]! >= this.#full) return true;
    return false;
  }

  /** Words of all rows. */
  get size(): number {
    return this.ends.reduce((sum, end, heap) => sum + end - this.#begins[heap]!, 0);
  }

  clear(): void {
    this.ends.set(this.#begins);
  }

  /** Where a heap's rows begin. */
  begin(heap: number): number {
    return this.#begins[heap]!;
  }

  /** Where they end. */
  end(heap: number): number {
    return this.ends[heap]!;
  }
}

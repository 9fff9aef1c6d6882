// SPDX-License-Identifier: MIT
import type { Layout } from '../program/layout.ts';
import { type Words, wordsInVariables } from '../compile/packed_spelling.ts';

/** The spelling of the words of the current state: `n0`, `n1`, ... */
export const WORDS: Words = wordsInVariables('n');

/** Number of heaps that successors are sorted into, by the highest bits of their hashes. */
export const HEAPS = 64;
const HEAP_SHIFT = 26;

/**
 * JavaScript at the beginning or end of every generated function. A state's words are in variables (`WORDS`); `at` is its place
 * in `states`; `rows` and `ends` are the heaps of successors.
 */
export class StateWords {
  readonly #words: number;
  readonly #canonical: string;

  /**
   * @param canonical statements that replace the words by those of the state's representative.
   */
  constructor(layout: Layout, canonical: string) {
    this.#words = layout.words;
    this.#canonical = canonical;
  }

  /** The words as a list: of parameters, or of arguments. */
  get parameters(): string {
    return this.each((i) => `n${i}`, ',');
  }

  /** Statements that load the words of the state at `at` in `states`. */
  get load(): string {
    return this.each((i) => `let n${i}=states[at+${i}];`);
  }

  /** Statements that store the words of the representative of the current state. */
  get storeCanonical(): string {
    return `${this.#canonical}${this.each((i) => `states[at+${i}]=n${i};`)}`;
  }

  /** Statements that append the words to the heap of their hash; they return 1. */
  get row(): string {
    const write = `${this.each((i) => `rows[end+${i}]=n${i};`)}rows[end+${this.#words}]=h;`;
    return `${this.#canonical}${this.hash}const heap=h>>>${HEAP_SHIFT},end=ends[heap];${write}ends[heap]=end+${this.#words + 1};return 1;`;
  }

  /** Statements that hash the words into `h` (the finalizer of MurmurHash3 between words). */
  get hash(): string {
    const mix = this.each((i) => `h=Math.imul(h^n${i},${0x85ebca6b | 0});h^=h>>>15;`);
    return `let h=${0x9e3779b9 | 0};${mix}h=Math.imul(h,${0xc2b2ae35 | 0});h^=h>>>13;`;
  }

  /** Statements that store the words in `scratch`; they return 1. */
  get intoScratch(): string {
    return `${this.each((i) => `scratch[${i}]=n${i};`)}return 1;`;
  }

  /** The text for each word, joined. */
  each(text: (i: number) => string, between = ''): string {
    return Array.from({ length: this.#words }, (_, i) => text(i)).join(between);
  }
}

// SPDX-License-Identifier: MIT
import type { Layout } from '../program/layout.ts';
import { type Words, wordsInVariables } from '../compile/packed_spelling.ts';

/** How code spells the words of the state in hand: `n0`, `n1`, ... */
export const WORDS: Words = wordsInVariables('n');

/** Successors are sorted into so many heaps, by the highest bits of their hashes. */
export const HEAPS = 64;
const HEAP_SHIFT = 26;

/**
 * JavaScript that every generated function begins or ends with. A state's words are in variables (`WORDS`); `states` and `at`
 * say where it stands among others; `rows` and `ends` are the heaps that successors go to.
 */
export class StateWords {
  readonly #words: number;
  readonly #canonical: string;

  /**
   * @param canonical statements that replace the words by those of the state that stands for all equivalent ones.
   */
  constructor(layout: Layout, canonical: string) {
    this.#words = layout.words;
    this.#canonical = canonical;
  }

  /** The words, to be declared as parameters or passed on. */
  get parameters(): string {
    return this.each((i) => `n${i}`, ',');
  }

  /** Statements that load the words of the state at `at` in `states`. */
  get load(): string {
    return this.each((i) => `let n${i}=states[at+${i}];`);
  }

  /** Statements that put the words of the state that stands for the one in hand back. */
  get storeCanonical(): string {
    return `${this.#canonical}${this.each((i) => `states[at+${i}]=n${i};`)}`;
  }

  /** Statements that put the words onto the heap of their hash; they return 1. */
  get row(): string {
    const write = `${this.each((i) => `rows[end+${i}]=n${i};`)}rows[end+${this.#words}]=h;`;
    return `${this.#canonical}${this.hash}const heap=h>>>${HEAP_SHIFT},end=ends[heap];${write}ends[heap]=end+${this.#words + 1};return 1;`;
  }

  /** Statements that hash the words into `h` (the finalizer of MurmurHash3 between words). */
  get hash(): string {
    const mix = this.each((i) => `h=Math.imul(h^n${i},${0x85ebca6b | 0});h^=h>>>15;`);
    return `let h=${0x9e3779b9 | 0};${mix}h=Math.imul(h,${0xc2b2ae35 | 0});h^=h>>>13;`;
  }

  /** Statements that put the words into `scratch`; they return 1. */
  get intoScratch(): string {
    return `${this.each((i) => `scratch[${i}]=n${i};`)}return 1;`;
  }

  /** What `text` says of each word. */
  each(text: (i: number) => string, between = ''): string {
    return Array.from({ length: this.#words }, (_, i) => text(i)).join(between);
  }
}

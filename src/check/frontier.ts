// SPDX-License-Identifier: MIT
import { allocate } from './allocate.ts';
import type { Piece } from './part.ts';

const CHUNK_STATES = 2 ** 13;

/** Whole states of the level that is found and of the one that is expanded, in arrays that are used again. */
export class Frontier {
  readonly #words: number;
  #found: Int32Array[] = [];
  #expanded: Int32Array[] = [];
  readonly #free: Int32Array[] = [];
  /** Where the next state goes, and where the piece that is not closed begins, in the last array of the level that is found. */
  #to = 0;
  #first = 0;
  #pieces: Piece[] = [];

  constructor(words: number) {
    this.#words = words;
  }

  get bytes(): number {
    const chunks = this.#found.length + this.#expanded.length + this.#free.length;
    return chunks * CHUNK_STATES * this.#words * Int32Array.BYTES_PER_ELEMENT;
  }

  /** The level that is found is about to be expanded. */
  nextLevel(): void {
    this.#free.push(...this.#expanded);
    this.#expanded = this.#found;
    this.#found = [];
    this.#to = this.#first = 0;
  }

  /** @throws RangeError where there is no memory for it. */
  add(states: Int32Array, at: number): void {
    let chunk = this.#found.at(-1);
    if (chunk === undefined || this.#to === CHUNK_STATES) {
      this.#close();
      chunk = this.#free.pop() ?? allocate(CHUNK_STATES * this.#words, false);
      this.#found.push(chunk);
      this.#to = this.#first = 0;
    }
    const to = this.#to++ * this.#words;
    for (let i = 0; i < this.#words; i++) chunk[to + i] = states[at + i]!;
  }

  /** What was added since it was last asked. */
  take(): readonly Piece[] {
    this.#close();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #close(): void {
    const [chunk, words] = [this.#found.at(-1), this.#words];
    if (chunk !== undefined && this.#to > this.#first)
      this.#pieces.push({
        states: chunk.subarray(this.#first * words, this.#to * words),
        count: this.#to - this.#first,
      });
    this.#first = this.#to;
  }
}

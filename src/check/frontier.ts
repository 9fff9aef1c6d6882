// SPDX-License-Identifier: MIT
import { allocate } from './allocate.ts';
import type { Piece } from './state_memory.ts';

const CHUNK_STATES = 2 ** 13;

/** Whole states of the level that is found and of the one that is expanded, in arrays that are used again. */
export class Frontier {
  readonly #words: number;
  readonly #shared: boolean;
  #found: Int32Array[] = [];
  #expanded: Int32Array[] = [];
  readonly #free: Int32Array[] = [];
  /** Where the next state goes, and where the piece that is not closed begins, in the last array of the level that is found. */
  #to = 0;
  #first = 0;
  #pieces: Piece[] = [];

  /** @param shared whether other threads read the states. */
  constructor(words: number, shared: boolean) {
    this.#words = words;
    this.#shared = shared;
  }

  get bytes(): number {
    return (this.#found.length + this.#expanded.length + this.#free.length) * this.#chunkBytes;
  }

  /** Bytes that it needs more before another state is added. */
  get growth(): number {
    return this.room > 0 || this.#free.length > 0 ? 0 : this.#chunkBytes;
  }

  /** How many states go into the array in hand; 0 if there is none. */
  get room(): number {
    return this.#found.length === 0 ? 0 : CHUNK_STATES - this.#to;
  }

  get #chunkBytes(): number {
    return CHUNK_STATES * this.#words * Int32Array.BYTES_PER_ELEMENT;
  }

  /** The level that is found is about to be expanded. */
  nextLevel(): void {
    this.#free.push(...this.#expanded);
    this.#expanded = this.#found;
    this.#found = [];
    this.#to = this.#first = 0;
  }

  /**
   * The array in hand, with room for a state, and the word where that goes.
   * @throws RangeError where there is no memory for it.
   */
  open(): { readonly states: Int32Array; readonly to: number } {
    let states = this.#found.at(-1);
    if (states === undefined || this.#to === CHUNK_STATES) {
      this.#close();
      states = this.#free.pop() ?? allocate(CHUNK_STATES * this.#words, this.#shared);
      this.#found.push(states);
      this.#to = this.#first = 0;
    }
    return { states, to: this.#to * this.#words };
  }

  /** So many states were written to where `open` said. */
  written(states: number): void {
    this.#to += states;
  }

  /** @throws RangeError where there is no memory for it. */
  add(states: Int32Array, at: number): void {
    const chunk = this.open();
    for (let i = 0; i < this.#words; i++) chunk.states[chunk.to + i] = states[at + i]!;
    this.written(1);
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

// SPDX-License-Identifier: MIT
import { allocate } from './allocate.ts';
import type { Piece } from './state_memory.ts';

const CHUNK_STATES = 2 ** 13;

/** Whole states of the level that is found and of the level that is expanded, in reused arrays. */
export class Frontier {
  readonly #words: number;
  readonly #shared: boolean;
  #found: Int32Array[] = [];
  #expanded: Int32Array[] = [];
  readonly #free: Int32Array[] = [];
  /** Position of the next state, and the start of the open piece, in the last array of the level that is found. */
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

  /** Additional bytes needed before another state can be added. */
  get growth(): number {
    return this.room > 0 || this.#free.length > 0 ? 0 : this.#chunkBytes;
  }

  /** Number of states that fit into the current array; 0 if there is none. */
  get room(): number {
    return this.#found.length === 0 ? 0 : CHUNK_STATES - this.#to;
  }

  get #chunkBytes(): number {
    return CHUNK_STATES * this.#words * Int32Array.BYTES_PER_ELEMENT;
  }

  /** Called before the found level is expanded. */
  nextLevel(): void {
    this.#free.push(...this.#expanded);
    this.#expanded = this.#found;
    this.#found = [];
    this.#to = this.#first = 0;
  }

  /**
   * The current array, with room for a state, and the word at which it goes.
   * @throws RangeError if there is no memory for it.
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

  /** Records that so many states were written at the position that `open` returned. */
  written(states: number): void {
    this.#to += states;
  }

  /** @throws RangeError if there is no memory for it. */
  add(states: Int32Array, at: number): void {
    const chunk = this.open();
    for (let i = 0; i < this.#words; i++) chunk.states[chunk.to + i] = states[at + i]!;
    this.written(1);
  }

  /** The pieces added since the last call. */
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

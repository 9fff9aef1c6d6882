// SPDX-License-Identifier: MIT
import type { Insertion, Piece, StateMemory } from './state_memory.ts';
import type { Rows } from './rows.ts';
import { StateTable } from './state_table.ts';

/** States as words, concatenated in one array: levels are stretches of it. */
export class WholeMemory implements StateMemory {
  readonly lnComplete = 0;
  readonly #heaps: readonly number[];
  readonly #words: number;
  readonly #table: StateTable;
  /** By depth: the stretches. */
  readonly #levels: { readonly first: number; readonly end: number }[][] = [];

  readonly #beat: () => void;

  /** @param beat called while rows are added, heap by heap. */
  constructor(words: number, heaps: readonly number[], shared: boolean, mostStates: number, beat: () => void) {
    this.#beat = beat;
    this.#heaps = heaps;
    this.#words = words;
    this.#table = new StateTable(words, mostStates, heaps, shared);
  }

  get bytes(): number {
    return this.#table.bytes;
  }

  nextLevel(): void {
    // No effect: expanded states stay where they are.
  }

  insert(depth: number, all: readonly Rows[], room: number, bytes: number): Insertion {
    const table = this.#table;
    const first = table.size;
    table.allow(room, bytes);
    let exhausted: Insertion['exhausted'];
    full: for (const heap of this.#heaps) {
      this.#beat();
      for (const rows of all)
        if (!table.add(heap, rows.words, rows.begin(heap), rows.end(heap))) {
          exhausted = table.exhausted;
          break full;
        }
    }
    const { size } = table;
    (this.#levels[depth] ??= []).push({ first, end: size });
    const states = table.states.subarray(first * this.#words, size * this.#words);
    const pieces: readonly Piece[] = size > first ? [{ states, count: size - first }] : [];
    return { pieces, added: size - first, exhausted };
  }

  visit(depth: number, visitor: (states: Int32Array, at: number) => void): void {
    for (const { first, end } of this.#levels[depth] ?? [])
      for (let id = first; id < end; id++) visitor(this.#table.states, id * this.#words);
  }
}

// SPDX-License-Identifier: MIT
import { CheckpointError, type Store, StoreFullError } from './checkpoint.ts';
import { Frontier } from './frontier.ts';
import type { Insertion, Piece, StateMemory } from './state_memory.ts';
import { hashOf, type Rows } from './rows.ts';
import { StateTable } from './state_table.ts';

/** Words of a run: 1 GiB. Files are read whole, and many systems do that only up to 2 GiB. */
const MOST_IN_RUN = 2 ** 28;

/** States that one heap's rows may add after the last allowed one. */
const BEYOND = 2 ** 20;

/** States of one heap that were stored together, in the order in which they were found. */
interface Run {
  readonly name: string;
  readonly words: number;
  readonly hash: number;
  /** Number of states at each depth, nearest first. */
  readonly levels: readonly { readonly depth: number; readonly count: number }[];
}

/**
 * Visited states, in memory while there is room, then in a store. A full memory goes to the store, one run for each
 * heap, and starts empty. Whenever rows are added, the runs of their heap are read once from beginning to end; a row
 * found in a run is not new. So the store is read in sequence, once for each batch of rows. The level that is found and
 * the level that is expanded stay in memory. Whole states are compared. For one thread. If the store is full, the
 * search ends with what it knows.
 */
export class SpillMemory implements StateMemory {
  readonly lnComplete = 0;
  readonly #words: number;
  readonly #heaps: readonly number[];
  readonly #store: Store;
  readonly #table: StateTable;
  readonly #frontier: Frontier;
  readonly #runs = new Map<number, Run[]>();
  /** By number of a state in the table: 1 if a run has it too. */
  #isStored = new Uint8Array(2 ** 12);
  /** Numbers of the table's states by depth and heap; ascending. */
  #levels: { readonly depth: number; readonly heap: number; readonly first: number; readonly end: number }[] = [];
  /** By heap: number of names already used. */
  readonly #names = new Map<number, number>();
  readonly #mostInRun: number;
  /** The largest number of states that the table has had: their memory stays. */
  #highest = 0;

  /** @param mostInRun words that are written together. */
  constructor(words: number, heaps: readonly number[], mostStates: number, store: Store, mostInRun = MOST_IN_RUN) {
    this.#mostInRun = mostInRun;
    this.#words = words;
    this.#heaps = heaps;
    this.#store = store;
    this.#table = new StateTable(words, mostStates + BEYOND, heaps, false);
    this.#frontier = new Frontier(words, false);
    for (const heap of heaps) this.#runs.set(heap, []);
  }

  get bytes(): number {
    const idle = (this.#highest - this.#table.size) * this.#words * Int32Array.BYTES_PER_ELEMENT;
    return this.#table.bytes + idle + this.#isStored.byteLength + this.#frontier.bytes;
  }

  nextLevel(): void {
    this.#frontier.nextLevel();
  }

  insert(depth: number, all: readonly Rows[], room: number, bytes: number): Insertion {
    const most = this.bytes + bytes;
    try {
      // Half for the visited states, which grow while rows are added, and half for the levels and for growing.
      const isFull = this.#table.size > 0 && this.#table.bytes > most / 2;
      if (isFull && !this.#spill()) return { pieces: [], added: 0, exhausted: 'disk' };
      return this.#insert(depth, all, room, most);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { pieces: [], added: 0, exhausted: 'memory' };
    }
  }

  /** @throws RangeError if the machine does not have the memory. */
  #insert(depth: number, all: readonly Rows[], room: number, most: number): Insertion {
    const table = this.#table;
    table.allow(Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY);
    let added = 0;
    let exhausted: Insertion['exhausted'];
    for (const heap of this.#heaps) {
      const from = table.size;
      for (const rows of all)
        if (!table.add(heap, rows.words, rows.begin(heap), rows.end(heap))) exhausted = table.exhausted;
      this.#markStored(heap, from);
      for (let id = from; id < table.size && exhausted === undefined; id++) {
        if (this.#isStored[id] === 1) continue;
        if (added === room) exhausted = 'states';
        else {
          this.#frontier.add(table.states, id * this.#words);
          added++;
        }
      }
      if (table.size > from) this.#levels.push({ depth, heap, first: from, end: table.size });
      if (exhausted !== undefined) break;
    }
    this.#highest = Math.max(this.#highest, table.size);
    const pieces: readonly Piece[] = this.#frontier.take();
    if (exhausted === undefined && this.bytes > most) exhausted = 'memory';
    return { pieces, added, exhausted };
  }

  /** Finds which of the table's states, from a number on, are in the store. */
  #markStored(heap: number, from: number): void {
    const { size } = this.#table;
    if (size > this.#isStored.length) {
      const longer = new Uint8Array(2 * size);
      longer.set(this.#isStored);
      this.#isStored = longer;
    }
    this.#isStored.fill(0, from, size);
    if (size === from) return;
    for (const run of this.#runs.get(heap) ?? []) this.#table.mark(heap, this.#read(run), from, this.#isStored);
  }

  /**
   * Moves the table's states to the store, a heap at a time: a copy of all would double the memory. @returns whether
   * there was room.
   */
  #spill(): boolean {
    const found: { readonly heap: number; readonly run: Run }[] = [];
    try {
      for (const heap of this.#heaps) for (const run of this.#written(heap)) found.push({ heap, run });
    } catch (error) {
      if (error instanceof StoreFullError) return false;
      throw error;
    }
    for (const { heap, run } of found) this.#runs.get(heap)?.push(run);
    this.#levels = [];
    this.#table.clear();
    return true;
  }

  /** Writes the states of a heap that are not in the store, in runs of at most `mostInRun` words. */
  *#written(heap: number): Generator<Run> {
    const words = this.#words;
    const { states } = this.#table;
    const here = this.#levels.filter((level) => level.heap === heap);
    let left = 0;
    for (const { first, end } of here) for (let id = first; id < end; id++) if (this.#isStored[id] !== 1) left++;
    const most = Math.max(1, Math.floor(this.#mostInRun / words));
    let chunk = new Int32Array(words * Math.min(left, most));
    let levels = new Map<number, number>();
    let to = 0;
    for (const { depth, first, end } of here)
      for (let id = first; id < end; id++) {
        if (this.#isStored[id] === 1) continue;
        for (let i = id * words; i < (id + 1) * words; i++) chunk[to++] = states[i]!;
        levels.set(depth, (levels.get(depth) ?? 0) + 1);
        if (to < chunk.length) continue;
        yield this.#write(heap, chunk, levels);
        left -= to / words;
        chunk = new Int32Array(words * Math.min(left, most));
        levels = new Map();
        to = 0;
      }
  }

  #write(heap: number, chunk: Int32Array, levels: ReadonlyMap<number, number>): Run {
    const number = this.#names.get(heap) ?? 0;
    this.#names.set(heap, number + 1);
    const name = `seen-${number}-${heap}`;
    this.#store.write(name, [new Uint8Array(chunk.buffer)]);
    return {
      name,
      words: chunk.length,
      hash: hashOf(chunk, 0, chunk.length),
      levels: [...levels].map(([depth, count]) => ({ depth, count })),
    };
  }

  /** @throws CheckpointError if the store has lost it. */
  #read({ name, words, hash }: Run): Int32Array {
    const kept = this.#store.read(name);
    // Words must be aligned to their size.
    const bytes =
      kept === undefined || kept.byteOffset % Int32Array.BYTES_PER_ELEMENT === 0 ? kept : new Uint8Array(kept);
    const states =
      bytes === undefined
        ? undefined
        : new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / Int32Array.BYTES_PER_ELEMENT);
    if (states?.length !== words || hashOf(states, 0, words) !== hash)
      throw new CheckpointError(
        `'${name}' is damaged or missing where states were put aside: start again with an empty directory`,
      );
    return states;
  }

  visit(depth: number, visitor: (states: Int32Array, at: number) => void): void {
    for (const runs of this.#runs.values())
      for (const run of runs) {
        if (run.levels.every((level) => level.depth !== depth)) continue;
        const states = this.#read(run);
        let id = 0;
        for (const level of run.levels) {
          if (level.depth === depth) for (let i = id; i < id + level.count; i++) visitor(states, i * this.#words);
          id += level.count;
        }
      }
    for (const level of this.#levels)
      if (level.depth === depth)
        for (let id = level.first; id < level.end; id++)
          if (this.#isStored[id] !== 1) visitor(this.#table.states, id * this.#words);
  }
}

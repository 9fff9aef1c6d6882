// SPDX-License-Identifier: MIT
import { allocate } from './allocate.ts';
import type { Dictionary } from './dictionary.ts';
import { Frontier } from './frontier.ts';
import { type Added, Heap, insertOf, rightDictionary } from './heap.ts';
import type { Insertion, StateMemory } from './state_memory.ts';
import type { Rows } from './rows.ts';

/** States of one heap and level, kept as numbers. */
interface Kept {
  readonly heap: Heap;
  /** Both numbers in one word, the right one in so many bits; undefined if they take two words. */
  readonly rightBits: number | undefined;
  readonly pairs: Int32Array;
  readonly from: number;
  readonly to: number;
}

const FIRST_KEPT = 2 ** 10;
const MOST_KEPT = 2 ** 16;

/**
 * States stored as numbers of their halves; only the level that is found and the level that is expanded are kept whole.
 */
export class CompactMemory implements StateMemory {
  readonly lnComplete = 0;
  readonly #words: number;
  readonly #frontier: Frontier;
  readonly #right: Dictionary;
  readonly #heaps = new Map<number, Heap>();
  /** By depth. */
  readonly #kept: Kept[][] = [];
  #keeping: Int32Array;
  #keptTo = 0;
  #keptBytes = 0;

  readonly #beat: () => void;

  /** @param beat called while rows are added, heap by heap. */
  constructor(words: number, heaps: readonly number[], shared: boolean, beat: () => void) {
    this.#words = words;
    this.#beat = beat;
    this.#frontier = new Frontier(words, shared);
    this.#right = rightDictionary(words, beat);
    const insert = insertOf(words);
    for (const heap of heaps) this.#heaps.set(heap, new Heap(words, this.#right, insert));
    this.#keeping = this.#keep(FIRST_KEPT);
  }

  get bytes(): number {
    let bytes = this.#right.bytes + this.#keptBytes + this.#frontier.bytes;
    for (const heap of this.#heaps.values()) bytes += heap.bytes;
    return bytes;
  }

  nextLevel(): void {
    this.#frontier.nextLevel();
  }

  insert(depth: number, all: readonly Rows[], room: number, bytes: number): Insertion {
    const kept = (this.#kept[depth] ??= []);
    const frontier = this.#frontier;
    let left = room;
    let exhausted: Insertion['exhausted'];
    const before = this.bytes;
    const allows = (more: number): boolean => this.bytes - before + more <= bytes;
    try {
      all: for (const [number, heap] of this.#heaps) {
        this.#beat();
        for (const rows of all) {
          const end = rows.end(number);
          for (let at = rows.begin(number); at < end; ) {
            if (!allows(frontier.growth)) throw new RangeError('the limit is reached');
            frontier.open();
            if (this.#keeping.length - this.#keptTo < 2) {
              const more = Math.min(MOST_KEPT, this.#keeping.length * 2);
              if (!allows(more * Int32Array.BYTES_PER_ELEMENT)) throw new RangeError('the limit is reached');
              this.#keeping = this.#keep(more);
            }
            const began = at;
            at = this.#add(heap, rows, at, end, left, allows, kept, (added) => (left -= added));
            if (at < end && left === 0) {
              exhausted = 'states';
              break all;
            }
            if (at === began && frontier.room > 0 && this.#keeping.length - this.#keptTo >= 2)
              throw new RangeError('the limit is reached');
          }
        }
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      exhausted = 'memory';
    }
    return { pieces: frontier.take(), added: room - left, exhausted };
  }

  #keep(words: number): Int32Array {
    const array = allocate(words, false);
    this.#keptBytes += array.byteLength;
    this.#keptTo = 0;
    return array;
  }

  /** Adds as many rows as the arrays hold. @returns the first row that was not added. */
  #add(
    heap: Heap,
    rows: Rows,
    from: number,
    end: number,
    most: number,
    allows: (bytes: number) => boolean,
    kept: Kept[],
    count: (added: number) => void,
  ): number {
    const { states, to } = this.#frontier.open();
    const room = Math.min(this.#frontier.room, (this.#keeping.length - this.#keptTo) >> 1, most);
    const added: Added = {
      states,
      to,
      pairs: this.#keeping,
      pairsTo: this.#keptTo,
      room,
    };
    const at = heap.add(rows.words, from, end, added, allows, () => {
      this.#remember(heap, added, kept);
    });
    this.#remember(heap, added, kept);
    this.#frontier.written((added.to - to) / this.#words);
    count(room - added.room);
    return at;
  }

  /** Records which part of the stored numbers belongs to which heap. */
  #remember(heap: Heap, { pairsTo }: Added, kept: Kept[]): void {
    if (pairsTo === this.#keptTo) return;
    const rightBits = heap.isPacked ? heap.n : undefined;
    kept.push({ heap, rightBits, pairs: this.#keeping, from: this.#keptTo, to: pairsTo });
    this.#keptTo = pairsTo;
  }

  visit(depth: number, visitor: (states: Int32Array, at: number) => void): void {
    const state = new Int32Array(this.#words);
    for (const { heap, rightBits, pairs, from, to } of this.#kept[depth] ?? [])
      for (let i = from; i < to; i++) {
        if (rightBits === undefined) heap.load(pairs[i]!, pairs[++i]!, state);
        else heap.load(rightBits === 32 ? 0 : pairs[i]! >>> rightBits, pairs[i]! & ((1 << rightBits) - 1), state);
        visitor(state, 0);
      }
  }
}

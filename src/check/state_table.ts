// SPDX-License-Identifier: MIT
import { generated, HEAPS } from '../lang/index.ts';
import { allocate } from './allocate.ts';
import { hashOf } from './rows.ts';

/**
 * Adds the rows from `from` up to `end`, in order, and stops where there are `limit` states: `stop[0]` is then the row
 * that it has not added, else `end`. `stop[1]` is of no meaning: what is touched has to go somewhere.
 * @returns how many states there are.
 */
type Insert = (
  states: Int32Array,
  table: Int32Array,
  bits: number,
  size: number,
  limit: number,
  rows: Int32Array,
  from: number,
  end: number,
  stop: Int32Array,
) => number;

/** Fullest that a heap's part of the table gets. It doubles then: 5 to 10 bytes a state. */
const FULLEST = 0.8;
/** Fullest where there is no memory to double it: looks get long, but there are some states more. */
const FULLEST_AT_LAST = 0.95;
const FIRST_BITS = 12;

/**
 * States by number, each once. Their words stand behind each other in one array; an open-addressing table holds their
 * numbers, each under as many low bits of its state's hash as the number leaves free, so that nearly every
 * look at another state is at the same one. Whole states are compared: two are never taken for one.
 *
 * Rows come sorted into heaps by the highest bits of their hashes, and a heap has a part of the table to itself. So one
 * heap's additions stay within a small part of the table, and within the states that such heaps brought lately:
 * both are near the processor, where the whole table is not.
 */
export class StateTable {
  /** State `id` begins at `id * words`. */
  readonly states: Int32Array;
  /** What there was no more of, when states were not added. */
  exhausted: 'states' | 'memory' = 'states';
  readonly #words: number;
  /** Its share of the slots: heaps of other tables have their slots too, which nobody ever touches. */
  readonly #share: number;
  #mostStates = 0;
  #mostBytes = 0;
  readonly #insert: Insert;
  readonly #sizes = new Int32Array(HEAPS);
  readonly #stop = new Int32Array(2);
  #bits = FIRST_BITS;
  #table: Int32Array = new Int32Array(2 ** FIRST_BITS);
  #size = 0;
  #fullest = FULLEST;

  /**
   * @param most most states there can ever be.
   * @param heaps how many of the heaps come to this table.
   * @param shared whether other threads read the states.
   */
  constructor(words: number, most: number, heaps: number, shared: boolean) {
    this.#words = words;
    this.#share = heaps / HEAPS;
    this.states = arrayOf(words, most, shared);
    this.#insert = insertOf(words);
  }

  /** Sets limits for what is added from now on. */
  allow(states: number, bytes: number): void {
    this.#mostStates = this.#size + states;
    this.#mostBytes = this.bytes + bytes;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes that states and table take. */
  get bytes(): number {
    return this.#size * this.#bytesOfState + this.#tableBytes;
  }

  get #tableBytes(): number {
    return this.#table.byteLength * this.#share;
  }

  get #bytesOfState(): number {
    return this.#words * Int32Array.BYTES_PER_ELEMENT;
  }

  /** How many states may be beside the table as it is. */
  get #most(): number {
    const inMemory = Math.floor((this.#mostBytes - this.#tableBytes) / this.#bytesOfState);
    return Math.min(this.#mostStates, this.states.length / this.#words, inMemory);
  }

  /** Adds rows of one heap, in order. @returns false where there would be more states than allowed. */
  add(heap: number, rows: Int32Array, from: number, end: number): boolean {
    const stop = this.#stop;
    for (stop[0] = from; ; ) {
      const before = this.#sizes[heap]!;
      const room = Math.floor((this.#table.length / HEAPS) * this.#fullest) - before;
      const limit = Math.min(this.#most, this.#size + room);
      const size = this.#insert(this.states, this.#table, this.#bits, this.#size, limit, rows, stop[0], end, stop);
      this.#sizes[heap] = before + size - this.#size;
      this.#size = size;
      if (stop[0] === end) return true;
      if (size >= this.#most || !this.#makeRoom()) {
        this.exhausted = size === this.#mostStates ? 'states' : 'memory';
        return false;
      }
    }
  }

  /** @returns false where there is no memory for it. */
  #makeRoom(): boolean {
    if (this.#fullest !== FULLEST) return false;
    const bytes = this.#table.byteLength * 2; // the old one is there until the new one is full
    // A table that took its memory from the next states would be none.
    const table = this.bytes + bytes * this.#share < this.#mostBytes ? tryToAllocate(bytes / 4, false) : undefined;
    if (table === undefined) this.#fullest = FULLEST_AT_LAST;
    else this.#rebuild(table);
    return true;
  }

  #rebuild(table: Int32Array): void {
    const bits = ++this.#bits;
    const { states } = this;
    const words = this.#words;
    const part = table.length / HEAPS - 1;
    for (let id = 0, at = 0; id < this.#size; id++, at += words) {
      const h = hashOf(states, at, words);
      let slot = h >>> (32 - bits);
      while (table[slot] !== 0) slot = (slot & ~part) | ((slot + 1) & part);
      table[slot] = (h << bits) | (id + 1);
    }
    this.#table = table;
  }
}

/** Room for so many states, or for as many as there is memory for. Pages that nobody has touched cost nothing. */
function arrayOf(words: number, states: number, shared: boolean): Int32Array {
  const array = tryToAllocate(words * states, shared);
  if (array !== undefined) return array;
  if (states === 1) throw new RangeError('there is no memory for a single state');
  return arrayOf(words, Math.floor(states / 2), shared);
}

/** @returns undefined where the machine does not have so much. */
function tryToAllocate(words: number, shared: boolean): Int32Array | undefined {
  try {
    return allocate(words, shared);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Rows whose slots are touched at once. */
const TOUCHED = 128;

/**
 * Generated, so that words are compared one by one without a loop. Before rows are added their slots are touched:
 * these reads do not wait for each other's answers, so that the processor waits for many cache lines at once.
 */
function insertOf(words: number): Insert {
  const row = words + 1;
  const each = (text: (i: number) => string, between: string): string =>
    Array.from({ length: words }, (_, i) => text(i)).join(between);
  const source = `
return (A,T,B,size,limit,rows,from,end,stop)=>{
  const shift=32-B, M=(1<<B)-1, part=T.length/${HEAPS}-1;
  for(let b=from;b<end;b+=${TOUCHED * row}){
    const be=Math.min(end,b+${TOUCHED * row});
    let touched=0;
    for(let r=b;r<be;r+=${row}) touched^=T[rows[r+${words}]>>>shift|0];
    stop[1]=touched;
    for(let r=b;r<be;r+=${row}){
      const h=rows[r+${words}], f=h<<B, ${each((i) => `w${i}=rows[r+${i}]`, ',')};
      for(let s=h>>>shift|0;;s=s&~part|s+1&part){
        const e=T[s];
        if(e===0){
          if(size>=limit){stop[0]=r;return size;}
          const a=size*${words};
          ${each((i) => `A[a+${i}]=w${i};`, '')}
          T[s]=f|++size;
          break;
        }
        if(((e^f)>>>B)===0){
          const a=((e&M)-1)*${words};
          if(${each((i) => `A[a+${i}]===w${i}`, '&&')}) break;
        }
      }
    }
  }
  stop[0]=end;
  return size;
};`;
  return generated<Insert>(source);
}

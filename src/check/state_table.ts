// SPDX-License-Identifier: MIT
import { generated, HEAPS } from '../lang/index.ts';
import { allocate } from './allocate.ts';
import { Arena } from './arena.ts';
import { hashing } from './rows.ts';

/**
 * Adds the rows from `from` up to `end` to a heap's table, in order, and stops at `limit` states. `stop[0]` is then the
 * first row that was not added, or `end`. `stop[1]` is scratch space, for the reads that touch memory ahead.
 * @returns the number of states.
 */
type Insert = (
  states: Int32Array,
  table: Int32Array,
  idBits: number,
  size: number,
  limit: number,
  rows: Int32Array,
  from: number,
  end: number,
  stop: Int32Array,
) => number;

/** Marks those states, of number `from` and more, that are among others of their heap. */
type Mark = (
  states: Int32Array,
  table: Int32Array,
  idBits: number,
  others: Int32Array,
  from: number,
  marks: Uint8Array,
) => void;

/** Moves the entries of one table into an empty one. The result is unused. */
type Move = (states: Int32Array, from: Int32Array, fromIdBits: number, to: Int32Array, toIdBits: number) => number;

/** Largest fill level of a heap's table. Then it grows: 5 to 7.5 bytes a state, in small tables up to 10. */
const FULLEST = 0.8;
/** Beyond so many slots a table grows by a half or a third instead of doubling: moving states more often takes time. */
const GROWN_SLOTS = 2 ** 15;
/** Largest fill level if there is no memory to double it: probes get long, but more states fit. */
const FULLEST_AT_LAST = 0.95;
/** Slots are 4 or 3 times a power of two. */
const FIRST_SLOTS = 64;
/** 64 MB of address space, never touched. */
const RESERVE_WORDS = 2 ** 24;
/** Most words of states: the generated code computes positions as 32-bit products. */
const MOST_WORDS = 2 ** 31 - 1;
const HEAP_BITS = Math.log2(HEAPS);
/** Bits by which a heap may be fuller than others before its numbers need more bits. */
const SKEW_BITS = 1;

/** A heap's part of the table. */
interface HeapTable {
  slots: Int32Array;
  /** Bits of a number in the table. */
  idBits: number;
  count: number;
  fullest: number;
}

/**
 * States by number, each once. Their words are concatenated in one array. Open-addressing tables hold their numbers,
 * each with as many low bits of its state's hash as the number leaves free. So nearly every comparison is with an equal
 * state. Whole states are compared: two are never confused.
 *
 * Rows are sorted into heaps by the highest bits of their hashes, and each heap has a table of its own, which grows by
 * itself. So one heap's additions stay within a small table, and within that heap's recent states. Both fit into the
 * cache, while all tables together do not.
 */
export class StateTable {
  /** State `id` begins at `id * words`. */
  readonly states: Int32Array;
  /** Which resource was missing when states were not added. */
  exhausted: 'states' | 'memory' = 'states';
  readonly #words: number;
  #mostStates = 0;
  #mostBytes = 0;
  readonly #additions: ReadonlyMap<Shape, Additions>;
  readonly #tables = new Map<number, HeapTable>();
  readonly #stop = new Int32Array(2);
  readonly #arena = new Arena();
  #size = 0;
  /** Reserved, untouched, until the machine has no more memory: the rest of the program needs some to finish. */
  #reserve: Int32Array | undefined;

  /**
   * @param most largest number of states.
   * @param heaps the heaps of this table.
   * @param shared whether other threads read the states.
   */
  constructor(words: number, most: number, heaps: readonly number[], shared: boolean) {
    this.#words = words;
    this.states = arrayOf(words, most, shared);
    this.#reserve = tryToAllocate(RESERVE_WORDS, false);
    this.#additions = new Map([POWER_OF_TWO, THREE_TIMES].map((shape) => [shape, additionsOf(words, shape)]));
    for (const heap of heaps) {
      const slots = this.#arena.take(FIRST_SLOTS);
      this.#tables.set(heap, { slots, idBits: idBitsFor(slots), count: 0, fullest: FULLEST });
    }
  }

  /** Sets limits for additions from now on. */
  allow(states: number, bytes: number): void {
    this.#mostStates = this.#size + states;
    this.#mostBytes = this.bytes + bytes;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes that states and tables take. */
  get bytes(): number {
    return this.#size * this.#bytesOfState + this.#arena.bytes;
  }

  get #bytesOfState(): number {
    return this.#words * Int32Array.BYTES_PER_ELEMENT;
  }

  /** Number of states that fit beside the present tables. */
  get #most(): number {
    const inMemory = Math.floor((this.#mostBytes - this.#arena.bytes) / this.#bytesOfState);
    return Math.min(this.#mostStates, this.states.length / this.#words, inMemory);
  }

  /** Adds rows of one heap, in order. @returns false if there would be more states than allowed. */
  add(heap: number, rows: Int32Array, from: number, end: number): boolean {
    const table = this.#tables.get(heap);
    if (table === undefined) throw new Error(`heap ${heap} does not belong to this table`);
    const stop = this.#stop;
    for (stop[0] = from; ; ) {
      const { slots, idBits } = table;
      const room = Math.floor(slots.length * table.fullest) - table.count;
      const limit = Math.min(this.#most, this.#size + room, 2 ** idBits - 1);
      const { insert } = this.#additionsTo(slots);
      const size = insert(this.states, slots, idBits, this.#size, limit, rows, stop[0], end, stop);
      table.count += size - this.#size;
      this.#size = size;
      if (stop[0] === end) return true;
      if (size >= this.#most || !this.#makeRoom(table)) {
        this.exhausted = size === this.#mostStates ? 'states' : 'memory';
        return false;
      }
    }
  }

  /**
   * Marks those of a heap's states, of number `from` and more, that are among others.
   * @param others states of the same heap, concatenated.
   * @param marks by number.
   */
  mark(heap: number, others: Int32Array, from: number, marks: Uint8Array): void {
    const table = this.#tables.get(heap);
    if (table === undefined) throw new Error(`heap ${heap} does not belong to this table`);
    this.#additionsTo(table.slots).mark(this.states, table.slots, table.idBits, others, from, marks);
  }

  /** Forgets all states. The memory is kept for the next ones. */
  clear(): void {
    this.#size = 0;
    for (const table of this.#tables.values()) {
      table.slots.fill(0);
      table.count = 0;
    }
  }

  #additionsTo({ length }: Int32Array): Additions {
    const shape = isPowerOfTwo(length) ? POWER_OF_TWO : THREE_TIMES;
    const additions = this.#additions.get(shape);
    if (additions === undefined) throw new Error(`no code for tables of ${length} slots`);
    return additions;
  }

  /** @returns false if there is no memory for it. */
  #makeRoom(table: HeapTable): boolean {
    const before = table.slots;
    const length = lengthAfter(before.length);
    const bytes = length * Int32Array.BYTES_PER_ELEMENT; // the old one exists until the new one is full
    // A table must not take the memory of the next states.
    const isAllowed = this.bytes + bytes < this.#mostBytes && this.#reserve !== undefined;
    const slots = isAllowed ? unlessExhausted(() => this.#arena.take(length)) : undefined;
    if (slots === undefined) {
      if (isAllowed) this.#reserve = undefined;
      if (table.fullest !== FULLEST || this.#size >= 2 ** table.idBits - 1) return false;
      table.fullest = FULLEST_AT_LAST;
      return true;
    }
    const idBits = idBitsFor(slots);
    this.#additionsTo(slots).move(this.states, before, table.idBits, slots, idBits);
    this.#arena.give(before);
    table.slots = slots;
    table.idBits = idBits;
    return true;
  }
}

/** All heaps together have about as many states as as many tables like this one have slots. */
const idBitsFor = (slots: Int32Array): number =>
  Math.min(31, Math.ceil(Math.log2(slots.length)) + HEAP_BITS + SKEW_BITS);

/** Slots of the next larger table: twice as many, or alternately three halves and four thirds as many. */
function lengthAfter(slots: number): number {
  if (slots < GROWN_SLOTS) return 2 * slots;
  return isPowerOfTwo(slots) ? (slots / 2) * 3 : (slots / 3) * 4;
}

const isPowerOfTwo = (slots: number): boolean => (slots & (slots - 1)) === 0;

/**
 * An array for so many states; if the machine does not have that, half of what it has, because tables and the program
 * itself need memory too. Untouched pages cost nothing.
 */
function arrayOf(words: number, most: number, shared: boolean): Int32Array {
  const states = Math.min(most, Math.floor(MOST_WORDS / words));
  const all = tryToAllocate(words * states, shared);
  if (all !== undefined) return all;
  for (let some = Math.floor(states / 2); some >= 1; some = Math.floor(some / 2)) {
    if (tryToAllocate(words * some, shared) === undefined) continue;
    const half = tryToAllocate(words * Math.ceil(some / 2), shared);
    if (half !== undefined) return half;
  }
  throw new RangeError('there is no memory for a single state');
}

const tryToAllocate = (words: number, shared: boolean): Int32Array | undefined =>
  unlessExhausted(() => allocate(words, shared));

/** @returns undefined if the machine does not have the memory. */
function unlessExhausted(take: () => Int32Array): Int32Array | undefined {
  try {
    return take();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Rows whose slots are touched at once. */
const TOUCHED = 128;

/** Positions in a table T of Z slots, as code: the slot of a hash is its highest bits, as a fraction of all slots. */
interface Shape {
  readonly constants: (T: string) => string;
  readonly home: (hash: string) => string;
  readonly after: (slot: string) => string;
}
/** The usual case, and all small tables: the fraction is a shift, and wrapping is a mask. */
const POWER_OF_TWO: Shape = {
  constants: (T) => `const last=${T}.length-1,shift=Math.clz32(last);`,
  home: (hash) => `((${hash})<<${HEAP_BITS}>>>shift)`,
  after: (slot) => `${slot}+1&last`,
};
/** Three times a power of two. */
const THREE_TIMES: Shape = {
  constants: (T) => `const Z=${T}.length,shift=Math.clz32(Z)-1;`,
  home: (hash) => `(Math.imul((${hash})<<${HEAP_BITS}>>>shift,3)>>>3)`,
  after: (slot) => `++${slot}===Z?0:${slot}`,
};

interface Additions {
  readonly insert: Insert;
  readonly move: Move;
  readonly mark: Mark;
}

/**
 * Generated code, so that words are compared one by one without a loop. The slots of rows are touched before the rows
 * are added. These reads do not depend on each other, so the processor fetches many cache lines at once.
 */
function additionsOf(words: number, { constants, home, after }: Shape): Additions {
  const row = words + 1;
  const each = (text: (i: number) => string, between: string): string =>
    Array.from({ length: words }, (_, i) => text(i)).join(between);
  const hash = hashing(
    'h',
    Array.from({ length: words }, (_, i) => `A[a+${i}]`),
  );
  const source = `
const ids=new Int32Array(${TOUCHED}),hashes=new Int32Array(${TOUCHED});
const insert=(A,T,B,size,limit,rows,from,end,stop)=>{
  ${constants('T')}
  const M=(1<<B)-1;
  for(let b=from;b<end;b+=${TOUCHED * row}){
    const be=Math.min(end,b+${TOUCHED * row});
    let touched=0;
    for(let r=b;r<be;r+=${row}) touched^=T[${home(`rows[r+${words}]`)}];
    stop[1]=touched;
    for(let r=b;r<be;r+=${row}){
      const h=rows[r+${words}], f=h<<B, ${each((i) => `w${i}=rows[r+${i}]`, ',')};
      for(let s=${home('h')};;s=${after('s')}){
        const e=T[s];
        if(e===0){
          if(size>=limit){stop[0]=r;return size;}
          const a=Math.imul(size,${words});
          ${each((i) => `A[a+${i}]=w${i};`, '')}
          T[s]=f|++size;
          break;
        }
        if(((e^f)>>>B)===0){
          const a=Math.imul((e&M)-1,${words});
          if(${each((i) => `A[a+${i}]===w${i}`, '&&')}) break;
        }
      }
    }
  }
  stop[0]=end;
  return size;
};
const move=(A,T,TB,U,B)=>{
  ${constants('U')}
  const M=(1<<TB)-1;
  let sink=0;
  for(let s=0;s<T.length;){
    let n=0;
    for(;n<${TOUCHED}&&s<T.length;s++){
      const e=T[s];
      if(e===0) continue;
      ids[n++]=e&M;
      sink^=A[Math.imul((e&M)-1,${words})];
    }
    for(let i=0;i<n;i++){
      const a=Math.imul(ids[i]-1,${words});
      ${hash}
      hashes[i]=h;
      sink^=U[${home('h')}];
    }
    for(let i=0;i<n;i++){
      const h=hashes[i];
      let s=${home('h')};
      while(U[s]!==0) s=${after('s')};
      U[s]=h<<B|ids[i];
    }
  }
  return sink;
};
const mark=(S,T,TB,A,from,marks)=>{
  ${constants('T')}
  const M=(1<<TB)-1;
  for(let a=0;a<A.length;a+=${words}){
    ${hash}
    for(let s=${home('h')};T[s]!==0;s=${after('s')}){
      const e=T[s];
      if(((e^h<<TB)>>>TB)!==0) continue;
      const id=(e&M)-1, b=Math.imul(id,${words});
      if(${each((i) => `S[b+${i}]===A[a+${i}]`, '&&')}){if(id>=from) marks[id]=1;break;}
    }
  }
};
return {insert,move,mark};`;
  return generated(source);
}

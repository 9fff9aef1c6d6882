// SPDX-License-Identifier: MIT
import { HEAPS, type Successors } from '../lang/index.ts';
import { Barrier } from './barrier.ts';
import { type Lossy, LossyMemory } from './lossy_memory.ts';
import type { Store } from './checkpoint.ts';
import { comesBefore, compare, type Fault } from './fault.ts';
import { heapOf, putRow, Rows, spareOf, STRIDE } from './rows.ts';
import { SpillMemory } from './spill_memory.ts';
import type { Piece, StateMemory } from './state_memory.ts';
import { WholeMemory } from './whole_memory.ts';

/** The compiled steps of a space: `expand` writes rows to heaps. */
export type Steps = Pick<Successors, 'expand' | 'violated' | 'mayEnd' | 'failed' | 'words' | 'most'>;

/** An order to a part. */
export type Order =
  | { readonly kind: 'begin'; readonly state: Int32Array }
  /** Discards the collected successors, and, before another level, the whole states of the previous level. */
  | { readonly kind: 'clear'; readonly level: 'same' | 'next' }
  /**
   * Expands states of the level, given with the first order for it, until all are taken or enough successors are
   * collected. Then adds them, once all parts have expanded, as `insert` does; unless there may be more of them than
   * there is room.
   */
  | {
      readonly kind: 'advance';
      readonly level: readonly Piece[] | undefined;
      readonly depth: number;
      readonly room: number;
      readonly bytes: number;
    }
  /** Adds the successors of all parts that belong to its heaps to the level at `depth`. */
  | { readonly kind: 'insert'; readonly depth: number; readonly room: number; readonly bytes: number }
  /** Looks for a state of the level at `depth` that is a predecessor of another state. */
  | { readonly kind: 'predecessor'; readonly depth: number; readonly to: Int32Array };

/** A part's reply; inapplicable fields are empty. */
export interface Reply {
  readonly transitions: number;
  /** A violation in or after an expanded state. */
  readonly fault: Fault | undefined;
  /** A violation in an added state. */
  readonly found: Fault | undefined;
  /** Whether successors were added. */
  readonly isInserted: boolean;
  /** New states. */
  readonly pieces: readonly Piece[];
  readonly added: number;
  /** Bytes of everything that it stores. */
  readonly bytes: number;
  readonly exhausted: 'states' | 'memory' | 'disk' | undefined;
  /** The first predecessor, by its words. */
  readonly predecessor: Int32Array | undefined;
  /** `StateMemory.lnComplete`. */
  readonly lnComplete: number;
}

/** Data that all parts of a search share. */
export interface Common {
  readonly rows: readonly { readonly words: Int32Array; readonly ends: Int32Array }[];
  /** [0]: the next state of the level that is not taken. */
  readonly cursor: Int32Array;
  /** Barrier between the parts: BARRIER_WORDS. */
  readonly barrier: Int32Array;
  /** By part, each in a cache line of its own: a number that changes while the part works (`PULSE_WORDS`). */
  readonly pulse: Int32Array;
  /** Whether each state must be checked. */
  readonly judged: boolean;
  readonly shared: boolean;
  /** Whether only hashes are stored. */
  readonly lossy: Lossy | undefined;
  /** Storage for states when memory is full. */
  readonly spill: Store | undefined;
  /** Largest number of states of one part. */
  readonly mostStates: number;
}

/** Words of `Common.pulse` for each part: two cache lines, as in `allocate`. */
export const PULSE_WORDS = 32;

/** States that are visited between two calls of `beat`. */
const VISITED = 4096;

/**
 * A thread's part of a search. It expands the states that it takes first, and stores the visited states of its share of
 * the heaps; no other part touches these.
 */
export class Part {
  readonly #steps: Steps;
  readonly #common: Common;
  readonly #own: Rows;
  readonly #all: readonly Rows[];
  readonly #memory: StateMemory;
  readonly #barrier: Barrier;
  readonly #beat: () => void;
  #level: readonly Piece[] = [];
  #total = 0;
  #fault: Fault | undefined;

  constructor(steps: Steps, common: Common, index: number) {
    this.#steps = steps;
    this.#common = common;
    this.#all = common.rows.map(({ words, ends }) => new Rows(words, ends, spareOf(steps.words, steps.most)));
    const own = this.#all[index];
    if (own === undefined) throw new Error(`there is no part ${index}`);
    this.#own = own;
    own.clear();
    const parts = common.rows.length;
    const [first, end] = [index, index + 1].map((i) => Math.floor((HEAPS * i) / parts));
    const heaps = Array.from({ length: HEAPS }, (_, heap) => heap).slice(first, end);
    const { shared, mostStates, lossy, spill } = common;
    this.#barrier = new Barrier(common.barrier, parts);
    const { pulse } = common;
    this.#beat = () => {
      Atomics.add(pulse, index * PULSE_WORDS, 1);
    };
    this.#memory =
      lossy !== undefined
        ? new LossyMemory(steps.words, lossy)
        : spill !== undefined
          ? new SpillMemory(steps.words, heaps, mostStates, spill)
          : new WholeMemory(steps.words, heaps, shared, mostStates, this.#beat);
    this.#beat();
  }

  do(order: Order): Reply {
    this.#beat();
    switch (order.kind) {
      case 'begin':
        this.#own.clear();
        putRow(order.state, this.#own.words, this.#own.ends);
        return this.#reply({});
      case 'clear':
        this.#own.clear();
        if (order.level === 'next') this.#memory.nextLevel();
        return this.#reply({});
      case 'advance':
        return this.#advance(order);
      case 'insert':
        return this.#reply(this.#insert(order));
      case 'predecessor':
        return this.#reply({ predecessor: this.#predecessor(order.depth, order.to) });
    }
  }

  #advance({ level, ...order }: Extract<Order, { readonly kind: 'advance' }>): Reply {
    let expanded: Pick<Reply, 'transitions' | 'fault'>;
    try {
      if (level !== undefined) this.#take(level);
      expanded = { transitions: this.#expand(), fault: this.#noticed() };
    } catch (error) {
      this.#barrier.breakDown();
      throw error;
    }
    const isComplete = this.#barrier.pass();
    const collected = this.#all.reduce((sum, { size }) => sum + size, 0) / (this.#steps.words + 1);
    const inserted = isComplete && collected <= order.room ? this.#insert(order) : {};
    return this.#reply({ ...expanded, ...inserted });
  }

  #insert({
    depth,
    room,
    bytes,
  }: Pick<Extract<Order, { readonly kind: 'insert' }>, 'depth' | 'room' | 'bytes'>): Partial<Reply> {
    const insertion = this.#memory.insert(depth, this.#all, room, bytes);
    if (this.#common.judged)
      for (const found of insertion.pieces) {
        this.#judge(found);
        this.#beat();
      }
    return { ...insertion, found: this.#noticed(), isInserted: true };
  }

  #take(level: readonly Piece[]): void {
    this.#level = level;
    this.#total = level.reduce((sum, { count }) => sum + count, 0);
    this.#memory.nextLevel();
  }

  #reply(said: Partial<Reply>): Reply {
    return {
      transitions: 0,
      fault: undefined,
      found: undefined,
      isInserted: false,
      pieces: [],
      added: 0,
      bytes: this.#memory.bytes,
      lnComplete: this.#memory.lnComplete,
      exhausted: undefined,
      predecessor: undefined,
      ...said,
    };
  }

  #expand(): number {
    const { expand, failed, mayEnd, words: length } = this.#steps;
    const { words, ends } = this.#own;
    const { cursor } = this.#common;
    let transitions = 0;
    let piece = 0;
    let begin = 0;
    this.#own.clear();
    while (!this.#own.isFull) {
      this.#beat();
      const first = Atomics.add(cursor, 0, STRIDE);
      const last = Math.min(this.#total, first + STRIDE);
      for (let i = first; i < last; ) {
        const { states, count } = this.#level[piece]!;
        if (i >= begin + count) {
          begin += count;
          piece++;
          continue;
        }
        const until = Math.min(last, begin + count);
        for (let at = (i - begin) * length; i < until; i++, at += length) {
          const successors = expand(states, at, words, ends);
          transitions += successors;
          if (successors === 0 && !mayEnd(states, at)) this.#notice('deadlock', 0, states, at);
          if (failed[0] !== 0) {
            this.#notice('assert', failed[0]! - 1, states, at, failed[1], failed[2]);
            failed[0] = 0;
          }
        }
      }
      if (last === this.#total) break;
    }
    return transitions;
  }

  #notice(kind: Fault['kind'], which: number, states: Int32Array, at: number, task = 0, option = 0): void {
    const fault: Fault = { kind, which, task, option, state: states.slice(at, at + this.#steps.words) };
    if (this.#fault === undefined || comesBefore(fault, this.#fault)) this.#fault = fault;
  }

  /** The violation noticed since the last call. */
  #noticed(): Fault | undefined {
    const fault = this.#fault;
    this.#fault = undefined;
    return fault;
  }

  #judge({ states, count }: Piece): void {
    const { violated, words } = this.#steps;
    for (let at = 0; at < count * words; at += words) {
      const which = violated(states, at);
      if (which !== -1) this.#notice('property', which, states, at);
    }
  }

  #predecessor(depth: number, wanted: Int32Array): Int32Array | undefined {
    const { expand, failed, words: length } = this.#steps;
    const { words, ends } = this.#own;
    const heap = heapOf(wanted);
    let best: Int32Array | undefined;
    let visited = 0;
    this.#memory.visit(depth, (states, at) => {
      if (visited++ % VISITED === 0) this.#beat();
      this.#own.clear();
      expand(states, at, words, ends);
      for (let row = this.#own.begin(heap); row < ends[heap]!; row += length + 1)
        if (wanted.every((word, w) => words[row + w] === word)) {
          const state = states.slice(at, at + length);
          if (best === undefined || compare(state, best) < 0) best = state;
          break;
        }
    });
    failed[0] = 0;
    return best;
  }
}

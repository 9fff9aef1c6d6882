// SPDX-License-Identifier: MIT
import { allocate } from './allocate.ts';
import type { Model, Move } from './model.ts';

const FIRST_SLOTS = 2 ** 12;
/** Fullest that the table gets. */
const FULLEST = 0.7;

/** The machine has no more memory. */
export class NoMemoryError extends Error {
  override readonly name = 'NoMemoryError';
}

/**
 * Allocates arrays. Any other RangeError stays unchanged. @throws NoMemoryError if the machine does not have the
 * memory.
 */
export function allocated<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof RangeError ? new NoMemoryError(error.message) : error;
  }
}

const array = (words: number): Int32Array => allocated(() => allocate(words, false));

/** An array that doubles. */
class Growing {
  #all = array(FIRST_SLOTS);
  length = 0;

  get(i: number): number {
    return this.#all[i]!;
  }

  get bytes(): number {
    return this.#all.byteLength;
  }

  push(value: number): void {
    if (this.length === this.#all.length) {
      const longer = array(2 * this.length);
      longer.set(this.#all);
      this.#all = longer;
    }
    this.#all[this.length++] = value;
  }

  slice(from: number, to: number): Int32Array {
    return this.#all.slice(from, to);
  }
}

/** A step of the graph: its task and option, and its successor. */
export interface Edge extends Move {
  readonly to: number;
}

/**
 * States by number, nearest first, and all steps between them, for questions about cycles. A search for violations does not
 * need it. The search does not continue beyond `stops`: they have no steps.
 */
export class Graph {
  readonly model: Model;
  readonly #states = new Growing();
  #table = array(FIRST_SLOTS);
  #size = 0;
  /** By state: where its edges begin. */
  readonly #first = new Growing();
  /** An edge: task * 2^8 + option, then the state that it leads to. */
  readonly #edges = new Growing();
  /** By state: its first predecessor, as the number of the edge's state, and the edge. */
  readonly #parents = new Growing();
  readonly #parentMoves = new Growing();

  constructor(model: Model) {
    this.model = model;
  }

  /**
   * Visits every state that is reachable without passing one of `stops`. Yields now and then how many states it has
   * expanded.
   * @returns false if there are more than `most`.
   * @throws NoMemoryError
   */
  *building(stops: (state: Int32Array) => boolean, most: number): Generator<number, boolean> {
    const { model } = this;
    const from = new Int32Array(model.words);
    const state = new Int32Array(model.words);
    this.#number(model.initial, -1, -1);
    for (let id = 0; id < this.#size; id++) {
      if (id % EXPANDED_AT_ONCE === 0) yield id;
      this.#first.push(this.#edges.length);
      this.load(id, from);
      if (stops(from)) continue;
      for (let task = 0; task < model.tasks; task++)
        for (let option = 0; option < (model.options?.[task] ?? 1); option++) {
          state.set(from);
          if (!model.step(task, state, option)) continue;
          const move = task * OPTIONS + option;
          this.#edges.push(move);
          this.#edges.push(this.#number(state, id, move));
        }
      if (this.#size > most) return false;
    }
    this.#first.push(this.#edges.length);
    return true;
  }

  /** Number of states. */
  get size(): number {
    return this.#size;
  }

  /** Number of steps. */
  get transitions(): number {
    return this.#edges.length / 2;
  }

  /** Bytes of everything that it stores. */
  get bytes(): number {
    const kept = [this.#states, this.#first, this.#edges, this.#parents, this.#parentMoves];
    return this.#table.byteLength + kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  load(id: number, into: Int32Array): void {
    const { words } = this.model;
    for (let i = 0; i < words; i++) into[i] = this.#states.get(id * words + i);
  }

  /** Number of the first edge of a state; `edgeEnd` of the state is that of the next. */
  edgesOf(id: number): { readonly first: number; readonly end: number } {
    return { first: this.#first.get(id) / 2, end: this.#first.get(id + 1) / 2 };
  }

  target(edge: number): number {
    return this.#edges.get(2 * edge + 1);
  }

  task(edge: number): number {
    return Math.floor(this.#edges.get(2 * edge) / OPTIONS);
  }

  edge(edge: number): Edge {
    return { task: this.task(edge), option: this.#edges.get(2 * edge) % OPTIONS, to: this.target(edge) };
  }

  /** A shortest path to a state. */
  wayTo(id: number): readonly Move[] {
    const moves: Move[] = [];
    for (let at = id; at !== 0; at = this.#parents.get(at)) {
      const move = this.#parentMoves.get(at);
      moves.push({ task: Math.floor(move / OPTIONS), option: move % OPTIONS });
    }
    return moves.toReversed();
  }

  #number(state: Int32Array, parent: number, move: number): number {
    if (this.#size >= this.#table.length * FULLEST) this.#grow();
    const mask = this.#table.length - 1;
    const { words } = this.model;
    for (let slot = hashOf(state) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#table[slot]! - 1;
      if (id === -1) {
        this.#table[slot] = this.#size + 1;
        for (let i = 0; i < words; i++) this.#states.push(state[i]!);
        this.#parents.push(parent);
        this.#parentMoves.push(move);
        return this.#size++;
      }
      let i = 0;
      while (i < words && this.#states.get(id * words + i) === state[i]) i++;
      if (i === words) return id;
    }
  }

  #grow(): void {
    const table = array(2 * this.#table.length);
    const mask = table.length - 1;
    const { words } = this.model;
    for (let id = 0; id < this.#size; id++) {
      let slot = hashOf(this.#states.slice(id * words, (id + 1) * words)) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = id + 1;
    }
    this.#table = table;
  }
}

/** States that are expanded in some hundredths of a second. */
const EXPANDED_AT_ONCE = 4096;
/** More options than any place has. */
const OPTIONS = 2 ** 8;

function hashOf(state: Int32Array): number {
  let hash = 0x9e3779b9 | 0;
  for (const word of state) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}

/** The strongly connected components of the subgraph `within`, each as its states. @throws NoMemoryError */
export function* components(graph: Graph, within: (id: number) => boolean): Generator<readonly number[]> {
  const order = array(graph.size).fill(-1);
  const low = array(graph.size);
  const onStack = allocated(() => new Uint8Array(graph.size));
  const stack: number[] = [];
  let visited = 0;
  for (let root = 0; root < graph.size; root++) {
    if (order[root] !== -1 || !within(root)) continue;
    const path: { readonly id: number; edge: number; readonly end: number }[] = [];
    const enter = (id: number): void => {
      order[id] = low[id] = visited++;
      stack.push(id);
      onStack[id] = 1;
      const { first, end } = graph.edgesOf(id);
      path.push({ id, edge: first, end });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { id } = top;
      if (top.edge < top.end) {
        const to = graph.target(top.edge++);
        if (!within(to)) continue;
        if (order[to] === -1) enter(to);
        else if (onStack[to] === 1) low[id] = Math.min(low[id]!, order[to]!);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent.id] = Math.min(low[parent.id]!, low[id]!);
      if (low[id] !== order[id]) continue;
      const members = stack.splice(stack.lastIndexOf(id));
      for (const member of members) onStack[member] = 0;
      yield members;
    }
  }
}

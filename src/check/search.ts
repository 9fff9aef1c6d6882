// SPDX-License-Identifier: MIT
import { HEAPS } from '../lang/index.ts';
import type { Exploration, Move, Progress, Reach, Reason } from './model.ts';
import { Rows, STRIDE } from './rows.ts';
import type { Arrival, Space } from './space.ts';
import { StateTable } from './state_table.ts';

/** What is wrong, and the shortest way to it. */
interface Wrong {
  readonly property: string;
  /** The last state of the way, or the one before it where the last step is `last`. */
  readonly state: number;
  readonly last: Move | undefined;
  /** Steps. */
  readonly length: number;
}

/** Visits every state once, nearest first, so that a counterexample is as short as there can be. */
export function search(space: Space, reach: Reach): Exploration {
  const pieces = searching(space, reach);
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/** The same in pieces. */
export const searching = (space: Space, reach: Reach): Generator<Progress, Exploration> =>
  new Search(space, reach).run();

class Search {
  readonly #space: Space;
  readonly #reach: Reach;
  readonly #table: StateTable;
  readonly #rows: Rows;
  /** The first state of each level. */
  readonly #levels: number[] = [];
  #transitions = 0;
  #depth = 0;
  #wrong: Wrong | undefined;

  constructor(space: Space, reach: Reach) {
    this.#space = space;
    this.#reach = reach;
    this.#rows = new Rows(space);
    const rest = (reach.mostBytes ?? Number.POSITIVE_INFINITY) - this.#rows.words.byteLength;
    this.#table = new StateTable(space, reach.mostStates, rest);
  }

  *run(): Generator<Progress, Exploration> {
    this.#table.states.set(this.#space.initial);
    this.#rows.put(this.#space.initial, this.#space.hash(this.#table.states, 0));
    if (!this.#addRows(0)) return this.#answer('undecided', this.#table.exhausted);
    for (let id = 0; id < this.#table.size && (this.#reach.whole || this.#wrong === undefined); ) {
      this.#levels.push(id);
      const depth = this.#levels.length - 1;
      for (const end = this.#table.size; id < end; ) {
        id = this.#expand(id, end, depth);
        if (!this.#addRows(depth + 1)) return this.#answer('undecided', this.#table.exhausted);
        const now = this.#progress(id, depth + 1);
        this.#reach.progress?.(now);
        yield now;
        if (this.#reach.interrupted?.() && id < this.#table.size) return this.#answer('undecided', 'interrupted');
      }
    }
    return this.#answer('holds');
  }

  /** @param expanded how many states are. */
  #progress(expanded: number, depth: number): Progress {
    const { size: states } = this.#table;
    return { states, transitions: this.#transitions, depth, queue: states - expanded, bytes: this.#bytes };
  }

  get #bytes(): number {
    return this.#table.bytes + this.#rows.words.byteLength;
  }

  /** Expands states of a level until there are rows enough. @returns the first state that it has not expanded. */
  #expand(from: number, end: number, depth: number): number {
    const { expand, words, failed } = this.#space;
    const { states } = this.#table;
    const { words: rows, ends } = this.#rows;
    let id = from;
    while (id < end && !this.#rows.isFull) {
      for (const stop = Math.min(end, id + STRIDE); id < stop; id++) {
        const count = expand(states, id * words, rows, ends);
        this.#transitions += count;
        if (count === 0) this.#noticeEnd(id, depth);
        if (failed[0] !== 0) this.#noticeFailure(id, depth);
      }
    }
    return id;
  }

  #noticeEnd(id: number, depth: number): void {
    if (this.#space.mayEnd(this.#table.states, id * this.#space.words)) return;
    // It is a step shorter than what another state of this level may have led to.
    if (this.#wrong !== undefined && this.#wrong.length <= depth) return;
    this.#wrong = { property: 'deadlock', state: id, last: undefined, length: depth };
  }

  #noticeFailure(id: number, depth: number): void {
    const { failed, asserts } = this.#space;
    const [number = 0, task = 0, option = 0] = failed;
    this.#wrong ??= { property: asserts[number - 1] ?? '', state: id, last: { task, option }, length: depth + 1 };
    failed[0] = 0;
  }

  /** Adds the collected rows, which are steps from a level to the one at `depth`. @returns false where the table is full. */
  #addRows(depth: number): boolean {
    const before = this.#table.size;
    for (let heap = 0; heap < HEAPS; heap++) {
      const { first, end } = this.#rows.heap(heap);
      if (!this.#table.add(heap, this.#rows.words, first, end)) return false;
    }
    this.#rows.clear();
    if (this.#table.size > before) this.#depth = depth;
    const state = this.#table.firstWrong;
    if (state !== -1 && this.#wrong === undefined) {
      const { violated, properties, words } = this.#space;
      const property = properties[violated(this.#table.states, state * words)] ?? '';
      this.#wrong = { property, state, last: undefined, length: depth };
    }
    return true;
  }

  #answer(verdict: Exploration['verdict'], reason?: Reason): Exploration {
    const wrong = this.#wrong;
    const bytes = this.#bytes;
    return {
      verdict: wrong === undefined ? verdict : 'violated',
      property: wrong?.property,
      states: this.#table.size,
      transitions: this.#transitions,
      depth: this.#depth,
      bytes,
      bytesPerState: bytes / this.#table.size,
      reason,
      counterexample: wrong && this.#movesTo(wrong),
    };
  }

  /**
   * The moves from the initial state. Nobody remembers them: each level is expanded once more, to find who led on.
   * Under a symmetry the way found leads from one state that stands for others to the next; what is handed back is a
   * run from the initial state.
   */
  #movesTo({ state, last, length }: Wrong): readonly Move[] {
    const { initial, steps, ways } = this.#space;
    const rows = new Rows(this.#space, 0);
    const levels: Int32Array[] = [];
    let level = last === undefined ? length : length - 1;
    for (let id = state; id !== 0; level--) {
      const to = this.#table.at(id);
      levels.push(to);
      id = this.#predecessor(to, this.#levels[level - 1] ?? 0, this.#levels[level] ?? id, rows);
    }
    const moves: Move[] = [];
    // The run is at a state like `from`, or at `from` itself.
    let run = initial;
    let from = initial;
    const take = ({ to }: Arrival): void => {
      const taken = steps(run).find((step) => this.#alike(step.to, to));
      if (taken === undefined) throw new Error('no step leads to the next state of a counterexample');
      moves.push(taken.move);
      run = taken.to;
    };
    for (const next of levels.toReversed()) {
      const way = ways(from).find((arrivals) => this.#alike(arrivals.at(-1)?.to ?? from, next));
      if (way === undefined) throw new Error('no way leads to the next state of a counterexample');
      way.forEach(take);
      from = next;
    }
    if (last !== undefined) {
      const final = steps(from).find(({ move }) => move.task === last.task && move.option === last.option);
      if (final === undefined) throw new Error('the last step of a counterexample cannot be taken');
      take(final);
    }
    return moves;
  }

  /** Whether two states are one, or stand for one. */
  #alike(a: Int32Array, b: Int32Array): boolean {
    const { words, canonicalize } = this.#space;
    const [first, second] = [a.slice(0, words), b.slice(0, words)];
    canonicalize(first, 0);
    canonicalize(second, 0);
    return first.every((word, i) => word === second[i]);
  }

  /** The first state from `first` up to `end` that leads to a state. */
  #predecessor(to: Int32Array, first: number, end: number, rows: Rows): number {
    const { expand, words } = this.#space;
    for (let id = first; id < end; id++) {
      rows.clear();
      expand(this.#table.states, id * words, rows.words, rows.ends);
      if (rows.holds(to)) return id;
    }
    throw new Error('no state of the level before leads to a state');
  }
}

// SPDX-License-Identifier: MIT
import { HEAPS } from '../lang/index.ts';
import { exploringProgram, type ProgramExploration, type Question, spaceOfProgram, whatElse } from './explore.ts';
import type { Move, Progress, Reach, Reason } from './model.ts';
import { heapOf, putRow, Rows } from './rows.ts';
import type { Space } from './space.ts';
import { StateTable } from './state_table.ts';

/** States that are entered between two checks for an interruption. */
const BETWEEN_LOOKS = 4096;

/** Smallest bound of the search for a nearer violation, in states: some tenths of a second. */
const FEW = 100_000;

/** A state on the current path, and its successors. */
interface Frame {
  readonly state: Int32Array;
  /** Successors, concatenated, each with its hash: their words, and the heap of each. */
  readonly successors: Int32Array;
  readonly heaps: Uint8Array;
  next: number;
}

/** A violation, and the states that lead there. */
interface Wrong {
  readonly property: string;
  readonly way: readonly Int32Array[];
  /** The step in which an assert fails. */
  readonly last: Move | undefined;
}

/**
 * Explores a program depth first. It finds distant violations early, and keeps only the states on the current path. The run
 * that it finds first need not be the shortest. A bounded breadth-first search looks for the shortest; if it finds no
 * violation, `isShortest` is false. `depth` is the longest path. Without symmetry, checkpoints and hashes.
 */
export function* exploringDepthFirst(asked: Question, reach: Reach): Generator<Progress, ProgramExploration> {
  const question = { ...asked, symmetry: undefined };
  const { space, isPartial } = spaceOfProgram(question);
  const walk = new DepthFirst(space, reach);
  const { reason, wrong } = yield* walk.run();
  const found = {
    states: walk.states,
    transitions: walk.transitions,
    depth: walk.depth,
    bytes: walk.bytes,
    bytesPerState: walk.bytes / walk.states,
    omission: undefined,
    reason,
    ...whatElse(question, space, isPartial),
  };
  if (wrong === undefined) {
    const verdict = reason === undefined ? 'holds' : 'undecided';
    return { verdict, property: undefined, counterexample: undefined, isShortest: false, ...found };
  }
  const near = {
    ...reach,
    whole: false,
    checkpoint: undefined,
    lossy: undefined,
    mostStates: Math.min(reach.mostStates, Math.max(FEW, walk.states)),
  };
  const { property, counterexample, isShortest } = yield* exploringProgram({ ...question, partialOrder: false }, near);
  if (property !== undefined && counterexample !== undefined && isShortest)
    return { verdict: 'violated', ...found, property, counterexample, isShortest };
  return {
    verdict: 'violated',
    ...found,
    property: wrong.property,
    counterexample: movesOf(space, wrong),
    isShortest: false,
  };
}

class DepthFirst {
  readonly #space: Space;
  readonly #reach: Reach;
  readonly #table: StateTable;
  readonly #rows: Rows;
  readonly #frames: Frame[] = [];
  #waiting = 0;
  #wrong: Wrong | undefined;
  transitions = 0;
  depth = 0;

  constructor(space: Space, reach: Reach) {
    const { words, most } = space.compiled;
    this.#space = space;
    this.#reach = reach;
    this.#table = new StateTable(words, reach.mostStates, [...Array(HEAPS).keys()], false);
    this.#rows = new Rows(new Int32Array(HEAPS * (words + 1) * Math.max(1, most)), new Int32Array(HEAPS), 0);
  }

  get states(): number {
    return this.#table.size;
  }

  /** Bytes of the states, their table, and the successors on the path. */
  get bytes(): number {
    return this.#table.bytes + this.#waiting;
  }

  *run(): Generator<Progress, { readonly reason: Reason | undefined; readonly wrong: Wrong | undefined }> {
    const { mostStates, mostBytes = Number.POSITIVE_INFINITY, whole = false, interrupted, progress } = this.#reach;
    const over = (reason?: Reason) => ({ reason, wrong: this.#wrong });
    const { words } = this.#space.compiled;
    this.#table.allow(mostStates, mostBytes);
    const first = this.#space.initial;
    this.#rows.clear();
    putRow(first, this.#rows.words, this.#rows.ends);
    const heap = heapOf(first);
    if (!this.#table.add(heap, this.#rows.words, this.#rows.begin(heap), this.#rows.end(heap))) return over('states');
    this.#enter(first);
    for (let turns = 0; ; turns++) {
      const frame = this.#frames.at(-1);
      if (frame === undefined || (this.#wrong !== undefined && !whole)) return over();
      if (turns % BETWEEN_LOOKS === 0) {
        const { states, transitions, bytes } = this;
        const now = { states, transitions, depth: this.#frames.length - 1, queue: this.#frames.length, bytes };
        progress?.(now);
        yield now;
        if (interrupted?.()) return over('interrupted');
        if (bytes > mostBytes) return over('memory');
      }
      if (frame.next === frame.heaps.length) {
        this.#frames.pop();
        this.#waiting -= frame.successors.byteLength;
        continue;
      }
      const at = frame.next * (words + 1);
      const before = this.states;
      if (!this.#table.add(frame.heaps[frame.next++] ?? 0, frame.successors, at, at + words + 1))
        return over(before >= mostStates ? 'states' : 'memory');
      if (this.states > before) this.#enter(frame.successors.slice(at, at + words));
    }
  }

  /** Puts a new state onto the path, with its successors, and checks it. */
  #enter(state: Int32Array): void {
    const { compiled, properties, asserts } = this.#space;
    const { words, ends } = this.#rows;
    const row = compiled.words + 1;
    this.#rows.clear();
    const count = compiled.expand(state, 0, words, ends);
    this.transitions += count;
    const size = ends.reduce((sum, end, heap) => sum + end - this.#rows.begin(heap), 0);
    const successors = new Int32Array(size);
    const heaps = new Uint8Array(size / row);
    let to = 0;
    for (const [heap, end] of ends.entries())
      for (let from = this.#rows.begin(heap); from < end; from += row, to += row) {
        successors.set(words.subarray(from, from + row), to);
        heaps[to / row] = heap;
      }
    this.#frames.push({ state, successors, heaps, next: 0 });
    this.#waiting += successors.byteLength;
    this.depth = Math.max(this.depth, this.#frames.length - 1);
    const which = compiled.violated(state, 0);
    if (which !== -1) this.#notice(properties[which] ?? '');
    const [assert = 0, task = 0, option = 0] = compiled.failed;
    compiled.failed[0] = 0;
    if (assert !== 0) this.#notice(asserts[assert - 1] ?? '', { task, option });
    if (count === 0 && !compiled.mayEnd(state, 0)) this.#notice('deadlock');
  }

  /** Keeps the first violation. */
  #notice(property: string, last?: Move): void {
    this.#wrong ??= { property, way: this.#frames.map(({ state }) => state), last };
  }
}

/** The steps of a path, including those whose states were not stored. */
function movesOf({ ways, compiled }: Space, { way, last }: Wrong): readonly Move[] {
  const moves = way.slice(1).flatMap((to, i) => {
    const from = way[i];
    const steps = from && ways(from).find((arrivals) => isSame(arrivals.at(-1)?.to, to, compiled.words));
    if (steps === undefined) throw new Error('no way leads to the next state of a run');
    return steps.map(({ move }) => move);
  });
  return last === undefined ? moves : [...moves, last];
}

const isSame = (a: Int32Array | undefined, b: Int32Array, words: number): boolean =>
  a !== undefined && b.subarray(0, words).every((word, i) => a[i] === word);

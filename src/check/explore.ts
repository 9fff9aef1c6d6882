// SPDX-License-Identifier: MIT
import {
  compilePacked,
  compileSuccessors,
  type Memory,
  type Program,
  type Property,
  type Symmetry,
  FUSABLE,
  HEAPS,
  independence,
  type Successors,
  type Value,
} from '../lang/index.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import type { Exploration, Limits, Model, Progress, Reach } from './model.ts';
import { search, searching } from './search.ts';
import type { Arrival, Space } from './space.ts';

/** Explores a model whose steps are written by hand. */
export const explore = (model: Model, limits: Limits): Exploration => search(spaceOf(model, limits), limits);

/** What makes a search smaller without changing its verdict. */
export type Reduction = 'partial order' | 'symmetry';

/** What exploring a program came to. Under partial order `depth` counts levels of states that are not passed by. */
export interface ProgramExploration extends Exploration {
  /** Those that were used: partial order is not where a program has too many local states. */
  readonly reductions: readonly Reduction[];
  /** The counterexample has as few steps as there can be. */
  readonly isShortest: boolean;
  /**
   * Names of the question's `sometimes` that no visited state came up to. Where there are any, "holds" is vacuous: it says nothing
   * about what it was asked for, and is no success.
   */
  readonly unreached: readonly string[];
  /** Where it was asked for. */
  readonly coverage: Coverage | undefined;
}

/** What is asked of a program. */
export interface Question {
  readonly program: Program;
  /** The code that each task runs from the initial state on. */
  readonly codeOf: readonly number[];
  readonly initial: Memory;
  readonly properties: readonly Property[];
  /** What is to be true of some state, so that "holds" is not said of runs in which nothing happened. */
  readonly sometimes?: readonly Property[] | undefined;
  /** Notes which steps were ever taken. */
  readonly coverage?: boolean | undefined;
  /** A state in which no task can step is a deadlock, unless this holds in it. */
  readonly mayEnd: Value<'bool'>;
  /** Explores one state for all that differ by an exchange of these. */
  readonly symmetry?: Symmetry | undefined;
  /** Leaves out steps whose order nobody can tell (docs/checking.md). Verdicts stay; states become fewer, and are no longer levels of single steps. */
  readonly partialOrder?: boolean | undefined;
}

/** Explores a program: its steps, asserts and properties are compiled together. */
export function exploreProgram(question: Question, reach: Reach): ProgramExploration {
  const pieces = exploringProgram(question, reach);
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/**
 * The same in pieces of some tenths of a second at most, for a thread that has something else to do between them:
 * to notice that it is interrupted, say. Who has heard enough need not ask for the rest.
 */
export function* exploringProgram(question: Question, reach: Reach): Generator<Progress, ProgramExploration> {
  const { space, isPartial } = spaceOfProgram(question);
  const found = yield* searching(space, reach);
  const { sometimes = [], coverage = false, symmetry } = question;
  const about = {
    reductions: [...(isPartial ? (['partial order'] as const) : []), ...(symmetry ? (['symmetry'] as const) : [])],
    unreached: sometimes.flatMap(({ name }, i) => (space.reached[i] === 0 ? [name] : [])),
    coverage: coverage ? coverageOf(space) : undefined,
  };
  if (!isPartial || found.counterexample === undefined)
    return { ...found, ...about, isShortest: found.counterexample !== undefined };
  // It ends where the nearest violation is, which is no farther than the one that was found.
  const whole = spaceOfProgram({ ...question, partialOrder: false });
  const nearest = yield* searching(whole.space, { ...reach, whole: false });
  const { property, counterexample } = nearest;
  if (counterexample === undefined) return { ...found, ...about, isShortest: false };
  return { ...found, ...about, property, counterexample, isShortest: true };
}

function spaceOfProgram(question: Question): { readonly space: Space; readonly isPartial: boolean } {
  const { program, codeOf, initial, properties, sometimes = [], symmetry, partialOrder = false } = question;
  const packed = compilePacked(program, codeOf);
  const model = { ...packed, initial: packed.pack(initial) };
  const conditions = [...properties, ...sometimes].map(({ holds }) => holds);
  const reduction = partialOrder ? independence(program, codeOf, initial, conditions) : undefined;
  const successors = compileSuccessors(program, codeOf, question, symmetry, reduction);
  const space: Space = {
    ...successors,
    initial: model.initial,
    properties: properties.map(({ name }) => name),
    steps: (state) => stepsIn(model, state),
    ways: (state) =>
      reduction === undefined ? stepsIn(model, state).map((step) => [step]) : reducedWaysIn(model, successors, state),
  };
  return { space, isPartial: reduction !== undefined };
}

/** The steps that lead on from a state, each with the state that it leads to. */
function stepsIn(model: Model, from: Int32Array): readonly Arrival[] {
  const steps: Arrival[] = [];
  const state = from.slice();
  forEachSuccessor(model, state, (task, option) => {
    steps.push({ move: { task, option }, to: state.slice() });
    state.set(from);
  });
  return steps;
}

/** The same where a reduction chooses among the steps and passes states by. */
function reducedWaysIn(model: Model, { choose }: Successors, from: Int32Array): readonly (readonly Arrival[])[] {
  const chosen = choose(from, 0);
  return stepsIn(model, from)
    .filter(({ move }) => (chosen & (1 << move.task)) !== 0)
    .map((first) => {
      const way = [first];
      const state = first.to.slice();
      for (let only = choose(state, 0); only >= FUSABLE; only = choose(state, 0)) {
        const task = 31 - Math.clz32(only & (FUSABLE - 1));
        if (!model.step(task, state, 0)) throw new Error('a task that can step does not');
        way.push({ move: { task, option: 0 }, to: state.slice() });
      }
      return way;
    });
}

/** Takes every possible step; `visit` finds the state changed and has to set it back. */
function forEachSuccessor(model: Model, state: Int32Array, visit: (task: number, option: number) => void): void {
  for (let task = 0; task < model.tasks; task++)
    for (let option = 0; option < (model.options?.[task] ?? 1); option++)
      if (model.step(task, state, option)) visit(task, option);
}

function spaceOf(model: Model, { invariants, mayEnd }: Limits): Space {
  const { words } = model;
  const state = new Int32Array(words);
  const load = (states: Int32Array, at: number): Int32Array => {
    for (let i = 0; i < words; i++) state[i] = states[at + i]!;
    return state;
  };
  return {
    words,
    initial: model.initial,
    most: Array.from({ length: model.tasks }, (_, task) => model.options?.[task] ?? 1).reduce((a, b) => a + b, 0),
    expand: (states, at, rows, ends) => {
      let count = 0;
      load(states, at);
      forEachSuccessor(model, state, () => {
        const hash = hashOf(state, 0, words);
        const heap = hash >>> HEAP_SHIFT;
        const end = ends[heap]!;
        for (let i = 0; i < words; i++) rows[end + i] = state[i]!;
        rows[end + words] = hash;
        ends[heap] = end + words + 1;
        count++;
        load(states, at);
      });
      return count;
    },
    canonicalize: () => {},
    choose: () => -1,
    hash: (states, at) => hashOf(states, at, words),
    violated: (states, at) => {
      load(states, at);
      return invariants.findIndex(({ holds }) => !holds(state));
    },
    mayEnd: (states, at) => mayEnd(load(states, at)),
    failed: new Int32Array(3),
    properties: invariants.map(({ name }) => name),
    asserts: [],
    reached: new Uint8Array(0),
    places: [],
    taken: new Uint8Array(0),
    steps: (from) => stepsIn(model, from),
    ways: (from) => stepsIn(model, from).map((step) => [step]),
  };
}

/** The heap of a hash is its highest bits. */
const HEAP_SHIFT = 32 - Math.log2(HEAPS);

/** Spreads a state over 32 bits (the finalizer of MurmurHash3 between words). */
function hashOf(states: Int32Array, at: number, words: number): number {
  let hash = 0x9e3779b9 | 0;
  for (let i = at; i < at + words; i++) {
    hash = Math.imul(hash ^ states[i]!, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}

// SPDX-License-Identifier: MIT
import {
  compilePacked,
  compileSuccessors,
  type Memory,
  type Program,
  type Property,
  type Symmetry,
  HEAPS,
  type Value,
} from '../lang/index.ts';
import type { Exploration, Limits, Model, Move, Progress, Reach } from './model.ts';
import { search, searching } from './search.ts';
import type { Space } from './space.ts';

/** Explores a model whose steps are written by hand. */
export const explore = (model: Model, limits: Limits): Exploration => search(spaceOf(model, limits), limits);

/** What is asked of a program. */
export interface Question {
  readonly program: Program;
  /** The code that each task runs from the initial state on. */
  readonly codeOf: readonly number[];
  readonly initial: Memory;
  readonly properties: readonly Property[];
  /** A state in which no task can step is a deadlock, unless this holds in it. */
  readonly mayEnd: Value<'bool'>;
  /** Explores one state for all that differ by an exchange of these. */
  readonly symmetry?: Symmetry | undefined;
}

/** Explores a program: its steps, asserts and properties are compiled together. */
export const exploreProgram = (question: Question, reach: Reach): Exploration =>
  search(spaceOfProgram(question), reach);

/**
 * The same in pieces of some tenths of a second at most, for a thread that has something else to do between them:
 * to notice that it is interrupted, say. Who has heard enough need not ask for the rest.
 */
export const exploringProgram = (question: Question, reach: Reach): Generator<Progress, Exploration> =>
  searching(spaceOfProgram(question), reach);

function spaceOfProgram(question: Question): Space {
  const { program, codeOf, initial, properties, mayEnd, symmetry } = question;
  const packed = compilePacked(program, codeOf);
  const model = { ...packed, initial: packed.pack(initial) };
  const successors = compileSuccessors(program, codeOf, properties, mayEnd, symmetry);
  return {
    ...successors,
    initial: model.initial,
    properties: properties.map(({ name }) => name),
    moves: (state) => movesIn(model, state),
  };
}

/** The moves that lead on from a state, each with the state that it leads to. */
function movesIn(model: Model, from: Int32Array): ReturnType<Space['moves']> {
  const moves: { move: Move; to: Int32Array }[] = [];
  const state = from.slice();
  forEachSuccessor(model, state, (task, option) => {
    moves.push({ move: { task, option }, to: state.slice() });
    state.set(from);
  });
  return moves;
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
    hash: (states, at) => hashOf(states, at, words),
    violated: (states, at) => {
      load(states, at);
      return invariants.findIndex(({ holds }) => !holds(state));
    },
    mayEnd: (states, at) => mayEnd(load(states, at)),
    failed: new Int32Array(3),
    properties: invariants.map(({ name }) => name),
    asserts: [],
    moves: (from) => movesIn(model, from),
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

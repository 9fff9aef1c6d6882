// SPDX-License-Identifier: MIT
import {
  compilePacked,
  type Memory,
  type Program,
  type Property,
  type Symmetry,
  FUSABLE,
  independence,
  Interpreter,
  type Successors,
  readSuccessors,
  type Value,
  writeSuccessors,
} from '../lang/index.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import type { Exploration, Limits, Model, Progress, Reach } from './model.ts';
import { fingerprintOf, putRow } from './rows.ts';
import { search, searching } from './search.ts';
import type { Arrival, Space } from './space.ts';

/**
 * Explores a model with hand-written steps.
 * @example
 * import { explore } from 'folioscope/check';
 * // Two tasks that add 1 to a word, each until it is 3.
 * const step = (_task: number, state: Int32Array) => state[0]! < 3 && (state[0]!++, true);
 * const model = { words: 1, tasks: 2, initial: new Int32Array(1), step };
 * const small = { name: 'small', holds: ([word = 0]: Int32Array) => word < 4 };
 * explore(model, { invariants: [small], mayEnd: () => true, mostStates: 100 }).states; // => 4
 */
export function explore(model: Model, limits: Limits): Exploration {
  const space = spaceOf(model, limits);
  const found = search(space, limits);
  if (limits.lossy === undefined || found.verdict !== 'violated') return found;
  const { property, counterexample } = search(space, { ...limits, whole: false, lossy: undefined });
  return counterexample === undefined ? found : { ...found, property, counterexample };
}

/** A way to reduce a search without changing its verdict. */
export type Reduction = 'partial order' | 'symmetry';

/** Result of exploring a program. Under partial order `depth` counts levels of stored states only. */
export interface ProgramExploration extends Exploration {
  /** The reductions that were used: partial order is not used if a program has too many local states. */
  readonly reductions: readonly Reduction[];
  /** Whether the counterexample has the fewest steps possible. */
  readonly isShortest: boolean;
  /**
   * Names of the question's `sometimes` properties that no visited state satisfied. If there are any, "holds" is
   * vacuous, and is not a success.
   */
  readonly unreached: readonly string[];
  /** Undefined unless the question asks for it. */
  readonly coverage: Coverage | undefined;
}

/** A question about a program. */
export interface Question {
  readonly program: Program;
  /** The code that each task runs from the initial state. */
  readonly codeOf: readonly number[];
  readonly initial: Memory;
  readonly properties: readonly Property[];
  /** Properties that some state must satisfy, so that "holds" cannot be vacuous. */
  readonly sometimes?: readonly Property[] | undefined;
  /** Records which steps were ever taken. */
  readonly coverage?: boolean | undefined;
  /** A state in which no task can step is a deadlock, unless this holds in it. */
  readonly mayEnd: Value<'bool'>;
  /** Keeps one state of all that differ by a permutation of these tasks. */
  readonly symmetry?: Symmetry | undefined;
  /**
   * Omits equivalent orders of steps (docs/reductions.md). Verdicts are unchanged. There are fewer states, and levels
   * are no longer single steps.
   */
  readonly partialOrder?: boolean | undefined;
}

/**
 * Explores a program: its steps, asserts and properties are compiled together.
 * @example
 * import { exploreProgram, exploringDepthFirst, exploringProgram } from 'folioscope/check';
 * import { buildCode, createMemory, int, Interpreter, literal, program, sharedScalar } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const adding = buildCode('adding', null, { task: 2 }, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program({ task: 2 }, [total], [adding]);
 * const initial = createMemory(counting);
 * const interpreter = new Interpreter(counting, initial);
 * for (const task of [0, 1]) interpreter.start(task, 0);
 * const question = {
 *   program: counting,
 *   codeOf: [0, 0],
 *   initial,
 *   properties: [{ name: 'at most one', holds: total.le(1) }],
 *   mayEnd: literal<'bool'>(1),
 * };
 * const { verdict, property, counterexample } = exploreProgram(question, { mostStates: 1000 });
 * [verdict, property, counterexample?.length]; // => ['violated', 'at most one', 2]
 * // In pieces, and depth first:
 * [...exploringProgram(question, { mostStates: 1000 })].length < 10; // => true
 * [...exploringDepthFirst(question, { mostStates: 1000 })].length < 10; // => true
 */
export function exploreProgram(question: Question, reach: Reach): ProgramExploration {
  const pieces = exploringProgram(question, reach);
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/**
 * The same in pieces of at most some tenths of a second, so that the caller can handle interruptions in between. The
 * caller may stop early.
 */
export function* exploringProgram(question: Question, reach: Reach): Generator<Progress, ProgramExploration> {
  const { space, isPartial } = spaceOfProgram(question);
  const found = yield* searching(space, reach);
  const about = whatElse(question, space, isPartial);
  const isToBeSearched = found.verdict === 'violated' && (isPartial || reach.lossy !== undefined);
  if (!isToBeSearched) return { ...found, ...about, isShortest: found.counterexample !== undefined };
  const whole = spaceOfProgram({ ...question, partialOrder: false });
  return { ...found, ...about, ...nearestOf(yield* searching(whole.space, exactly(reach))) };
}

/** Limits of the exact search that repeats a lossy one up to the nearest violation, which is no farther. */
export const exactly = (reach: Reach): Reach => ({ ...reach, whole: false, checkpoint: undefined, lossy: undefined });

/** Changes that such a search makes to the result. */
export const nearestOf = ({
  property,
  counterexample,
}: Exploration): Pick<ProgramExploration, 'isShortest'> & Partial<Pick<Exploration, 'property' | 'counterexample'>> =>
  counterexample === undefined ? { isShortest: false } : { property, counterexample, isShortest: true };

/** The parts of a result besides the violation. */
export function whatElse(
  { sometimes = [], coverage = false, symmetry }: Question,
  space: Space,
  isPartial: boolean,
): Pick<ProgramExploration, 'reductions' | 'unreached' | 'coverage'> {
  return {
    reductions: [...(isPartial ? (['partial order'] as const) : []), ...(symmetry ? (['symmetry'] as const) : [])],
    unreached: sometimes.flatMap(({ name }, i) => (space.reached[i] === 0 ? [name] : [])),
    coverage: coverage ? coverageOf(space, symmetry) : undefined,
  };
}

/**
 * A program compiled for `search`.
 * @param shared for several threads.
 */
export function spaceOfProgram(
  question: Question,
  shared = false,
): { readonly space: Space; readonly isPartial: boolean; readonly model: Model } {
  const { program, codeOf, initial, properties, sometimes = [], symmetry, partialOrder = false } = question;
  const packed = compilePacked(program, codeOf);
  const model = { ...packed, initial: packed.pack(initial) };
  const [always, once] = [properties, sometimes].map((of) => of.map(({ holds }) => holds));
  const reduction = partialOrder ? independence(program, codeOf, initial, always ?? [], once, symmetry) : undefined;
  const { text, ...names } = writeSuccessors(program, codeOf, question, { symmetry, reduction, shared });
  const compiled = readSuccessors(text);
  const space: Space = {
    ...names,
    canonicalize: compiled.canonicalize,
    reached: compiled.reached,
    taken: compiled.taken,
    compiled,
    fails: (state, { task, option }) => {
      const { step, failed } = new Interpreter(program, packed.unpack(state)).step(task, option) ?? {};
      if (step === undefined || failed === undefined) throw new Error('a step that fails cannot be taken');
      return failed;
    },
    fingerprint: () => {
      const named = [...names.asserts, ...[...properties, ...sometimes].map(({ name }) => name)];
      return fingerprintOf([text.source, ...model.initial, ...named]);
    },
    text,
    initial: model.initial,
    properties: properties.map(({ name }) => name),
    steps: (state) => stepsIn(model, state),
    ways: (state) =>
      reduction === undefined ? stepsIn(model, state).map((step) => [step]) : reducedWaysIn(model, compiled, state),
  };
  return { space, isPartial: reduction !== undefined, model };
}

/** The steps from a state, each with its successor. */
function stepsIn(model: Model, from: Int32Array): readonly Arrival[] {
  const steps: Arrival[] = [];
  const state = from.slice();
  forEachSuccessor(model, state, (task, option) => {
    steps.push({ move: { task, option }, to: state.slice() });
    state.set(from);
  });
  return steps;
}

/** The same with a reduction, which chooses among the steps and skips states. */
function reducedWaysIn(
  model: Model,
  { choose }: Pick<Successors, 'choose'>,
  from: Int32Array,
): readonly (readonly Arrival[])[] {
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

/** Takes every possible step; `visit` finds the changed state and must restore it. */
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
    initial: model.initial,
    asserts: [],
    canonicalize: () => {},
    properties: invariants.map(({ name }) => name),
    reached: new Uint8Array(0),
    places: [],
    taken: new Uint8Array(0),
    steps: (from) => stepsIn(model, from),
    ways: (from) => stepsIn(model, from).map((step) => [step]),
    text: undefined,
    fails: () => [],
    fingerprint: undefined,
    compiled: {
      words,
      most: Array.from({ length: model.tasks }, (_, task) => model.options?.[task] ?? 1).reduce((a, b) => a + b, 0),
      expand: (states, at, rows, ends) => {
        let count = 0;
        load(states, at);
        forEachSuccessor(model, state, () => {
          putRow(state, rows, ends);
          count++;
          load(states, at);
        });
        return count;
      },
      violated: (states, at) => {
        load(states, at);
        return invariants.findIndex(({ holds }) => !holds(state));
      },
      mayEnd: (states, at) => mayEnd(load(states, at)),
      failed: new Int32Array(3),
    },
  };
}

// SPDX-License-Identifier: MIT
import type { Independence } from '../analyse/independence.ts';
import { canonicalizing, type Symmetry } from '../analyse/symmetry.ts';
import { CHECKING, declareChecks } from '../compile/checks.ts';
import { generated } from '../compile/generated.ts';
import { layOut } from '../program/layout.ts';
import { type Program, tasksOf } from '../program/program.ts';
import type { Value } from '../text/expression.ts';
import { namesOf, type ReducedGiven, ReducedText } from './reduced_text.ts';
import { StateWords, WORDS } from './state_words.ts';
import { type Place, StepFunctions } from './step_functions.ts';

/** A condition that must hold in every state. */
export interface Property {
  readonly name: string;
  readonly holds: Value<'bool'>;
}

/**
 * A program compiled for exploring in bulk. A state is a row of words in an array of states; `at` is its first word. One call
 * finds all successors of a state and appends a row for each to the heap of its hash:
 *
 *     word 0 | ... | word n-1 | hash
 *
 * in the order of tasks and, within a task, options.
 */
export interface Successors {
  /** Words of a state. */
  readonly words: number;
  /** Largest number of successors of a state. */
  readonly most: number;
  /**
   * Appends the successors of the state at `at` to `rows`: for heap i at `ends[i]`, which it advances.
   * @returns their number.
   */
  readonly expand: (states: Int32Array, at: number, rows: Int32Array, ends: Int32Array) => number;
  /** Replaces a state by the representative of its equivalence class; without symmetry, by itself. */
  readonly canonicalize: (states: Int32Array, at: number) => void;
  /** The hash that `expand` gives to a state. */
  readonly hash: (states: Int32Array, at: number) => number;
  /** The number of a property that the state at `at` violates, or -1. */
  readonly violated: (states: Int32Array, at: number) => number;
  /**
   * The tasks whose steps `expand` takes in a state, as a set; with FUSABLE if it keeps no state before the next step. Without a
   * reduction, all tasks.
   */
  readonly choose: (states: Int32Array, at: number) => number;
  /** Whether the state may be a final one. */
  readonly mayEnd: (states: Int32Array, at: number) => boolean;
  /** The first assert that failed since [0] was last 0: its number in `asserts` plus 1, the task, the option. */
  readonly failed: Int32Array;
  /** Names of the program's asserts. */
  readonly asserts: readonly string[];
  /** By `sometimes` property: 1 if a visited state satisfied it. */
  readonly reached: Uint8Array;
  /** Every step of the tasks' codes, if coverage is requested. */
  readonly places: readonly Place[];
  /** By place: 1 if the step was taken. */
  readonly taken: Uint8Array;
}

/** Properties of the states. */
export interface Asked {
  readonly properties: readonly Property[];
  /** Conditions that some state should satisfy. */
  readonly sometimes?: readonly Property[] | undefined;
  /** Whether the state may be a final one. */
  readonly mayEnd: Value<'bool'>;
  /** Records which steps were taken. */
  readonly coverage?: boolean | undefined;
}

/**
 * Generates a function for each task and option: it takes the state's words as parameters, changes them as local
 * variables, and writes the row with its hash. What is asked becomes code over the same words.
 * @param codeOf the code that each task runs from the initial state on.
 * @example
 * import {
 *   buildCode,
 *   compilePacked,
 *   compileSuccessors,
 *   createMemory,
 *   HEAPS,
 *   int,
 *   Interpreter,
 *   literal,
 *   program,
 *   readSuccessors,
 *   sharedScalar,
 *   writeSuccessors,
 * } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const sizes = { task: 2 };
 * const adding = buildCode('adding', null, sizes, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program(sizes, [total], [adding]);
 * const memory = createMemory(counting);
 * const interpreter = new Interpreter(counting, memory);
 * for (const task of [0, 1]) interpreter.start(task, 0);
 * const asked = { properties: [{ name: 'few', holds: total.lt(2) }], mayEnd: literal<'bool'>(1) };
 * const state = compilePacked(counting, [0, 0]).pack(memory);
 * const { expand, most, words } = compileSuccessors(counting, [0, 0], asked);
 * const row = words + 1;
 * const ends = Int32Array.from({ length: HEAPS }, (_, heap) => heap * most * row);
 * expand(state, 0, new Int32Array(HEAPS * most * row), ends); // => 2
 * // Written here, read in another thread:
 * const { text } = writeSuccessors(counting, [0, 0], asked);
 * readSuccessors(text).violated(state, 0); // => -1
 */
export const compileSuccessors = (
  program: Program,
  codeOf: readonly number[],
  asked: Asked,
  how: Pick<Compiling, 'symmetry' | 'reduction'> = {},
): Successors => {
  const { text, ...more } = writeSuccessors(program, codeOf, asked, how);
  return { ...readSuccessors(text), ...more };
};

/** The generated source with its data; other threads can be given it. */
export interface SuccessorsText extends Pick<Successors, 'words' | 'most' | 'reached' | 'taken'> {
  readonly source: string;
  /** The data of the reduction; undefined without one. */
  readonly reduced: ReducedGiven | undefined;
}

/** The generated functions. */
type Generated = Pick<Successors, 'expand' | 'canonicalize' | 'hash' | 'violated' | 'mayEnd' | 'choose'>;

/** The second half of `compileSuccessors`. */
export function readSuccessors(text: SuccessorsText): ReadSuccessors {
  const failed = new Int32Array(3);
  const { source, reduced, ...more } = text;
  const given = { failed, reached: text.reached, taken: text.taken, ...CHECKING, ...(reduced && namesOf(reduced)) };
  const made = generated<Generated>(source, given);
  return { ...more, ...made, failed };
}

/** The compiled functions, without the program's names and places. */
export type ReadSuccessors = Omit<Successors, 'asserts' | 'places'>;

/** Flags that several threads may set to 1 at the same time. */
const flags = (count: number, shared: boolean): Uint8Array =>
  shared ? new Uint8Array(new SharedArrayBuffer(count)) : new Uint8Array(count);

/** Options of the compilation. */
export interface Compiling {
  /** Explores one representative of each equivalence class; the initial state must be its own. */
  readonly symmetry?: Symmetry | undefined;
  /** Takes a persistent set in each state; a single invisible step is taken at once. */
  readonly reduction?: Independence | undefined;
  /** Whether the flags are in shared memory, for several threads. */
  readonly shared?: boolean;
}

/** The first half of `compileSuccessors`. */
export function writeSuccessors(
  program: Program,
  codeOf: readonly number[],
  { properties, sometimes = [], mayEnd, coverage = false }: Asked,
  { symmetry, reduction, shared = false }: Compiling = {},
): Pick<Successors, 'asserts' | 'places'> & {
  readonly text: SuccessorsText;
} {
  if (codeOf.length !== tasksOf(program.sizes)) throw new Error('every task needs a code');
  const layout = layOut(program, codeOf);
  const codes = codeOf.map((number) => {
    const code = program.codes[number];
    if (code === undefined) throw new Error(`no code ${number}`);
    return code;
  });
  const canonical = symmetry === undefined ? '' : canonicalizing(symmetry, program, codes, layout, WORDS);
  const words = new StateWords(layout, canonical);
  const { parameters, load } = words;
  const functions = new StepFunctions({ program, codes, layout, words, toScratch: reduction !== undefined, coverage });
  const steps = codes.map((code, task) => functions.task(code, task));
  const conditions = properties.map(({ holds }) => functions.condition(holds));
  const wishes = sometimes.map(({ holds }) => functions.condition(holds));
  const end = functions.condition(mayEnd);
  const calls = steps.map((step) => step.calls);
  const reduced = reduction && new ReducedText(reduction, codes, layout, words, functions);
  const source = [
    declareChecks(functions.sites),
    ...steps.map(({ source: text }) => text),
    `const canonicalize=(states,at)=>{${load}${words.storeCanonical}};`,
    `const hash=(states,at)=>{${load}${words.hash}return h;};`,
    `const violatedIn=(${parameters})=>{${wishes
      .map(({ prelude, js }, i) => `if(reached[${i}]===0){${prelude}if(${js})reached[${i}]=1;}`)
      .join('')}${conditions.map(({ prelude, js }, i) => `{${prelude}if(!(${js}))return ${i};}`).join('')}return -1;};`,
    `const violated=(states,at)=>{${load}return violatedIn(${parameters});};`,
    `const mayEnd=(states,at)=>{${load}${end.prelude}return ${end.js};};`,
    reduced?.source(calls) ?? `const choose=()=>-1;`,
    reduced === undefined
      ? `const expand=(states,at,rows,ends)=>{${load}return ${calls.flat().join('+')};};`
      : `const expand=${reduced.expand(calls)};`,
    'return {expand,canonicalize,hash,violated,mayEnd,choose};',
  ].join('\n');
  return {
    text: {
      words: layout.words,
      most: codes.reduce((sum, code) => sum + code.flow.mostOptions, 0),
      source,
      reached: flags(sometimes.length, shared),
      taken: flags(functions.places.length, shared),
      reduced: reduced?.given,
    },
    asserts: functions.asserts,
    places: functions.places,
  };
}

// SPDX-License-Identifier: MIT
import type { Observe, Step } from '../text/body.ts';
import { CHECKING, Checks, declareChecks } from '../compile/checks.ts';
import { Emitter, type Spelling } from '../compile/emit.ts';
import type { Value } from '../text/expression.ts';
import { optionsAt, type StepNode } from '../program/flow.ts';
import { generated } from '../compile/generated.ts';
import type { Independence } from '../analyse/independence.ts';
import { namesOf, type ReducedGiven, ReducedText } from './reduced_text.ts';
import { Sites } from '../text/out_of_range.ts';
import { fieldAt, type Layout, layOut } from '../program/layout.ts';
import { declare, loading, packedSpelling, positionsIn, restIn, wordsInVariables } from '../compile/packed_spelling.ts';
import { type Code, type Program, tasksOf } from '../program/program.ts';
import { type Rest, settle } from '../compile/settle.ts';
import { simplify } from '../text/simplify.ts';
import { canonicalizing, type Symmetry } from '../analyse/symmetry.ts';

/** A condition that is to hold in every state. */
export interface Property {
  readonly name: string;
  readonly holds: Value<'bool'>;
}

/** How many heaps `expand` sorts successors into, by the highest bits of their hashes. */
export const HEAPS = 64;
const HEAP_SHIFT = 26;

/**
 * A program compiled for exploring in bulk. A state is a row of words and stands in an array among others; `at` is
 * where it begins. One call finds all successors of a state and puts a row for each on the heap that its hash names:
 *
 *     word 0 | ... | word n-1 | hash
 *
 * in the order of tasks and, within a task, options.
 */
export interface Successors {
  /** Words of a state. */
  readonly words: number;
  /** Most successors of one state. */
  readonly most: number;
  /**
   * Puts the successors of the state at `at` into `rows`: onto heap i at `ends[i]`, which it moves on.
   * @returns how many there are.
   */
  readonly expand: (states: Int32Array, at: number, rows: Int32Array, ends: Int32Array) => number;
  /** Replaces a state by the one that stands for all that are like it; without a symmetry, by itself. */
  readonly canonicalize: (states: Int32Array, at: number) => void;
  /** The hash that `expand` gives to a state. */
  readonly hash: (states: Int32Array, at: number) => number;
  /** Which property does not hold in the state at `at`, or -1. */
  readonly violated: (states: Int32Array, at: number) => number;
  /**
   * The tasks whose steps `expand` takes in a state, as a set; with FUSABLE where it passes the state by. All tasks where nothing
   * is left out.
   */
  readonly choose: (states: Int32Array, at: number) => number;
  /** Whether a state may be the last. */
  readonly mayEnd: (states: Int32Array, at: number) => boolean;
  /** The first assert that failed since [0] was last 0: its number in `asserts` plus 1, the task, the option. */
  readonly failed: Int32Array;
  /** Names of the program's asserts. */
  readonly asserts: readonly string[];
  /** By `sometimes`: 1 where a state that it is true of was looked at. */
  readonly reached: Uint8Array;
  /** Where coverage is asked for: every step that the tasks' codes have. */
  readonly places: readonly Place[];
  /** By place: 1 where the step was taken. */
  readonly taken: Uint8Array;
}

/** A step of a task's code, as it can be taken at one place; or what is observed there, where it is. */
interface Place {
  readonly task: number;
  readonly step: Step;
  readonly observed: Observe | undefined;
}

/** What is asked of the states. */
export interface Asked {
  readonly properties: readonly Property[];
  /** What is to be true of some state. */
  readonly sometimes?: readonly Property[] | undefined;
  /** Whether a state may be the last. */
  readonly mayEnd: Value<'bool'>;
  /** Notes which steps were taken. */
  readonly coverage?: boolean | undefined;
}

/** Longest code whose steps are put into one function: engines do not optimise functions without end. */
const MOST_CHARACTERS = 12_000;
/** Repetitions and searches over at most so many known numbers are written out. */
const UNROLL = 8;

/**
 * Generates a function for each task and option: it takes the state's words as parameters, changes them as local
 * variables, and writes the row with its hash. What is asked becomes code over the same words.
 * @param codeOf the code that each task runs from the initial state on.
 * @param symmetry explores one state for all that are alike; the initial state has to be its own.
 * @param reduction leaves out steps whose order nobody can tell; a single step that is left is taken at once.
 */
export const compileSuccessors = (
  program: Program,
  codeOf: readonly number[],
  asked: Asked,
  symmetry?: Symmetry,
  reduction?: Independence,
): Successors => {
  const { text, ...more } = writeSuccessors(program, codeOf, asked, symmetry, reduction);
  return { ...readSuccessors(text), ...more };
};

/** What is generated, as data that can be handed to another thread. */
export interface SuccessorsText extends Pick<Successors, 'words' | 'most' | 'reached' | 'taken'> {
  readonly source: string;
  /** Where steps are left out. */
  readonly reduced: ReducedGiven | undefined;
}

/** The functions that are generated. */
type Generated = Pick<Successors, 'expand' | 'canonicalize' | 'hash' | 'violated' | 'mayEnd' | 'choose'>;

/** The second half of `compileSuccessors`. */
export function readSuccessors(text: SuccessorsText): ReadSuccessors {
  const failed = new Int32Array(3);
  const { source, reduced, ...more } = text;
  const given = { F: failed, X: text.reached, V: text.taken, ...CHECKING, ...(reduced && namesOf(reduced)) };
  const made = generated<Generated>(source, given);
  return { ...more, ...made, failed };
}

/** All but names and places of the program. */
export type ReadSuccessors = Omit<Successors, 'asserts' | 'places'>;

/** What other threads may write to at the same time: each sets to 1 what another sets to 1. */
const flags = (count: number, shared: boolean): Uint8Array =>
  shared ? new Uint8Array(new SharedArrayBuffer(count)) : new Uint8Array(count);

/**
 * The first half of `compileSuccessors`.
 * @param hashed how many words, from the first, a row's hash is made of; all where not given.
 */
export function writeSuccessors(
  program: Program,
  codeOf: readonly number[],
  { properties, sometimes = [], mayEnd, coverage = false }: Asked,
  symmetry?: Symmetry,
  reduction?: Independence,
  hashed = Number.POSITIVE_INFINITY,
  shared = false,
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
  const asserts: string[] = [];
  const canonical = symmetry === undefined ? '' : canonicalizing(symmetry, program, codes, layout, WORDS);
  const generator = new Generator(
    program,
    codes,
    layout,
    asserts,
    canonical,
    reduction !== undefined,
    coverage,
    hashed,
  );
  const steps = codes.map((code, task) => generator.task(code, task));
  const conditions = properties.map(({ holds }) => generator.condition(holds));
  const wishes = sometimes.map(({ holds }) => generator.condition(holds));
  const end = generator.condition(mayEnd);
  const calls = steps.map((step) => step.calls);
  const reduced = reduction && new ReducedText(reduction, codes, layout, generator);
  const source = [
    declareChecks(generator.sites),
    ...steps.map(({ source: text }) => text),
    `const canonicalize=(A,a)=>{${generator.load()}${canonical}${generator.store()}};`,
    `const hash=(A,a)=>{${generator.load()}${generator.hash()}return h;};`,
    `const violatedIn=(${generator.parameters()})=>{${wishes
      .map(({ prelude, js }, i) => `if(X[${i}]===0){${prelude}if(${js})X[${i}]=1;}`)
      .join('')}${conditions.map(({ prelude, js }, i) => `{${prelude}if(!(${js}))return ${i};}`).join('')}return -1;};`,
    `const violated=(A,a)=>{${generator.load()}return violatedIn(${generator.parameters()});};`,
    `const mayEnd=(A,a)=>{${generator.load()}${end.prelude}return ${end.js};};`,
    reduced?.source(calls) ?? `const choose=()=>-1;`,
    reduced === undefined
      ? `const expand=(A,a,O,E)=>{${generator.load()}return ${calls.flat().join('+')};};`
      : `const expand=${reduced.expand(calls)};`,
    'return {expand,canonicalize,hash,violated,mayEnd,choose};',
  ].join('\n');
  return {
    text: {
      words: layout.words,
      most: codes.reduce((sum, code) => sum + code.flow.mostOptions, 0),
      source,
      reached: flags(sometimes.length, shared),
      taken: flags(generator.places.length, shared),
      reduced: reduced?.given,
    },
    asserts,
    places: generator.places,
  };
}

const WORDS = wordsInVariables('n');

/** Writes the parts of the generated source. In all of it the words of the state are `n0`, `n1`, ... */
class Generator {
  readonly #program: Program;
  readonly #codes: readonly Code[];
  readonly #layout: Layout;
  readonly #asserts: string[];
  readonly #canonical: string;
  readonly #toScratch: boolean;
  readonly #coverage: boolean;
  readonly #hashed: number;
  readonly places: Place[] = [];
  /** What can be out of its range. */
  readonly sites = new Sites();

  constructor(
    program: Program,
    codes: readonly Code[],
    layout: Layout,
    asserts: string[],
    canonical: string,
    toScratch: boolean,
    coverage: boolean,
    hashed: number,
  ) {
    this.#program = program;
    this.#codes = codes;
    this.#layout = layout;
    this.#asserts = asserts;
    this.#canonical = canonical;
    this.#toScratch = toScratch;
    this.#coverage = coverage;
    this.#hashed = hashed;
  }

  /** The words, to be declared as parameters or passed on. */
  parameters(): string {
    return Array.from({ length: this.#layout.words }, (_, i) => `n${i}`).join(',');
  }

  /** Puts the words onto the heap of their hash. */
  row(): string {
    const { words } = this.#layout;
    const write = `${this.#each((i) => `O[e+${i}]=n${i};`)}O[e+${words}]=h;`;
    return `${this.#canonical}${this.hash()}const q=h>>>${HEAP_SHIFT},e=E[q];${write}E[q]=e+${words + 1};return 1;`;
  }

  /** Whether a task can step where it rests, in any of its options; as a number. */
  enabled(code: Code, task: number): string {
    const pc = loading(fieldAt(this.#layout.pcs, task), { js: '0', known: 0 }, WORDS);
    const guarded = code.flow.steps.flatMap((_, place) => {
      const nodes = optionsAt(code.flow, place);
      if (nodes.some(({ step }) => step.guard === undefined)) return [];
      const tests = nodes.map(({ step }) => {
        const passing = new Set<string>();
        const emitter = this.#emitter(code, task, 0, passing, step);
        emitter.enter(step);
        const prelude: string[] = [];
        const guard = step.guard === undefined ? '1' : emitter.condition(step.guard, prelude);
        return `{${declare(passing)}${prelude.join('')}if(${guard})return 1;}`;
      });
      return [`case ${place}:${tests.join('')}return 0;`];
    });
    return `switch(${pc}){${guarded.join('')}case ${code.flow.steps.length}:return 0;}return 1;`;
  }

  #each(text: (i: number) => string): string {
    return Array.from({ length: this.#layout.words }, (_, i) => text(i)).join('');
  }

  /** Loads the words of the state at `a` in `A`. */
  load(): string {
    return this.#each((i) => `let n${i}=A[a+${i}];`);
  }

  /** Puts the words back. */
  store(): string {
    return this.#each((i) => `A[a+${i}]=n${i};`);
  }

  /** Hashes the words into `h` (the finalizer of MurmurHash3 between words). */
  hash(): string {
    const mix = this.#each((i) => (i >= this.#hashed ? '' : `h=Math.imul(h^n${i},${0x85ebca6b | 0});h^=h>>>15;`));
    return `let h=${0x9e3779b9 | 0};${mix}h=Math.imul(h,${0xc2b2ae35 | 0});h^=h>>>13;`;
  }

  /** The functions of a task, an option each, and their calls. */
  task(code: Code, task: number): { readonly source: string; readonly calls: readonly string[] } {
    const parameters = this.parameters();
    const row = this.#toScratch ? `${this.#each((i) => `S[${i}]=n${i};`)}return 1;` : this.row();
    const pc = loading(fieldAt(this.#layout.pcs, task), { js: '0', known: 0 }, WORDS);
    const names: string[] = [];
    const functions = Array.from({ length: code.flow.mostOptions }, (_, option) => {
      const name = `t${task}o${option}`;
      names.push(name);
      const texts = code.flow.steps.flatMap((__, place) => {
        const node = optionsAt(code.flow, place)[option];
        return node === undefined ? [] : [{ place, text: this.#step(code, task, option, node) }];
      });
      const cases = (body: (text: string, place: number) => string): string =>
        texts.map(({ place, text }) => `case ${place}:{${body(text, place)}}`).join('\n');
      if (texts.reduce((sum, { text }) => sum + text.length, 0) <= MOST_CHARACTERS) {
        const inline = cases((text) => text);
        return `const ${name}=(${parameters},O,E)=>{D:switch(${pc}){${inline}default:return 0;}${row}};`;
      }
      const alone = texts.map(({ place, text }) => `const ${name}s${place}=(${parameters},O,E)=>{D:{${text}}${row}};`);
      const dispatch = cases((_text, place) => `return ${name}s${place}(${parameters},O,E);`);
      return `${alone.join('\n')}const ${name}=(${parameters},O,E)=>{switch(${pc}){${dispatch}}return 0;};`;
    });
    return { source: functions.join('\n'), calls: names.map((name) => `${name}(${parameters},O,E)`) };
  }

  #step(code: Code, task: number, option: number, { step, next }: StepNode): string {
    const passing = new Set<string>();
    const emitter = this.#emitter(code, task, option, passing, step);
    emitter.enter(step);
    const resting: Rest = (target) => `${restIn(target, code, task, this.#layout, WORDS)}break D;`;
    const prelude: string[] = [];
    const guard = step.guard === undefined ? '' : emitter.condition(step.guard, prelude);
    const wait = guard === '' ? '' : `${prelude.join('')}if(!(${guard}))return 0;`;
    if (step.guard !== undefined) emitter.assume(step.guard);
    const note = this.#coverage ? `V[${this.places.push({ task, step, observed: undefined }) - 1}]=1;` : '';
    const text = `${wait}${note}${emitter.effects(step.effects)}${settle(code.flow, next, emitter, resting)}`;
    return declare(passing) + text;
  }

  #emitter(code: Code, task: number, option: number, passing: Set<string>, step: Step): Emitter {
    const checks = new Checks(this.#program.sizes, code, this.sites);
    const observe = (observed: Observe): string => `V[${this.places.push({ task, step, observed }) - 1}]=1;`;
    return new Emitter({
      ...this.#spelling(task, option, passing),
      checks,
      ...(this.#coverage ? { observe } : {}),
    });
  }

  #spelling(task: number, option: number, passing: Set<string>): Spelling {
    const fail = (name: string): string => {
      if (!this.#asserts.includes(name)) this.#asserts.push(name);
      return `if(F[0]===0){F[0]=${this.#asserts.indexOf(name) + 1};F[1]=${task};F[2]=${option};}`;
    };
    const positions = positionsIn(this.#program, this.#codes, this.#layout, WORDS, fail);
    return {
      ...packedSpelling(task, this.#program, this.#layout, WORDS, passing),
      positions,
      unroll: UNROLL,
      branchless: true,
    };
  }

  /** A condition on a state, of no task. */
  condition(value: Value<'bool'>): { readonly prelude: string; readonly js: string } {
    const prelude: string[] = [];
    const emitter = new Emitter(this.#spelling(-1, 0, new Set()));
    const js = emitter.condition(simplify(value.expr, this.#program.sizes), prelude);
    return { prelude: prelude.join(''), js };
  }
}

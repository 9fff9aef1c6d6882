// SPDX-License-Identifier: MIT
import type { Observe, Step } from '../text/body.ts';
import type { Value } from '../text/expression.ts';
import { Sites } from '../text/out_of_range.ts';
import { simplify } from '../text/simplify.ts';
import { optionsAt, type StepNode } from '../program/flow.ts';
import { fieldAt, type Layout } from '../program/layout.ts';
import type { Code, Program } from '../program/program.ts';
import { Checks } from '../compile/checks.ts';
import { Emitter, type Spelling } from '../compile/emit.ts';
import { declare, loading, packedSpelling, positionsIn, restIn } from '../compile/packed_spelling.ts';
import { type Rest, settle } from '../compile/settle.ts';
import { type StateWords, WORDS } from './state_words.ts';

/** Limit of a function's length, in characters: engines do not optimise functions of any length. */
const MOST_CHARACTERS = 12_000;
/** Limit of unrolling, in turns of a repetition or search. */
const UNROLL = 8;

/** A step at one place of a task's code, or an observation that it makes. */
export interface Place {
  readonly task: number;
  readonly step: Step;
  readonly observed: Observe | undefined;
}

/** Inputs of the generation. */
interface Given {
  readonly program: Program;
  /** By task. */
  readonly codes: readonly Code[];
  readonly layout: Layout;
  readonly words: StateWords;
  /** Whether successors are written to `scratch` instead of a heap. */
  readonly toScratch: boolean;
  /** Whether `taken` records the steps taken. */
  readonly coverage: boolean;
}

/** Writes a function for each task and option, and conditions on states. */
export class StepFunctions {
  /** Every step of the tasks' codes, if coverage is requested. */
  readonly places: Place[] = [];
  /** Names of asserts, by number. */
  readonly asserts: string[] = [];
  /** Stores and indexes that need checks. */
  readonly sites = new Sites();
  readonly #given: Given;

  constructor(given: Given) {
    this.#given = given;
  }

  /** Statements that return 1 if a task can take any option of its next step, else 0. */
  enabled(code: Code, task: number): string {
    const pc = loading(fieldAt(this.#given.layout.pcs, task), { js: '0', known: 0 }, WORDS);
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

  /** The functions of a task, one for each option, and their calls. */
  task(code: Code, task: number): { readonly source: string; readonly calls: readonly string[] } {
    const { layout, words, toScratch } = this.#given;
    const { parameters } = words;
    const row = toScratch ? words.intoScratch : words.row;
    const pc = loading(fieldAt(layout.pcs, task), { js: '0', known: 0 }, WORDS);
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
        return `const ${name}=(${parameters},rows,ends)=>{D:switch(${pc}){${inline}default:return 0;}${row}};`;
      }
      const alone = texts.map(
        ({ place, text }) => `const ${name}s${place}=(${parameters},rows,ends)=>{D:{${text}}${row}};`,
      );
      const dispatch = cases((_text, place) => `return ${name}s${place}(${parameters},rows,ends);`);
      return `${alone.join('\n')}const ${name}=(${parameters},rows,ends)=>{switch(${pc}){${dispatch}}return 0;};`;
    });
    return { source: functions.join('\n'), calls: names.map((name) => `${name}(${parameters},rows,ends)`) };
  }

  #step(code: Code, task: number, option: number, { step, next }: StepNode): string {
    const passing = new Set<string>();
    const emitter = this.#emitter(code, task, option, passing, step);
    emitter.enter(step);
    const resting: Rest = (target) => `${restIn(target, code, task, this.#given.layout, WORDS)}break D;`;
    const prelude: string[] = [];
    const guard = step.guard && emitter.condition(step.guard, prelude);
    const wait = guard === undefined ? '' : `${prelude.join('')}if(!(${guard}))return 0;`;
    if (step.guard !== undefined) emitter.assume(step.guard);
    const note = this.#given.coverage ? `taken[${this.places.push({ task, step, observed: undefined }) - 1}]=1;` : '';
    const text = `${wait}${note}${emitter.effects(step.effects)}${settle(code.flow, next, emitter, resting)}`;
    return declare(passing) + text;
  }

  #emitter(code: Code, task: number, option: number, passing: Set<string>, step: Step): Emitter {
    const checks = new Checks(this.#given.program.sizes, code, this.sites);
    const observe = (observed: Observe): string => `taken[${this.places.push({ task, step, observed }) - 1}]=1;`;
    return new Emitter({
      ...this.#spelling(task, option, passing),
      checks,
      ...(this.#given.coverage ? { observe } : {}),
    });
  }

  #spelling(task: number, option: number, passing: Set<string>): Spelling {
    const fail = (name: string): string => {
      if (!this.asserts.includes(name)) this.asserts.push(name);
      return `if(failed[0]===0){failed[0]=${this.asserts.indexOf(name) + 1};failed[1]=${task};failed[2]=${option};}`;
    };
    const positions = positionsIn(this.#given.program, this.#given.codes, this.#given.layout, WORDS, fail);
    return {
      ...packedSpelling(task, this.#given.program, this.#given.layout, WORDS, passing),
      positions,
      unroll: UNROLL,
      branchless: true,
    };
  }

  /** JavaScript for a condition on a state, outside any task. */
  condition(value: Value<'bool'>): { readonly prelude: string; readonly js: string } {
    const prelude: string[] = [];
    const emitter = new Emitter(this.#spelling(-1, 0, new Set()));
    const js = emitter.condition(simplify(value.expr, this.#given.program.sizes), prelude);
    return { prelude: prelude.join(''), js };
  }
}

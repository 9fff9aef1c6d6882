// SPDX-License-Identifier: MIT
import { FIRST_ARRAY_SLOT } from '../text/builder.ts';
import { CHECKING, Checks, declareChecks } from './checks.ts';
import { Emitter, stepFunction } from './emit.ts';
import { optionsAt } from '../program/flow.ts';
import { generated } from './generated.ts';
import { type Field, fieldAt, type Layout, layOut } from '../program/layout.ts';
import { createMemory, IDLE, type Memory } from '../program/memory.ts';
import { Sites } from '../text/out_of_range.ts';
import type { Code, Program } from '../program/program.ts';
import { declare, maskOf, packedSpelling, positionsIn, restIn, wordsInArray } from './packed_spelling.ts';
import { type Rest, settle } from './settle.ts';

/** A program compiled for exploring: a state is a few 32-bit words. */
export interface Packed {
  /** Words of a state. */
  readonly words: number;
  readonly tasks: number;
  /**
   * Takes a task's next step in `state`, in place; `option` selects one at a choice.
   * @returns false, with the state unchanged, if the task is done or must wait.
   */
  readonly step: (task: number, state: Int32Array, option?: number) => boolean;
  /** By task: number of options of `step`; 1 in a text without `either`. */
  readonly options: readonly number[];
  /** Whether a task has finished its code. */
  readonly done: (task: number, state: Int32Array) => boolean;
  /** The state of a memory. Its tasks must run the codes of this compilation, or be idle. */
  readonly pack: (memory: Memory) => Int32Array;
  /** The memory of a state, for reading by name. */
  readonly unpack: (state: Int32Array) => Memory;
}

type StepInState = (state: Int32Array, option: number) => boolean;

/**
 * Generates a function for every step of every task. The task's number is a constant in it, so most indexes are
 * constants too.
 * @param codeOf the code that each task runs from the initial state.
 * @example
 * import {
 *   buildCode,
 *   columnOf,
 *   compilePacked,
 *   createMemory,
 *   int,
 *   Interpreter,
 *   program,
 *   sharedScalar,
 * } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const sizes = { task: 2 };
 * const adding = buildCode('adding', null, sizes, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program(sizes, [total], [adding]);
 * const memory = createMemory(counting);
 * const interpreter = new Interpreter(counting, memory);
 * for (const task of [0, 1]) interpreter.start(task, 0);
 * const packed = compilePacked(counting, [0, 0]);
 * const state = packed.pack(memory);
 * packed.step(1, state); // => true
 * packed.done(1, state); // => true
 * columnOf(packed.unpack(state), total)[0]; // => 1
 */
export function compilePacked(program: Program, codeOf: readonly number[]): Packed {
  const layout = layOut(program, codeOf);
  const codes = codeOf.map((number) => codeNumbered(program, number));
  const sites = new Sites();
  const source = codes.map((code, task) => `[${stepsOf(code, task, program, codes, layout, sites)}]`).join(',\n');
  const tables = generated<readonly (readonly StepInState[])[]>(`${declareChecks(sites)}return [${source}];`, CHECKING);
  const pcOf = (task: number, state: Int32Array): number => load(state, fieldAt(layout.pcs, task), 0);
  return {
    words: layout.words,
    tasks: codeOf.length,
    step: (task, state, option = 0) => tables[task]?.[pcOf(task, state)]?.(state, option) ?? false,
    options: codes.map((code) => code.flow.mostOptions),
    done: (task, state) => pcOf(task, state) === codes[task]?.flow.steps.length,
    pack: (memory) => pack(memory, codes, layout),
    unpack: (state) => unpack(state, program, codeOf, codes, layout),
  };
}

function codeNumbered(program: Program, number: number): Code {
  const code = program.codes[number];
  if (code === undefined) throw new Error(`no code ${number}`);
  return code;
}

function load(state: Int32Array, field: Field, i: number): number {
  if (field.bits === 0) return 0;
  const word = state[field.word + Math.floor(i / field.perWord)] ?? 0;
  return (word >>> (field.shift + (i % field.perWord) * field.bits)) & maskOf(field.bits);
}

function store(state: Int32Array, field: Field, i: number, value: number): void {
  if (field.bits === 0) return;
  const at = field.word + Math.floor(i / field.perWord);
  const shift = field.shift + (i % field.perWord) * field.bits;
  state[at] = ((state[at] ?? 0) & ~(maskOf(field.bits) << shift)) | (value << shift);
}

function pack(memory: Memory, codes: readonly Code[], layout: Layout): Int32Array {
  const state = new Int32Array(layout.words);
  for (const [variable, field] of layout.variables)
    for (const [i, value] of memory.columns.get(variable)?.entries() ?? []) store(state, field, i, value);
  for (const [task, code] of codes.entries()) {
    const idle = memory.code[task] === IDLE;
    store(state, fieldAt(layout.pcs, task), 0, idle ? code.flow.steps.length : (memory.pc[task] ?? 0));
    const slot = (i: number): number => memory.slots[task * memory.slotsPerTask + i] ?? 0;
    for (const [i, field] of (layout.values[task] ?? []).entries())
      if (field !== undefined) store(state, field, 0, slot(i));
    const arrays = fieldAt(layout.arrays, task);
    for (let i = 0; i < arrays.length; i++) store(state, arrays, i, slot(FIRST_ARRAY_SLOT + i));
  }
  return state;
}

function unpack(
  state: Int32Array,
  program: Program,
  codeOf: readonly number[],
  codes: readonly Code[],
  layout: Layout,
): Memory {
  const memory = createMemory(program);
  for (const [variable, field] of layout.variables) {
    const column = memory.columns.get(variable);
    if (column !== undefined) for (let i = 0; i < column.length; i++) column[i] = load(state, field, i);
  }
  for (const [task, code] of codes.entries()) {
    const pc = load(state, fieldAt(layout.pcs, task), 0);
    const idle = pc === code.flow.steps.length;
    memory.code[task] = idle ? IDLE : (codeOf[task] ?? IDLE);
    memory.pc[task] = idle ? 0 : pc;
    const base = task * memory.slotsPerTask;
    for (const [i, field] of (layout.values[task] ?? []).entries())
      memory.slots[base + i] = field === undefined ? 0 : load(state, field, 0);
    const arrays = fieldAt(layout.arrays, task);
    for (let i = 0; i < arrays.length; i++) memory.slots[base + FIRST_ARRAY_SLOT + i] = load(state, arrays, i);
  }
  return memory;
}

function stepsOf(
  code: Code,
  task: number,
  program: Program,
  codes: readonly Code[],
  layout: Layout,
  sites: Sites,
): string {
  const words = wordsInArray('s');
  // Notes of a step may depend on where tasks rest; asserts are only for searches for failures.
  const positions = positionsIn(program, codes, layout, words, () => '');
  const resting: Rest = (target) => `${restIn(target, code, task, layout, words)}return true;`;
  return code.flow.steps
    .map((_, pc) => {
      const texts = optionsAt(code.flow, pc).map(({ step, next }) => {
        const passing = new Set<string>();
        const checks = new Checks(program.sizes, code, sites);
        const emitter = new Emitter({ ...packedSpelling(task, program, layout, words, passing), positions, checks });
        emitter.enter(step);
        const prelude: string[] = [];
        const guard = step.guard === undefined ? '' : emitter.condition(step.guard, prelude);
        const wait = guard === '' ? '' : `${prelude.join('')}if(!(${guard}))return false;`;
        if (step.guard !== undefined) emitter.assume(step.guard);
        const text = `${wait}${emitter.effects(step.effects)}${settle(code.flow, next, emitter, resting)}`;
        return declare(passing) + text;
      });
      return stepFunction('s', code.flow.mostOptions, texts);
    })
    .join(',\n');
}

// SPDX-License-Identifier: MIT
import type { Body } from './body.ts';
import { FIRST_ARRAY_SLOT } from './builder.ts';
import { Emitter, type JsIndex, type Spelling } from './emit.ts';
import type { Expr, Local, Variable } from './expression.ts';
import { nodeAt } from './flow.ts';
import { type Column, IDLE, type Memory } from './memory.ts';
import type { Code, Program } from './program.ts';
import { type Rest, settle } from './settle.ts';
import { sizeOf } from './types.ts';

/** A program compiled for memory at full size. It agrees with the interpreter on every step. */
export interface Columns {
  /** Lets an idle task run a code; see Interpreter.start. */
  readonly start: (task: number, code: number, args: readonly number[]) => void;
  /** Takes a task's next step; false where it is idle or has to wait. */
  readonly step: (task: number) => boolean;
  /**
   * Starts a code and runs its steps in one go, as where nobody interleaves.
   * @returns false where the task has to wait: then it rests at that step, and `step` goes on.
   */
  readonly run: (task: number, code: number, args: readonly number[]) => boolean;
}

interface Generated {
  readonly steps: readonly (readonly ((task: number) => boolean)[])[];
  readonly enter: readonly ((task: number, args: readonly number[]) => boolean)[];
  readonly run: readonly ((task: number, args: readonly number[]) => boolean)[];
}

/**
 * Generates JavaScript over the memory's columns. Steps alone are a function each; a whole code is one
 * structured function with its values in JavaScript variables.
 */
export function compileColumns(program: Program, memory: Memory): Columns {
  const names = new Map(program.variables.map((variable, i) => [variable, `v${i}`]));
  const source = [
    ...program.variables.map((_, i) => `const v${i}=columns[${i}];`),
    `const steps=[${program.codes.map((code) => stepsOf(code, program, names, memory)).join(',\n')}];`,
    `const enter=[${program.codes.map((code) => entryOf(code, program, names, memory)).join(',\n')}];`,
    `const run=[${program.codes.map((code, number) => runOf(code, number, program, names, memory)).join(',\n')}];`,
    'return {steps,enter,run};',
  ].join('\n');
  const columns = program.variables.map((variable) => memory.columns.get(variable));
  const { steps, enter, run } = evaluate(source, columns, memory);
  return {
    start: (task, code, args) => {
      memory.code[task] = code;
      enter[code]?.(task, args);
    },
    step: (task) => {
      const code = memory.code[task] ?? IDLE;
      return code !== IDLE && (steps[code]?.[memory.pc[task] ?? 0]?.(task) ?? false);
    },
    run: (task, code, args) => run[code]?.(task, args) ?? false,
  };
}

function evaluate(source: string, columns: readonly (Column | undefined)[], memory: Memory): Generated {
  const factory = new Function('columns', 'L', 'code', 'pc', `'use strict';${source}`) as (
    columns: readonly (Column | undefined)[],
    slots: Int32Array,
    code: Int32Array,
    pc: Int32Array,
  ) => Generated;
  return factory(columns, memory.slots, memory.code, memory.pc);
}

type Names = ReadonlyMap<Variable, string>;

const element = (variable: Variable, index: readonly JsIndex[], program: Program): string =>
  index.reduce((row, { js }, i) => {
    if (i === 0) return js;
    return `(${row})*${sizeOf(program.sizes, variable.domains[i]?.name ?? '')}+${js}`;
  }, '0');

const sharedSpelling = (program: Program, names: Names): Pick<Spelling, 'self' | 'read' | 'write'> => ({
  self: { js: 't', known: undefined },
  read: (variable, index) => `${names.get(variable)}[${element(variable, index, program)}]`,
  write: (variable, index, value) => `${names.get(variable)}[${element(variable, index, program)}]=${value};`,
});

const arraySlot = (local: Local, index: JsIndex | undefined): string => `L[b+${local.slot}+${index?.js ?? 0}]`;

const base = (memory: Memory): string => `const b=t*${memory.slotsPerTask};`;

/** Values in memory: for single steps, between which a task's values have to stay somewhere. */
const inMemory = (program: Program, names: Names): Spelling => ({
  ...sharedSpelling(program, names),
  readLocal: arraySlot,
  writeLocal: (local, index, value) => `${arraySlot(local, index)}=${value};`,
});

/** Values in JavaScript variables, arrays in memory: for a whole code in one function. */
const inVariables = (program: Program, names: Names): Spelling => ({
  ...sharedSpelling(program, names),
  readLocal: (local, index) => (local.length === undefined ? `l${local.slot}` : arraySlot(local, index)),
  writeLocal: (local, index, value) =>
    local.length === undefined ? `l${local.slot}=${value};` : `${arraySlot(local, index)}=${value};`,
});

function guarded(guard: Expr | undefined, emitter: Emitter, otherwise: string): string {
  if (guard === undefined) return '';
  const prelude: string[] = [];
  const condition = emitter.condition(guard, prelude);
  return `${prelude.join('')}if(!(${condition})){${otherwise}}`;
}

function stepsOf(code: Code, program: Program, names: Names, memory: Memory): string {
  const spelling = inMemory(program, names);
  const functions = code.flow.steps.map((id) => {
    const emitter = new Emitter(spelling);
    const node = nodeAt(code.flow.nodes, id);
    if (node.kind !== 'step') throw new Error('a step is no step');
    const { guard, effects } = node.step;
    const text = `${guarded(guard, emitter, 'return false;')}${emitter.effects(effects)}`;
    return `(t)=>{${base(memory)}${text}${settle(code.flow, node.next, emitter, resting)}}`;
  });
  return `[${functions.join(',\n')}]`;
}

const resting: Rest = (node) => (node.kind === 'step' ? `pc[t]=${node.pc};` : `code[t]=${IDLE};pc[t]=0;`);

function entryOf(code: Code, program: Program, names: Names, memory: Memory): string {
  const emitter = new Emitter(inMemory(program, names));
  const params = code.params.map((slot, i) => `L[b+${slot}]=a[${i}];`).join('');
  const clear = `L.fill(0,b,b+${memory.slotsPerTask});`;
  return `(t,a)=>{${base(memory)}${clear}${params}${settle(code.flow, code.flow.entry, emitter, resting)}}`;
}

function runOf(code: Code, number: number, program: Program, names: Names, memory: Memory): string {
  const emitter = new Emitter(inVariables(program, names));
  const pcOf = new Map(
    code.flow.steps.map((id) => {
      const node = nodeAt(code.flow.nodes, id);
      if (node.kind !== 'step') throw new Error('a step is no step');
      return [node.step, node.pc] as const;
    }),
  );
  const values = code.slotMax.slice(0, FIRST_ARRAY_SLOT).map((_, slot) => slot);

  const emit = (body: readonly Body[]): string => body.map(one).join('');
  const one = (part: Body): string => {
    switch (part.kind) {
      case 'step': {
        const pc = pcOf.get(part.step);
        if (pc === undefined) return '';
        const saved = [...(code.live[pc] ?? [])]
          .filter((slot) => slot < FIRST_ARRAY_SLOT)
          .map((slot) => `L[b+${slot}]=l${slot};`);
        const rest = `${saved.join('')}code[t]=${number};pc[t]=${pc};return false;`;
        return `${guarded(part.step.guard, emitter, rest)}${emitter.effects(part.step.effects)}\n`;
      }
      case 'local':
        return emitter.effects(part.effects);
      case 'if': {
        const prelude: string[] = [];
        const condition = emitter.condition(part.if, prelude);
        const otherwise = part.else.length === 0 ? '' : `else{${emit(part.else)}}`;
        return `${prelude.join('')}if(${condition}){${emit(part.then)}}${otherwise}`;
      }
      case 'block':
        return `B${part.label}:{${emit(part.body)}}`;
      case 'loop':
        return `A${part.label}:for(;;){${emit(part.body)}}`;
      case 'exit':
        return `break B${part.label};`;
      case 'again':
        return `continue A${part.label};`;
    }
  };
  const declared = values.map((slot) => {
    const param = code.params.indexOf(slot);
    return `l${slot}=${param === -1 ? 0 : `a[${param}]`}`;
  });
  const locals = declared.length === 0 ? '' : `let ${declared.join(',')};`;
  return `(t,a)=>{${base(memory)}${locals}${emit(code.body)}return true;}`;
}

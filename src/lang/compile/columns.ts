// SPDX-License-Identifier: MIT
import type { Body, Choice, Step } from '../text/body.ts';
import { FIRST_ARRAY_SLOT } from '../text/builder.ts';
import { CHECKING, Checks, declareChecks } from './checks.ts';
import { Emitter, type Spelling, stepFunction } from './emit.ts';
import type { JsIndex } from './js_index.ts';
import type { Expr, Local, Variable } from '../text/expr.ts';
import { nodeAt, optionsAt } from '../program/flow.ts';
import { generated } from './generated.ts';
import { Sites, type Spot } from '../text/out_of_range.ts';
import { type Column, IDLE, type Memory } from '../program/memory.ts';
import { type Code, type Program, requireArguments } from '../program/program.ts';
import { type Rest, settle } from './settle.ts';
import { sizeOf } from '../text/types.ts';

/** A program compiled for memory at full size. It agrees with the interpreter on every step. */
export interface Columns {
  /** Lets an idle task run a code; see Interpreter.start. */
  readonly start: (task: number, code: number, args: readonly number[]) => void;
  /** Takes a task's next step, or an option of it; false if it is idle or must wait. */
  readonly step: (task: number, option?: number) => boolean;
  /**
   * Starts a code and runs all its steps, without interleaving. If it must wait, `others` lets another task take a
   * step, and returns whether any could.
   * @returns false if the task must wait or reaches a choice: then it rests there, and `step` continues.
   */
  readonly run: (task: number, code: number, args: readonly number[], others?: () => boolean) => boolean;
}

const noOthers = (): boolean => false;
type Steps = readonly ((task: number, option: number) => boolean)[];
type Enter = (task: number, args: readonly number[]) => boolean;
type Run = (task: number, args: readonly number[], others: () => boolean) => boolean;

/**
 * Generates JavaScript over the memory's columns. Each single step is a function; a whole code is one structured
 * function with its values in JavaScript variables. Each is generated when it is first needed: a whole code has
 * hundreds of steps that are never taken one by one.
 * @example
 * import { buildCode, columnOf, compileColumns, createMemory, int, program, sharedScalar } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const sizes = { task: 2 };
 * const adding = buildCode('adding', null, sizes, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program(sizes, [total], [adding]);
 * const memory = createMemory(counting);
 * const { run } = compileColumns(counting, memory);
 * run(0, 0, []); // => true
 * columnOf(memory, total)[0]; // => 1
 */
export function compileColumns(program: Program, memory: Memory): Columns {
  const names = new Map(program.variables.map((variable, i) => [variable, `v${i}`]));
  const constants = program.variables.map((_, i) => `const v${i}=columns[${i}];`).join('');
  const columns = program.variables.map((variable) => memory.columns.get(variable));
  const evaluated = (write: (sites: Sites) => string): unknown => {
    const sites = new Sites();
    const text = write(sites);
    return evaluate(`${constants}${declareChecks(sites)}return ${text};`, columns, memory);
  };
  const codes = program.codes.map((code, number) => ({
    steps: once(() => evaluated((sites) => stepsOf(code, program, names, memory, sites)) as Steps),
    enter: once(() => evaluated((sites) => entryOf(code, program, names, memory, sites)) as Enter),
    run: once(() => evaluated(() => runOf(code, number, program, names, memory)) as Run),
  }));
  const tables = codes.map((): Steps | undefined => undefined);
  return {
    start: (task, code, args) => {
      const text = program.codes[code];
      if (text !== undefined) requireArguments(text, args);
      memory.code[task] = code;
      codes[code]?.enter()(task, args);
    },
    step: (task, option = 0) => {
      const code = memory.code[task] ?? IDLE;
      if (code === IDLE) return false;
      const steps = (tables[code] ??= codes[code]?.steps() ?? []);
      return steps[memory.pc[task] ?? 0]?.(task, option) ?? false;
    },
    run: (task, code, args, others = noOthers) => {
      const text = program.codes[code];
      if (text !== undefined) requireArguments(text, args);
      return codes[code]?.run()(task, args, others) ?? false;
    },
  };
}

/** The result of `make`, computed on first use. */
function once<Made extends object>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => (made ??= make());
}

const evaluate = (source: string, columns: readonly (Column | undefined)[], memory: Memory): unknown =>
  generated(source, { columns, L: memory.slots, code: memory.code, pc: memory.pc, ...CHECKING });

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

const BEGINNING: Spot = { path: [] };

const arraySlot = (local: Local, index: JsIndex | undefined): string => `L[b+${local.slot}+${index?.js ?? 0}]`;

const base = (memory: Memory): string => `const b=t*${memory.slotsPerTask};`;

/** Values in memory: for single steps, between which a task's values must be stored. */
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
  emitter.assume(guard);
  return `${prelude.join('')}if(!(${condition})){${otherwise}}`;
}

function stepsOf(code: Code, program: Program, names: Names, memory: Memory, sites: Sites): string {
  const spelling = inMemory(program, names);
  const functions = code.flow.steps.map((_, pc) => {
    const texts = optionsAt(code.flow, pc).map(({ step, next }) => {
      const emitter = new Emitter({ ...spelling, checks: new Checks(program.sizes, code, sites) });
      emitter.enter(step);
      const text = `${guarded(step.guard, emitter, 'return false;')}${emitter.effects(step.effects)}`;
      return `${base(memory)}${text}${settle(code.flow, next, emitter, resting)}`;
    });
    return stepFunction('t', code.flow.mostOptions, texts);
  });
  return `[${functions.join(',\n')}]`;
}

const resting: Rest = (node) =>
  `${node.kind === 'done' ? `code[t]=${IDLE};pc[t]=0;` : `pc[t]=${node.pc};`}return true;`;

function entryOf(code: Code, program: Program, names: Names, memory: Memory, sites: Sites): string {
  const checks = new Checks(program.sizes, code, sites);
  const emitter = new Emitter({ ...inMemory(program, names), checks });
  emitter.enter(BEGINNING);
  const params = code.params.map((slot, i) => `L[b+${slot}]=a[${i}];`).join('');
  const clear = `L.fill(0,b,b+${memory.slotsPerTask});`;
  return `(t,a)=>{${base(memory)}${clear}${params}${settle(code.flow, code.flow.entry, emitter, resting)}}`;
}

/**
 * A whole code in one function. It checks no ranges: checks of stores alone would cost a conversion of a large inode a
 * sixth of its time, those of reads as much as the conversion itself. Single steps, which check, have the same effect.
 */
function runOf(code: Code, number: number, program: Program, names: Names, memory: Memory): string {
  const emitter = new Emitter(inVariables(program, names));
  const pcOf = new Map<Step | Choice, number>();
  for (const [pc, id] of code.flow.steps.entries()) {
    const node = nodeAt(code.flow.nodes, id);
    if (node.kind === 'step') pcOf.set(node.step, pc);
    if (node.kind === 'either') pcOf.set(node.choice, pc);
  }
  const values = code.slotMax.slice(0, FIRST_ARRAY_SLOT).map((_, slot) => slot);

  const restAt = (pc: number): string => {
    const saved = [...(code.live[pc] ?? [])]
      .filter((slot) => slot < FIRST_ARRAY_SLOT)
      .map((slot) => `L[b+${slot}]=l${slot};`);
    return `${saved.join('')}code[t]=${number};pc[t]=${pc};`;
  };
  const emit = (body: readonly Body[]): string => body.map(one).join('');
  const one = (part: Body): string => {
    switch (part.kind) {
      case 'step': {
        const pc = pcOf.get(part.step);
        if (pc === undefined) return '';
        let wait = '';
        if (part.step.guard !== undefined) {
          const prelude: string[] = [];
          const condition = emitter.condition(part.step.guard, prelude);
          wait = `for(;;){${prelude.join('')}if(${condition})break;${restAt(pc)}if(!h())return false;}`;
        }
        return `${wait}${emitter.effects(part.step.effects)}\n`;
      }
      case 'either': {
        const pc = pcOf.get(part);
        return pc === undefined ? '' : `${restAt(pc)}return false;`;
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
  return `(t,a,h)=>{${base(memory)}${locals}${emit(code.body)}code[t]=${IDLE};pc[t]=0;return true;}`;
}

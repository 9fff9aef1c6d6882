// SPDX-License-Identifier: MIT
import { FIRST_ARRAY_SLOT } from './builder.ts';
import { Emitter, type JsIndex, type Spelling } from './emit.ts';
import type { Local } from './expression.ts';
import { nodeAt } from './flow.ts';
import { type Field, type Layout, layOut } from './layout.ts';
import { createMemory, IDLE, type Memory } from './memory.ts';
import type { Code, Program } from './program.ts';
import { type Rest, settle } from './settle.ts';
import { sizeOf, type Sizes } from './types.ts';

/** A program compiled for exploring: a state is a handful of 32-bit words. */
export interface Packed {
  /** Length of a state. */
  readonly words: number;
  readonly tasks: number;
  /**
   * Takes a task's next step in `state`, in place.
   * @returns false, with the state untouched, where the task is done or has to wait.
   */
  readonly step: (task: number, state: Int32Array) => boolean;
  /** Whether a task has finished its code. */
  readonly done: (task: number, state: Int32Array) => boolean;
  /** The state that a memory is in. Its tasks must run the codes that this was compiled for, or be idle. */
  readonly pack: (memory: Memory) => Int32Array;
  /** The memory of a state, to be read by name. */
  readonly unpack: (state: Int32Array) => Memory;
}

type StepInState = (state: Int32Array) => boolean;

/**
 * Generates a function for every step of every task. The task's number is a constant in it, so that most
 * indexes are constants too.
 * @param codeOf the code that each task runs from the initial state on.
 */
export function compilePacked(program: Program, codeOf: readonly number[]): Packed {
  const layout = layOut(program, codeOf);
  const codes = codeOf.map((number) => codeNumbered(program, number));
  const source = codes.map((code, task) => `[${stepsOf(code, task, program, layout)}]`).join(',\n');
  const tables = new Function(`'use strict';return [${source}];`)() as readonly (readonly StepInState[])[];
  const pcOf = (task: number, state: Int32Array): number => load(state, fieldAt(layout.pcs, task), 0);
  return {
    words: layout.words,
    tasks: codeOf.length,
    step: (task, state) => tables[task]?.[pcOf(task, state)]?.(state) ?? false,
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

function fieldAt(fields: readonly Field[], i: number): Field {
  const field = fields[i];
  if (field === undefined) throw new Error(`no field ${i}`);
  return field;
}

const maskOf = (bits: number): number => (bits === 32 ? -1 : (1 << bits) - 1);

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
    for (const [i, field] of (layout.values[task] ?? []).entries()) store(state, field, 0, slot(i));
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
    for (const [i, field] of (layout.values[task] ?? []).entries()) memory.slots[base + i] = load(state, field, 0);
    const arrays = fieldAt(layout.arrays, task);
    for (let i = 0; i < arrays.length; i++) memory.slots[base + FIRST_ARRAY_SLOT + i] = load(state, arrays, i);
  }
  return memory;
}

const at = (js: string, known: number | undefined): JsIndex => ({ js, known });

/** One number for several indexes. */
function flatten(index: readonly JsIndex[], extents: readonly number[]): JsIndex {
  return index.reduce(
    (row, next, i) => {
      if (i === 0) return next;
      const extent = extents[i] ?? 1;
      const known = row.known === undefined || next.known === undefined ? undefined : row.known * extent + next.known;
      return at(known === undefined ? `((${row.js})*${extent}+${next.js})` : String(known), known);
    },
    at('0', 0),
  );
}

function loading(field: Field, index: JsIndex): string {
  if (field.bits === 0) return '0';
  const { word, shift } = position(field, index);
  return `(s[${word}]>>>${shift}&${maskOf(field.bits)})`;
}

function storing(field: Field, index: JsIndex, value: string): string {
  if (field.bits === 0) return '';
  const { word, shift } = position(field, index);
  if (index.known !== undefined)
    return `s[${word}]=s[${word}]&${~(maskOf(field.bits) << Number(shift))}|${value}<<${shift};`;
  return `{const w=${word},h=${shift};s[w]=s[w]&~(${maskOf(field.bits)}<<h)|${value}<<h;}`;
}

function position(field: Field, index: JsIndex): { readonly word: string; readonly shift: string } {
  const { perWord, bits } = field;
  if (index.known !== undefined) {
    const shift = field.shift + (index.known % perWord) * bits;
    return { word: String(field.word + Math.floor(index.known / perWord)), shift: String(shift) };
  }
  if (field.length <= perWord) return { word: String(field.word), shift: `(${field.shift}+${index.js}*${bits})` };
  const power = Math.log2(perWord);
  return { word: `(${field.word}+(${index.js}>>${power}))`, shift: `((${index.js}&${perWord - 1})*${bits})` };
}

function spellingOf(task: number, program: Program, layout: Layout): Spelling {
  const fieldOf = (local: Local, index: JsIndex | undefined): readonly [Field, JsIndex] => {
    if (local.length === undefined) return [fieldAt(layout.values[task] ?? [], local.slot), at('0', 0)];
    const first = local.slot - FIRST_ARRAY_SLOT;
    const known = index?.known === undefined ? undefined : first + index.known;
    const js = known === undefined ? `(${first}+${index?.js})` : String(known);
    return [fieldAt(layout.arrays, task), at(js, known)];
  };
  const shared = (variable: Parameters<Spelling['read']>[0], index: readonly JsIndex[]): readonly [Field, JsIndex] => {
    const field = layout.variables.get(variable);
    if (field === undefined) throw new Error(`no field for '${variable.name}'`);
    return [field, flatten(index, extents(variable.domains, program.sizes))];
  };
  return {
    self: at(String(task), task),
    read: (variable, index) => loading(...shared(variable, index)),
    write: (variable, index, value) => storing(...shared(variable, index), value),
    readLocal: (local, index) => loading(...fieldOf(local, index)),
    writeLocal: (local, index, value) => storing(...fieldOf(local, index), value),
  };
}

const extents = (domains: readonly { readonly name: string }[], sizes: Sizes): readonly number[] =>
  domains.map(({ name }) => sizeOf(sizes, name));

function stepsOf(code: Code, task: number, program: Program, layout: Layout): string {
  const spelling = spellingOf(task, program, layout);
  return code.flow.steps
    .map((id) => {
      const emitter = new Emitter(spelling);
      const node = nodeAt(code.flow.nodes, id);
      if (node.kind !== 'step') throw new Error('a step is no step');
      const prelude: string[] = [];
      const guard = node.step.guard === undefined ? '' : emitter.condition(node.step.guard, prelude);
      const wait = guard === '' ? '' : `${prelude.join('')}if(!(${guard}))return false;`;
      const effects = emitter.effects(node.step.effects);
      const resting: Rest = (target) =>
        target.kind === 'step'
          ? rest(target.pc, code.live[target.pc] ?? new Set(), task, layout)
          : rest(code.flow.steps.length, new Set(), task, layout);
      return `(s)=>{${wait}${effects}${settle(code.flow, node.next, emitter, resting)}}`;
    })
    .join(',\n');
}

/** Sets the task's pc and clears the slots that nobody reads any more, word by word. */
function rest(pc: number, live: ReadonlySet<number>, task: number, layout: Layout): string {
  const clear = new Map<number, number>();
  const set = new Map<number, number>();
  const drop = (field: Field, i: number): void => {
    if (field.bits === 0) return;
    const word = field.word + Math.floor(i / field.perWord);
    const bits = maskOf(field.bits) << (field.shift + (i % field.perWord) * field.bits);
    clear.set(word, (clear.get(word) ?? 0) | bits);
  };
  for (const [slot, field] of (layout.values[task] ?? []).entries()) if (!live.has(slot)) drop(field, 0);
  const arrays = fieldAt(layout.arrays, task);
  for (let i = 0; i < arrays.length; i++) if (!live.has(FIRST_ARRAY_SLOT + i)) drop(arrays, i);
  const pcField = fieldAt(layout.pcs, task);
  drop(pcField, 0);
  if (pcField.bits > 0) set.set(pcField.word, pc << pcField.shift);
  return [...clear].map(([word, bits]) => `s[${word}]=s[${word}]&${~bits}|${set.get(word) ?? 0};`).join('');
}

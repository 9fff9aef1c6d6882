// SPDX-License-Identifier: MIT
import type { Variable } from '../text/expr.ts';
import { extentOf, type Program, rangeOf, tasksOf } from './program.ts';

/** Whole numbers from 0, as narrow as their range allows. */
export type Column = Uint8Array | Uint16Array | Int32Array;

/**
 * A program's memory at full size: one column for each shared array (row-major over its domains), one row of slots for
 * each task, and each task's place. The interpreter and the compiled columns both use it.
 */
export interface Memory {
  readonly columns: ReadonlyMap<Variable, Column>;
  /** Task t's slot s is at t * slotsPerTask + s. */
  readonly slots: Int32Array;
  readonly slotsPerTask: number;
  /** Number of the code of each task, or IDLE. */
  readonly code: Int32Array;
  /** The next step of each task; meaningless if idle. */
  readonly pc: Int32Array;
}

/** In `Memory.code`: the task runs nothing. */
export const IDLE = -1;

const columnFor = (max: number, length: number): Column => {
  if (max <= 0xff) return new Uint8Array(length);
  if (max <= 0xffff) return new Uint16Array(length);
  return new Int32Array(length);
};

/**
 * Memory with everything at its initial value and every task idle.
 * @example
 * import { buildCode, copyMemory, createMemory, IDLE, program, resetMemory } from 'folioscope/lang';
 * const built = program({ task: 1 }, [], [buildCode('nothing', null, { task: 1 }, 0, () => {})]);
 * const memory = createMemory(built);
 * memory.code[0]; // => IDLE
 * const before = copyMemory(memory);
 * memory.pc[0] = 7;
 * resetMemory(built, memory);
 * memory.pc[0] === before.pc[0]; // => true
 */
export function createMemory(program: Program): Memory {
  const columns = new Map<Variable, Column>();
  for (const variable of program.variables) {
    const { max } = rangeOf(variable, program.sizes);
    columns.set(variable, columnFor(max, extentOf(variable, program.sizes)));
  }
  const tasks = tasksOf(program.sizes);
  const slotsPerTask = Math.max(1, ...program.codes.map((code) => code.slotMax.length));
  const memory: Memory = {
    columns,
    slots: new Int32Array(tasks * slotsPerTask),
    slotsPerTask,
    code: new Int32Array(tasks),
    pc: new Int32Array(tasks),
  };
  resetMemory(program, memory);
  return memory;
}

/** Resets everything to its initial value, and every task to idle. */
export function resetMemory({ sizes }: Program, { columns, slots, code, pc }: Memory): void {
  for (const [variable, column] of columns) column.fill(rangeOf(variable, sizes).initial);
  slots.fill(0);
  code.fill(IDLE);
  pc.fill(0);
}

/** The column of a shared array. @throws Error if the program does not declare it. */
export function columnOf(memory: Memory, { variable }: { readonly variable: Variable }): Column {
  const column = memory.columns.get(variable);
  if (column === undefined) throw new Error(`no memory for '${variable.name}'`);
  return column;
}

/** An independent copy. */
export const copyMemory = (memory: Memory): Memory => ({
  columns: new Map([...memory.columns].map(([variable, column]) => [variable, column.slice()])),
  slots: memory.slots.slice(),
  slotsPerTask: memory.slotsPerTask,
  code: memory.code.slice(),
  pc: memory.pc.slice(),
});

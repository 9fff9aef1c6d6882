// SPDX-License-Identifier: MIT
import { columnOf, IDLE, type Memory } from '../program/memory.ts';
import type { Program } from '../program/program.ts';
import { Cells, type Positions } from './cells.ts';
import { Values } from './cell_values.ts';
import { claimsText } from './claims_text.ts';
import { Explorer, type Shared } from './local_explorer.ts';
import type { LocalState } from './local_state.ts';
import { compileLocally } from './local_text.ts';
import { Oracle } from './oracle.ts';
import { Others } from './others.ts';

/** A superset of the local states that any interleaving can reach (see `localStates`). */
export interface LocalStates {
  /** By task; the first is its initial one. */
  readonly tasks: readonly (readonly LocalState[])[];
  readonly cells: Cells;
  /** The initial value of each element of shared memory. */
  readonly initial: readonly number[];
}

/** Limits of the search. */
export interface Effort {
  /** Number of runs of steps. */
  readonly runs: number;
  /** Number of local states of all tasks. */
  readonly states: number;
}

/**
 * The local states of every task, each task taken alone. A read of an element may return its initial value, or any value that
 * some task writes there; a read of claims may return every amount that the other tasks could claim. So the result is a superset
 * of the local states that any interleaving can reach.
 * @throws TooManyLocalStates if `most` does not suffice.
 */
export function localStates(
  program: Program,
  codeOf: readonly number[],
  initial: Memory,
  positions: (cells: Cells) => Positions,
  most: Effort,
): LocalStates & { readonly positions: Positions } {
  const cells = new Cells(program);
  const values = new Values(cells.max);
  for (const variable of program.variables)
    for (const [i, value] of columnOf(initial, { variable }).entries()) values.learn(cells.first(variable) + i, value);
  const pseudo = positions(cells);
  const oracle = new Oracle(values, cells.max);
  const texts = codeOf.map((number, task) => {
    const code = program.codes[number];
    if (code === undefined) throw new Error(`no code ${number}`);
    return { code, text: compileLocally(code, task, cells, program, oracle, pseudo) };
  });
  const shared: Shared = {
    values,
    oracle,
    others: new Others(texts, values, pseudo, cells.count),
    left: { ...most },
    known: { elements: new Map(), changes: new Map(), looked: new Map() },
  };
  const explorers = texts.map(({ code, text }, task) => {
    const claims = Array.from({ length: code.flow.steps.length + 1 }, (_, pc) => claimsText(code, pc, task, program));
    const explorer = new Explorer(task, code, text, claims, shared);
    const idle = initial.code[task] === IDLE;
    const slots = new Int32Array(code.slotMax.length);
    if (!idle)
      slots.set(initial.slots.subarray(task * initial.slotsPerTask, task * initial.slotsPerTask + slots.length));
    explorer.enter(idle ? code.flow.steps.length : (initial.pc[task] ?? 0), slots);
    return explorer;
  });
  for (let again = true; again; ) again = explorers.map((explorer) => explorer.round()).some(Boolean);
  return {
    cells,
    initial: Array.from({ length: cells.count }, (_, cell) => values.of(cell)[0] ?? 0),
    positions: pseudo,
    tasks: explorers.map((explorer) => explorer.found()),
  };
}

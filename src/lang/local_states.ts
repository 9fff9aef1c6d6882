// SPDX-License-Identifier: MIT
import { Cells, type Positions } from './cells.ts';
import { claimsText, compileLocally } from './local_text.ts';
import { columnOf, IDLE, type Memory } from './memory.ts';
import { type Change, Infeasible, Oracle, READ } from './oracle.ts';
import type { Program } from './program.ts';

/** One way that a step can go: to another local state, with changes to shared memory. */
export interface Edge {
  readonly to: number;
  readonly changes: readonly Change[];
}

/** Where a task can be: a step that it rests at, and the values that it remembers there. */
export interface LocalState {
  /** The number of steps stands for "done". */
  readonly pc: number;
  /** By slot, as in `Memory.slots`. */
  readonly slots: Int32Array;
  /** What the step, in any of its options, may touch: READ | WRITTEN | ADDED by cell. */
  readonly touched: ReadonlyMap<number, number>;
  /** The cells that the guard of every option found 0 whenever it let the step pass. */
  readonly passesOnlyAtZero: ReadonlySet<number>;
  /** What the guards look at where the step has to wait; undefined where it never does. */
  readonly waitsFor: ReadonlySet<number> | undefined;
  readonly edges: readonly Edge[];
  /** What the task claims here, by label, as text to compare. */
  readonly claims: ReadonlyMap<string, string>;
}

/** All local states of all tasks that any interleaving can reach, and more: see `localStates`. */
export interface LocalStates {
  /** By task; the first is the one that it begins in. */
  readonly tasks: readonly (readonly LocalState[])[];
  readonly cells: Cells;
  /** What each element of shared memory begins with. */
  readonly initial: readonly number[];
}

/** Too many ways to go through them all. */
export class TooManyLocalStates extends Error {}

interface Found {
  readonly pc: number;
  readonly slots: Int32Array;
  readonly touched: Map<number, number>;
  passes: Set<number> | undefined;
  waitsFor: Set<number> | undefined;
  readonly edges: Map<string, Edge>;
  readonly claims: ReadonlyMap<string, string>;
  /** When it was run last; the values that it has looked at may have become more since. */
  ranAt: number;
  readonly looked: Set<number>;
}

/**
 * The local states of every task, each task taken alone: what it reads from an element of shared memory may be any value
 * that the element begins with or that some task writes there. So these are all local states that an interleaving can reach,
 * and more.
 * @throws TooManyLocalStates where `most` runs of steps do not suffice.
 */
export function localStates(
  program: Program,
  codeOf: readonly number[],
  initial: Memory,
  positions: (cells: Cells) => Positions,
  most: number,
): LocalStates & { readonly positions: Positions } {
  const cells = new Cells(program);
  const values: number[][] = Array.from({ length: cells.count }, () => []);
  for (const variable of program.variables)
    for (const [i, value] of columnOf(initial, { variable }).entries()) values[cells.first(variable) + i]?.push(value);
  const changedAt = new Int32Array(cells.count);
  let tick = 0;
  const learn = (cell: number, value: number): void => {
    const known = values[cell];
    if (known === undefined || known.includes(value)) return;
    known.push(value);
    changedAt[cell] = ++tick;
  };
  const pseudo = positions(cells);
  let spent = 0;

  const explorers = codeOf.map((number, task) => {
    const code = program.codes[number];
    if (code === undefined) throw new Error(`no code ${number}`);
    const oracle = new Oracle(values, cells.max);
    const { runs, asserted } = compileLocally(code, task, cells, program, oracle, pseudo);
    const claimsOf = Array.from({ length: code.flow.steps.length + 1 }, (_, pc) => claimsText(code, pc, task));
    const found: Found[] = [];
    const byKey = new Map<string, number>();
    const width = code.slotMax.length;
    const L = new Int32Array(width);
    const enter = (pc: number): number => {
      const key = `${pc}:${L.join()}`;
      const known = byKey.get(key);
      if (known !== undefined) return known;
      const slots = L.slice();
      byKey.set(key, found.length);
      found.push({
        pc,
        slots,
        touched: new Map((asserted[pc] ?? []).map((cell) => [cell, READ])),
        passes: undefined,
        waitsFor: undefined,
        edges: new Map(),
        claims: claimsOf[pc]?.(slots) ?? new Map<string, string>(),
        ranAt: -1,
        looked: new Set(),
      });
      return found.length - 1;
    };
    const idle = initial.code[task] === IDLE;
    L.set(initial.slots.subarray(task * initial.slotsPerTask, task * initial.slotsPerTask + width));
    if (idle) L.fill(0);
    enter(idle ? code.flow.steps.length : (initial.pc[task] ?? 0));

    const runState = (state: Found): void => {
      state.ranAt = tick;
      for (const run of runs[state.pc] ?? []) {
        let more = true;
        while (more) {
          if (++spent > most) throw new TooManyLocalStates();
          oracle.begin();
          L.set(state.slots);
          try {
            let zeros: ReadonlySet<number> = new Set();
            const after = run(L, () => {
              zeros = new Set([...oracle.seen()].flatMap(([cell, value]) => (value === 0 ? [cell] : [])));
            });
            if (after === 0) {
              state.waitsFor ??= new Set();
              for (const cell of oracle.touched.keys()) state.waitsFor.add(cell);
            } else {
              const passes = state.passes;
              state.passes = passes === undefined ? new Set(zeros) : new Set([...passes].filter((c) => zeros.has(c)));
              const { changes, values: left } = oracle.outcome();
              for (const [cell, value] of left) learn(cell, value);
              const to = enter(after - 1);
              const key = `${to}|${changes.map(({ cell, kind, by }) => `${cell}${kind}${by}`).join()}`;
              if (!state.edges.has(key)) state.edges.set(key, { to, changes });
            }
            for (const [cell, how] of oracle.touched) state.touched.set(cell, (state.touched.get(cell) ?? 0) | how);
          } catch (thrown) {
            if (!(thrown instanceof Infeasible)) throw thrown;
          }
          for (const cell of oracle.touched.keys()) state.looked.add(cell);
          more = oracle.next();
        }
      }
    };
    return {
      found,
      /** Runs what has not been run since the values that it looks at have become more. @returns whether there was any. */
      round: (): boolean => {
        let any = false;
        for (let i = 0; i < found.length; i++) {
          const state = found[i];
          if (state === undefined) continue;
          const stale = state.ranAt < 0 || [...state.looked].some((cell) => (changedAt[cell] ?? 0) > state.ranAt);
          if (!stale) continue;
          any = true;
          runState(state);
        }
        return any;
      },
    };
  });
  for (let again = true; again; ) again = explorers.map(({ round }) => round()).some(Boolean);

  return {
    cells,
    initial: values.slice(0, cells.count).map(([first = 0]) => first),
    positions: pseudo,
    tasks: explorers.map(({ found }) =>
      found.map(({ pc, slots, touched, passes, waitsFor, edges, claims }) => ({
        pc,
        slots,
        touched,
        passesOnlyAtZero: passes ?? new Set(),
        waitsFor,
        edges: [...edges.values()],
        claims,
      })),
    ),
  };
}

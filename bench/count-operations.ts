// SPDX-License-Identifier: MIT
// How often a folio's count changes, counted by the steps themselves: the machine's own text with counters in it.
import { folio } from '../src/kernel/index.ts';
import {
  type Columns,
  compileColumns,
  int,
  rewriteEffects,
  rewriteSteps,
  sharedScalar,
  type Step,
} from '../src/lang/index.ts';
import { entryOf, type Machine } from '../src/machine/index.ts';

/** What was done since it was last asked. */
export interface Counts {
  /** Changes of a folio's count. */
  readonly operations: number;
  readonly steps: number;
}

/** Most that a counter of the language holds. */
const MOST = 2 ** 31 - 1;

/** A machine's text, compiled with counters in it: they run on the machine's own memory. */
export interface Counting extends Columns {
  readonly read: () => Counts;
}

/** Counts the steps that are taken, and the writes to a folio's count that are made. */
export function counting(machine: Machine): Counting {
  const operations = sharedScalar('bench.operations', int(MOST));
  const steps = sharedScalar('bench.steps', int(MOST));
  const program = rewriteSteps(machine.program, (step) => ({
    ...step,
    effects: [
      ...rewriteEffects(step.effects, (effect) => (isOfCount(effect) ? [effect, plusOne(operations)] : [effect])),
      plusOne(steps),
    ],
  }));
  const [operationsColumn, stepsColumn] = [new Int32Array(1), new Int32Array(1)];
  const columns = new Map(machine.memory.columns)
    .set(operations.variable, operationsColumn)
    .set(steps.variable, stepsColumn);
  const variables = [...program.variables, operations.variable, steps.variable];
  return {
    ...compileColumns({ ...program, variables }, { ...machine.memory, columns }),
    read: () => {
      const counts = { operations: operationsColumn[0] ?? 0, steps: stepsColumn[0] ?? 0 };
      operationsColumn[0] = 0;
      stepsColumn[0] = 0;
      return counts;
    },
  };
}

type Effect = Step['effects'][number];
type Counter = ReturnType<typeof sharedScalar<'int'>>;

const isOfCount = (effect: Effect): boolean =>
  effect.kind === 'assign' && effect.place.op === 'read' && effect.place.variable === folio.refcount.variable;
const plusOne = (counter: Counter): Effect => ({ kind: 'assign', place: counter.expr, value: counter.plus(1).expr });

/** From now on the machine makes its calls with counters. @returns what they count */
export function countCalls(machine: Machine): () => Counts {
  const { run, step, read } = counting(machine);
  machine.call = (task, call) => {
    const entry = entryOf(call, machine.options);
    if ('result' in entry) return { result: entry.result, errorIndex: undefined };
    let last = 0;
    const others = (): boolean => {
      for (let i = 0; i < machine.tasks; i++) {
        const other = (last + i) % machine.tasks;
        if (other === task || !step(other)) continue;
        last = other;
        return true;
      }
      return false;
    };
    if (!run(task, codeNamed(machine, entry.name), entry.args, others)) throw new Error(`${call.call} waits for ever`);
    return machine.outcome(task);
  };
  return read;
}

/** Number of a code in the machine's program. */
export function codeNamed(machine: Machine, name: string): number {
  const code = machine.program.codes.findIndex((known) => known.name === name);
  if (code === -1) throw new Error(`no code '${name}'`);
  return code;
}

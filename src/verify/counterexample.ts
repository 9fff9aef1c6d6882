// SPDX-License-Identifier: MIT
import type { Move } from '../check/index.ts';
import { folio, gmemInode, holdersOf, LOOK } from '../kernel/index.ts';
import { columnOf, copyMemory, Interpreter, type Taken } from '../lang/index.ts';
import { cpu, type FolioLedger, folioIndex, order, pfn, referencesOf } from '../ledger/index.ts';
import type { Counterexample, CounterexampleStep, WriteInStep } from './answer.ts';
import { shownIn } from './shown-state.ts';
import { cpuIn, type SmallWorld } from './small-world.ts';
import { switchesIn } from './switches.ts';

const SHOWN = [folio.refcount.variable, gmemInode.private.variable];

/** Whether a run is a shortest one, and one with the fewest context switches. */
export type Nearness = Pick<Counterexample, 'isShortest' | 'fewestSwitches'>;

/** The run of these moves, step by step. */
export function counterexampleOf(
  world: SmallWorld,
  moves: readonly Move[],
  { round, ...nearness }: Nearness & { readonly round?: number },
): Counterexample {
  const memory = copyMemory(world.memory);
  const interpreter = new Interpreter(world.program, memory);
  const ledgerBefore = ledgerOf(world, interpreter);
  const stateBefore = shownIn(interpreter, SHOWN);
  const tasks = world.codeOf.map((_, task) => ({ name: nameOfTask(world, task), cpu: cpu(cpuIn(memory, task)) }));
  const steps = moves.map(({ task, option }): CounterexampleStep => {
    const at = cpu(cpuIn(memory, task));
    const taken = interpreter.step(task, option);
    if (taken === undefined) throw new Error(`${nameOfTask(world, task)} cannot take a step of the counterexample`);
    return {
      task,
      thread: nameOfTask(world, task),
      cpu: at,
      call: numberOfCall(world, task, taken),
      option,
      path: taken.step.path,
      name: taken.step.name,
      writes: taken.writes.map((write) => written(world, write)),
      ...(taken.step.origin === undefined ? {} : { origin: taken.step.origin }),
      read: undefined,
      ledger: ledgerOf(world, interpreter),
      state: shownIn(interpreter, SHOWN),
    };
  });
  return { steps, contextSwitches: switchesIn(moves), ...nearness, round, ledgerBefore, stateBefore, tasks };
}

/** Whether the last call of a run looked at a folio that had left its file. */
export function looksAtGoneFolio(world: SmallWorld, steps: readonly CounterexampleStep[]): boolean {
  const interpreter = new Interpreter(world.program, copyMemory(world.memory));
  const mapping = columnOf(interpreter.memory, folio.mapping);
  const last = steps.at(-1);
  return steps.some(({ task, call, option }) => {
    const taken = interpreter.step(task, option);
    if (task !== last?.task || call !== last.call) return false;
    return (taken?.observed ?? []).some(
      ({ mark, args }) => mark === LOOK && mapping[args['folio'] ?? 0] === world.sizes.inodes,
    );
  });
}

/** Name of a task, `kworker/N` for the CPUs' own. */
export const nameOfTask = ({ scenario: { machine } }: SmallWorld, task: number): string =>
  machine.tasks[task]?.name ?? `kworker/${task - machine.tasks.length}`;

function numberOfCall(world: SmallWorld, task: number, { step: { call } }: Taken): number | undefined {
  return world.calls.find((one) => one.task === task && one.scripted === call)?.number;
}

function written({ program }: SmallWorld, { variable, index, before, after }: Taken['writes'][number]): WriteInStep {
  const { initial } = variable.type;
  const none = typeof initial === 'function' ? initial(program.sizes) : undefined;
  const shown = (value: number): number | 'none' => (value === none ? 'none' : value);
  return { variable: variable.name, index, before: shown(before), after: shown(after) };
}

/** Every folio that has a holder, or a count without one, by number. */
function ledgerOf(world: SmallWorld, interpreter: Interpreter): readonly FolioLedger[] {
  const { memory } = interpreter;
  const holders = holdersOf(interpreter, (task) => nameOfTask(world, task));
  return [...columnOf(memory, folio.refcount).entries()].flatMap(([number, count]) => {
    const held = holders.get(number) ?? [];
    const isBalanced = count === referencesOf(held);
    if (held.length === 0 && isBalanced) return [];
    return [
      {
        index: folioIndex(columnOf(memory, folio.index)[number] ?? 0),
        pfn: pfn(number),
        order: order(columnOf(memory, folio.order)[number] ?? 0),
        strength: 'proved',
        holders: held,
        ...(isBalanced ? {} : { count }),
      },
    ];
  });
}

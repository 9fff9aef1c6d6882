// SPDX-License-Identifier: MIT
import { BrokenInvariant, type PatchAnswer, runScenario } from '../scenario/index.ts';
import type { CounterexampleStep, PropertyAnswer } from './answer.ts';
import { ScheduleMisfit } from '../machine/index.ts';
import type { SmallWorld } from './small-world.ts';

/** `check` and `run` disagree about a run: a defect of folioscope. */
class Contradiction extends Error {
  override readonly name = 'Contradiction';
}

/**
 * Plays a counterexample with `run`, on a machine of the explored size, before it is reported. A run with a choice of
 * the kernel's own (`either`) is not played: no schedule can name it.
 * @throws Contradiction if `run` takes other steps, or judges them differently.
 */
export function replayed(world: SmallWorld, { id, counterexample }: PropertyAnswer): void {
  if (counterexample === undefined || counterexample.steps.some(({ option }) => option > 0)) return;
  const { steps } = counterexample;
  const answer = played(world, steps);
  // At a wrong count `run` ends, and reports it.
  if (answer === undefined || answer.imbalance !== undefined) return;
  const taken = answer.steps.filter(({ stage }) => stage === 'threads');
  const wrong = steps.findIndex((step, i) => taken[i] === undefined || placeOf(step) !== placeOf(taken[i]));
  const fail = (what: string): Contradiction =>
    new Contradiction(`${world.scenario.name}: ${world.patch.name}: ${id}: run does not ${what}, which check found`);
  if (wrong !== -1) throw fail(`take step ${wrong + 1}, '${steps[wrong]?.name}'`);
  const last = steps.at(-1);
  const conversion = answer.calls.findLast(({ of }) => of.task === last?.task)?.conversion;
  if (id.startsWith('I2') && conversion?.refusal?.users.length !== 0) throw fail('find the refusal spurious');
}

interface Placed {
  readonly path: readonly string[];
  readonly name: string;
  readonly task: number;
}
const placeOf = ({ task, path, name }: Placed): string => [task, ...path, name].join(' > ');

/** The run; undefined if it ends at a wrong count, which is then the violation that it shows. */
function played(
  { scenario, patch, profile, sizes }: SmallWorld,
  steps: readonly CounterexampleStep[],
): PatchAnswer | undefined {
  const machine = { ...scenario.machine, profile, folios: sizes.folios };
  const turns = steps.map(({ thread, name }) => ({ task: thread, times: 1, step: name }));
  try {
    return runScenario(
      { ...scenario, machine },
      {
        patch,
        schedule: { kind: 'list', turns },
        end: { turns: turns.length, why: 'the run against a property ends here' },
      },
    );
  } catch (thrown) {
    if (thrown instanceof BrokenInvariant) return undefined;
    if (thrown instanceof ScheduleMisfit)
      throw new Contradiction(`${scenario.name}: ${patch.name}: run takes other steps than check: ${thrown.message}`);
    throw thrown;
  }
}

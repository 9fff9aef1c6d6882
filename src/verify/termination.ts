// SPDX-License-Identifier: MIT
import { checkPromise } from '../check/index.ts';
import { finished } from '../lang/index.ts';
import type { PropertyAnswer } from './answer.ts';
import { all } from './conditions.ts';
import { nameOfTask, tell } from './counterexample.ts';
import { nameOf, SENTENCES } from './property.ts';
import type { SmallWorld } from './small-world.ts';

/** The whole graph is stored, with its steps and without reductions. */
const MOST_STATES = 1_000_000;

/**
 * I5: every task that converts gets to its end, on every run on which who can go on from some time on goes on.
 * @param unfair tasks of whom that is not asked.
 */
export function conversionsEnd(world: SmallWorld, unfair: readonly number[], mostStates: number): PropertyAnswer {
  const converting = new Set(world.calls.filter(({ entry }) => entry.name === 'convert').map(({ task }) => task));
  const holds = all([...converting].map((task) => finished(task)));
  const { program, codeOf, memory } = world;
  const { verdict, states, transitions, depth, lasso } = checkPromise(
    { program, codeOf, initial: memory, properties: [], mayEnd: holds },
    { name: nameOf('I5'), holds, unfair },
    Math.min(MOST_STATES, mostStates),
  );
  const { stem = [], cycle = [] } = lasso ?? {};
  return {
    id: 'I5',
    sentence: SENTENCES.I5,
    verdict,
    detail:
      unfair.length === 0 ? undefined : `${unfair.map((task) => nameOfTask(world, task)).join(', ')} may never run`,
    explored: { states, transitions: transitions + 1, depth, bytes: 0 },
    counterexample:
      lasso === undefined
        ? undefined
        : tell(world, [...stem, ...cycle], { fewestSwitches: false, round: cycle.length }),
  };
}

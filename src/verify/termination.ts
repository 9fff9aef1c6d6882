// SPDX-License-Identifier: MIT
import { checkingPromise, type Progress, type PromiseReach, type Reason } from '../check/index.ts';
import { finished } from '../lang/index.ts';
import type { PropertyAnswer } from './answer.ts';
import { all } from './conditions.ts';
import { nameOfTask, counterexampleOf } from './counterexample.ts';
import { converting } from './observing.ts';
import { nameOf, propertyOf } from './properties/index.ts';
import type { SmallWorld } from './small-world.ts';

/** Largest graph in states: it is stored whole, with its steps and without reductions. */
const MOST_STATES = 1_000_000;
/** Largest graph in states if the scenario does not ask about termination. */
const MOST_UNASKED = 100_000;

/** Whether every conversion ends, or why this is unknown. */
export interface Termination {
  /** Undefined if the scenario does not ask, and the graph is large. */
  readonly answer: PropertyAnswer | undefined;
  readonly reason: Reason | undefined;
}

/** I5: every task that converts returns, on every weakly fair run. */
export function* conversionsEnd(
  world: SmallWorld,
  { mostStates, mostBytes, interrupted }: PromiseReach,
): Generator<Progress, Termination> {
  const { unfair = [] } = world.scenario.check;
  const isAsked = world.scenario.check.unfair !== undefined;
  const tasks = converting(world);
  const holds = all(tasks.map((task) => finished(task)));
  const { program, codeOf, memory } = world;
  const { verdict, states, transitions, depth, bytes, reason, lasso } = yield* checkingPromise(
    { program, codeOf, initial: memory, properties: [], mayEnd: holds },
    { name: nameOf('I5'), holds, unfair },
    { mostStates: Math.min(isAsked ? MOST_STATES : MOST_UNASKED, mostStates), mostBytes, interrupted },
  );
  if (reason === 'states' && !isAsked) return { answer: undefined, reason: undefined };
  const { stem = [], cycle = [] } = lasso ?? {};
  const answer: PropertyAnswer = {
    id: 'I5',
    sentence: propertyOf('I5').sentence,
    verdict,
    detail:
      unfair.length === 0 ? undefined : `${unfair.map((task) => nameOfTask(world, task)).join(', ')} may never run`,
    vacuous: tasks.length === 0 ? 'no task converts' : undefined,
    explored: { states, transitions: transitions + 1, depth, bytes },
    counterexample:
      lasso === undefined
        ? undefined
        : counterexampleOf(world, [...stem, ...cycle], {
            isShortest: false,
            fewestSwitches: false,
            round: cycle.length,
          }),
  };
  return { answer, reason };
}

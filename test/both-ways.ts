// SPDX-License-Identifier: MIT
import type { Patch } from '../src/machine/index.ts';
import type { Scenario } from '../src/scenario/index.ts';
import { type CheckAnswer, checking } from '../src/verify/index.ts';

const MOST_STATES = 2_000_000;

function answered(scenario: Scenario, patch: Patch, partialOrder: boolean): CheckAnswer {
  const pieces = checking(scenario, { patch, mostStates: MOST_STATES, partialOrder, wholeUpTo: 0 });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/** What is to be the same, by name: the verdict first. */
const told = ({ verdict, properties, coverage }: CheckAnswer): ReadonlyMap<string, Told> =>
  new Map<string, Told>([
    ['verdict', { verdict, text: verdict }],
    ...properties.map(({ id, verdict: its, detail, vacuous, counterexample }): [string, Told] => [
      id,
      {
        verdict: its,
        text: JSON.stringify([its, detail, vacuous, counterexample?.steps.length, counterexample?.contextSwitches]),
      },
    ]),
    ['coverage', { verdict, text: JSON.stringify(coverage) }],
  ]);

interface Told {
  readonly verdict: CheckAnswer['verdict'];
  readonly text: string;
}

/** A scenario under a form, with all orders of steps and with those left out that nobody can tell. */
export function answeredBothWays(scenario: Scenario, patch: Patch) {
  const [whole, reduced] = [answered(scenario, patch, false), answered(scenario, patch, true)];
  const [one, other] = [told(whole), told(reduced)];
  const apart = [...one].flatMap(([name, { verdict, text }]) => {
    const its = other.get(name);
    return its?.text === text ? [] : [{ name, verdict, text, its }];
  });
  return {
    whole: whole.explored.states,
    reduced: reduced.explored.states,
    reductions: reduced.reductions,
    /** What is answered otherwise. */
    differences: apart
      .filter(({ verdict, its }) => verdict !== 'undecided' && its?.verdict !== 'undecided')
      .map(({ name, text, its }) => `${name} ${text} and ${its?.text}`),
    /** What only one of them could answer before there were too many states. */
    undecided: apart
      .filter(({ verdict, its }) => verdict === 'undecided' || its?.verdict === 'undecided')
      .map(({ name, verdict, its }) => `${name} ${verdict} without, ${its?.verdict} with`),
  };
}

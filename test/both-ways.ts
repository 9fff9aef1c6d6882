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

/** What is to be the same, by name. */
const told = ({ verdict, properties, coverage }: CheckAnswer): ReadonlyMap<string, string> =>
  new Map([
    ['verdict', verdict],
    ...properties.map(({ id, verdict: its, detail, vacuous, counterexample }): [string, string] => [
      id,
      JSON.stringify([its, detail, vacuous, counterexample?.steps.length, counterexample?.contextSwitches]),
    ]),
    ['coverage', JSON.stringify(coverage)],
  ]);

/** A scenario under a form, with all orders of steps and with those left out that nobody can tell. */
export function answeredBothWays(scenario: Scenario, patch: Patch) {
  const [whole, reduced] = [answered(scenario, patch, false), answered(scenario, patch, true)];
  const [one, other] = [told(whole), told(reduced)];
  return {
    whole: whole.explored.states,
    reduced: reduced.explored.states,
    reductions: reduced.reductions,
    differences: [...one].flatMap(([name, text]) =>
      other.get(name) === text ? [] : [`${name} ${text} and ${other.get(name)}`],
    ),
  };
}

// SPDX-License-Identifier: MIT
import type { Patch } from '../machine/index.ts';
import type { Scenario } from '../scenario/index.ts';
import type { CheckAnswer } from './answer.ts';
import type { SearchOptions } from './search-options.ts';
import { checking } from './verify.ts';

/** States after which {@link checkScenario} gives up where nothing else is said: some seconds, and some tens of MB. */
const MOST_STATES = 1_000_000;

/**
 * The answer about one form of the check, on every interleaving of a scenario's threads. The call returns when all is explored;
 * {@link checking} does the same work in pieces, for a page that stays responsive.
 *
 * @example
 * const scenario = parseScenario('SC-02.yaml', text);
 * const answer = checkScenario(scenario, patchNamed('v6'));
 * answer.verdict; // 'holds'
 * @param patch a form of the check: `patchNamed('v6')` of folioscope/machine, or one of your own.
 */
export function checkScenario(scenario: Scenario, patch: Patch, options: Partial<SearchOptions> = {}): CheckAnswer {
  const pieces = checking(scenario, { mostStates: MOST_STATES, ...options, patch });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

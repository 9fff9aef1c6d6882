// SPDX-License-Identifier: MIT
import type { Patch } from '../machine/index.ts';
import type { Scenario } from '../scenario/index.ts';
import type { CheckAnswer } from './answer.ts';
import type { SearchOptions } from './search-options.ts';
import { checking } from './verify.ts';

/** Default limit of {@link checkScenario} in states: some seconds, and some tens of MB. */
const MOST_STATES = 1_000_000;

/**
 * The answer about one form of the check, on every interleaving of a scenario's threads. The call returns when everything is explored;
 * {@link checking} does the same work in pieces, for a page that stays responsive.
 * @param patch a form of the check: `patchNamed('v6')` of folioscope/machine, or one of your own.
 * @example
 * import { patchNamed } from 'folioscope/machine';
 * import { parseScenario } from 'folioscope/scenario';
 * import { checkScenario } from 'folioscope/verify';
 * const text = `
 * scenario: T
 * title: A page faulted on another CPU
 * machine: { cpus: 2 }
 * guest_memfd: { pages: 1 }
 * tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
 * before: [{ T1: { touch: 0..1 } }]
 * threads: { T0: [{ convert: { range: 0..1, to: private } }] }
 * `;
 * checkScenario(parseScenario('t.yaml', text), patchNamed('v6')).verdict; // => 'holds'
 */
export function checkScenario(scenario: Scenario, patch: Patch, options: Partial<SearchOptions> = {}): CheckAnswer {
  const pieces = checking(scenario, { mostStates: MOST_STATES, ...options, patch });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

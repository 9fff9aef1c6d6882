// SPDX-License-Identifier: MIT
import type { CheckAnswer, Explored, PropertyAnswer } from './answer.ts';
import { asExpected } from './verify.ts';

/**
 * The answer of random walks that several machines made, each some of them: a property is violated if it is in one part, and its run is
 * the one with the fewest steps. Steps add up; distinct states do not, so their number is 0, with a lower limit beside it.
 * @param parts of one form and one scenario, at least one.
 * @example
 * import { parseScenario } from 'folioscope/scenario';
 * import { patchNamed } from 'folioscope/machine';
 * import { checkScenario, mergedWalks } from 'folioscope/verify';
 * const text = `
 * scenario: T
 * title: A page faulted on another CPU
 * machine: { cpus: 2 }
 * guest_memfd: { pages: 1 }
 * tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
 * before: [{ T1: { touch: 0..1 } }]
 * threads: { T0: [{ convert: { range: 0..1, to: private } }] }
 * `;
 * const scenario = parseScenario('t.yaml', text);
 * const walks = { walks: 2, seed: 1, steps: 100, pct: undefined };
 * const parts = [1, 3].map((first) => checkScenario(scenario, patchNamed('v6'), { walks: { ...walks, first } }));
 * mergedWalks(parts).walked?.walks; // => 4
 * mergedWalks(parts).explored.statesAtLeast! > 0; // => true
 */
export function mergedWalks(parts: readonly CheckAnswer[]): CheckAnswer {
  const [first] = parts;
  if (first === undefined) throw new RangeError('no part of random walks');
  if (parts.length === 1) return first;
  const properties = first.properties.map(({ id }) => mergedProperty(parts.flatMap((part) => propertyOf(part, id))));
  const isViolated = properties.some(({ verdict }) => verdict === 'violated');
  const { walked, expected } = first;
  return {
    ...first,
    verdict: isViolated ? 'violated' : 'undecided',
    properties,
    explored: mergedExplored(parts.map(({ explored }) => explored)),
    routines: [...new Set(parts.flatMap(({ routines }) => routines))].toSorted(),
    walked: walked && {
      ...walked,
      first: undefined,
      walks: parts.reduce((sum, one) => sum + (one.walked?.walks ?? 0), 0),
    },
    reason:
      parts.map(({ reason }) => reason).find((reason) => reason !== 'walks' && reason !== undefined) ?? first.reason,
    asExpected: first.before.length > 0 ? false : asExpected(expected, properties),
  };
}

const propertyOf = ({ properties }: CheckAnswer, id: string): readonly PropertyAnswer[] =>
  properties.filter((one) => one.id === id);

function mergedProperty(parts: readonly PropertyAnswer[]): PropertyAnswer {
  const steps = ({ counterexample }: PropertyAnswer): number =>
    counterexample?.steps.length ?? Number.POSITIVE_INFINITY;
  const [best] = parts.filter(({ verdict }) => verdict === 'violated').toSorted((a, b) => steps(a) - steps(b));
  const one = best ?? parts[0];
  if (one === undefined) throw new RangeError('no part of random walks has the property');
  return best === undefined ? { ...one, explored: mergedExplored(parts.map(({ explored }) => explored)) } : one;
}

const mergedExplored = (parts: readonly Explored[]): Explored => ({
  states: 0,
  // Two parts may have visited the same state, so only a lower limit is known.
  ...(parts.every(({ states }) => states > 0) ? { statesAtLeast: Math.max(...parts.map(({ states }) => states)) } : {}),
  // Each part counts the arrival at the initial state once.
  transitions: parts.reduce((sum, { transitions }) => sum + transitions, 1 - parts.length),
  depth: Math.max(...parts.map(({ depth }) => depth)),
  bytes: Math.max(...parts.map(({ bytes }) => bytes)),
});

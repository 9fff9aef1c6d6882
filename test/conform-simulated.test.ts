// SPDX-License-Identifier: MIT
// Whatever the machine does is a behaviour of the model: conform accepts the recording of each random run, whichever order two CPUs'
// looks, drains and flushes came in.
import { expect, test } from 'vitest';
import { conformTrace } from '../src/conform/index.ts';
import { memorySource } from '../src/trace/index.ts';
import { KINDS, randomRecording } from './support/random-recordings.ts';

const SEEDS = 10;
/** Seeds that a former mistake of the follower refused. */
const FORMER = [100, 102, 105, 106, 107, 108, 115, 120, 303, 308];
/** Runs that diverge wrongly still, by kind: docs/conform.md, Random runs of the model. */
const NOT_YET = new Map([
  ['linux-7.3, 1 CPUs, large folios', 103],
  ['linux-6.18, 3 CPUs, conversions', 7],
]);

test.each(KINDS)('$name', async (kind) => {
  for (const seed of [...Array.from({ length: SEEDS }, (_, one) => one), ...FORMER]) {
    const { text, profile, patch } = randomRecording(kind, seed);
    const { verdict, because, divergence, matched } = await conformTrace(memorySource('t', text), {
      profile,
      patches: [patch],
    });
    // What a bound gave up may be undecided, with the reason; a wrong divergence never is.
    if (verdict === 'undecided' && because !== undefined) continue;
    if (NOT_YET.get(kind.name) === seed) {
      expect(verdict).toBe('diverges');
      continue;
    }
    expect({ seed, verdict, divergence }).toEqual({ seed, verdict: 'conforms', divergence: undefined });
    expect(matched).toBeGreaterThan(10);
  }
});

// SPDX-License-Identifier: MIT
// Random scenarios: `run` never finds what `check` says cannot be, counterexamples replay, and all ways to explore agree.
// bench/random-scenarios.ts tries two thousand.
import { afterAll, expect, test } from 'vitest';
import { CALL_KEYS } from '../src/scenario/schema.ts';
import { RANDOM_CALLS } from './support/random-scenario.ts';
import { casesFrom, triedAt } from './support/random-trials.ts';
import { WorkerPool } from './worker-host.ts';

const host = new WorkerPool();
afterAll(async () => host.end());

test('random scenarios are made of every call that there is', () => {
  expect(RANDOM_CALLS.toSorted()).toEqual(CALL_KEYS.toSorted());
});

test.each(casesFrom(2, 12))(
  'seed %i',
  async (seed) => {
    const { findings, text } = await triedAt(seed, { mostStates: 2000, host, shrinks: () => false });
    expect(findings.map(({ kind, text: what }) => `${kind}\n${what}\n${text(kind)}`)).toEqual([]);
  },
  60_000,
);

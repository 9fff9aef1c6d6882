// SPDX-License-Identifier: MIT
// What a form of the check is called, and how it is written, is nothing to its verdicts. bench/rewritings.ts tries a thousand.
import { expect, test } from 'vitest';
import { patchNamed } from '../src/machine/index.ts';
import { Random } from './fuzz/random.ts';
import {
  answered,
  differencesOf,
  rewritingOf,
  scenarioNamed,
  SCENARIOS,
  silentRewritingOf,
} from './support/rewritings.ts';

const MOST_STATES = 3000;
const seeds = Array.from({ length: 10 }, (_, i) => i + 1);

test.each(seeds)('rewriting %i comes to what its original comes to', (seed) => {
  const rewriting = rewritingOf(seed);
  const random = new Random(seed);
  for (const name of new Set([0, 1].map(() => SCENARIOS[random.below(SCENARIOS.length)] ?? 'SC-02-other-cpu')))
    expect([rewriting.told, name, differencesOf(rewriting, name, MOST_STATES)]).toEqual([rewriting.told, name, []]);
});

test('another form is no rewriting', () => {
  const seed = seeds.find((candidate) => rewritingOf(candidate).original.name === 'v6') ?? 0;
  const differences = differencesOf(
    { ...rewritingOf(seed), original: patchNamed('baseline') },
    'SC-02-other-cpu',
    MOST_STATES,
  );
  expect(differences).toContain('I2 violated  / holds no page is ever refused');
});

test.each(seeds.slice(0, 4))(
  'form %i without a word of when it looks is undecided where looks are asked for',
  (seed) => {
    const patch = silentRewritingOf(seed);
    for (const name of ['SC-02-other-cpu', 'SC-37-drain-loop']) {
      const { properties } = answered(scenarioNamed(name), patch, MOST_STATES);
      for (const id of ['I2', 'I4']) {
        const property = properties.find((one) => one.id === id);
        const isEmpty = property?.vacuous === 'no page is ever refused';
        expect([patch.name, name, id, property?.verdict]).toEqual([
          patch.name,
          name,
          id,
          isEmpty ? 'holds' : 'undecided',
        ]);
      }
    }
  },
);

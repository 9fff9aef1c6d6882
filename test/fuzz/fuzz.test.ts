// SPDX-License-Identifier: MIT
// A short campaign of test/fuzz/run.ts; docs/damage.md has a long one.
import { expect, it } from 'vitest';
import { campaign, inputOf } from './campaign.ts';
import { SEEDS } from './seeds.ts';

it('six hundred damaged recordings: nothing but answers, and refusals that say where', async () => {
  const { inputs, failures, codes, seeds } = await campaign(7, 0, 600);
  const told = failures.map(({ number, faults }) => `npx tsx test/fuzz/run.ts --seed 7 --only ${number}: ${faults[0]}`);
  expect(told).toEqual([]);
  expect(inputs).toBe(600);
  // Both must have been met, or the mutations are too mild or too wild.
  expect(codes.get(2)).toBeGreaterThan(100);
  expect(codes.get(65)).toBeGreaterThan(100);
  expect(seeds.size).toBeGreaterThan(SEEDS.length - 3);
});

it('an input is made by its number alone', () => {
  const one = inputOf(3, 77);
  inputOf(3, 78);
  expect(inputOf(3, 77)).toEqual(one);
  expect(inputOf(4, 77).bytes).not.toEqual(one.bytes);
});

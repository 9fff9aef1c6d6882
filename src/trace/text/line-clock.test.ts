// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { LineClock } from './line-clock.ts';

const SECOND = 1_000_000_000n;

it('makes the same times as arithmetic on bigints, however seconds and their parts follow each other', () => {
  const clock = new LineClock();
  // On both sides of where the low half of a time is full, of what 64 bits hold, and of the largest second of a line.
  const seconds = [0, 1, 3, 4, 5, 4294, 4295, 1253, 8_999_999_999, 9_000_000_000, 9_000_000_001, 1e12];
  const fractions = [0, 1, 294_967_295, 294_967_296, 294_967_297, 500_000_000, 999_999_999];
  for (const second of [...seconds, ...seconds.toReversed()])
    for (const fraction of [...fractions, ...fractions.toReversed(), ...fractions])
      expect(clock.at(second, fraction)).toBe(BigInt(second) * SECOND + BigInt(fraction));
});

it('begins with the time 0', () => {
  expect(new LineClock().at(0, 0)).toBe(0n);
});

// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Durations } from './durations.ts';

const SHARES = [0.5, 0.9, 0.99, 1];

const filled = (values: readonly number[]): Durations => {
  const durations = new Durations();
  for (const value of values) durations.add(BigInt(value));
  return durations;
};

/** Nearest rank. */
const truePercentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1] ?? 0;

test('percentiles of few are exact, of many less than 1/128 too high', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.nat(10).chain((power) => fc.nat(10 ** power)),
        { minLength: 1, maxLength: 60 },
      ),
      fc.constantFrom(1, 40),
      (few, times) => {
        const values = Array.from({ length: times }, () => few).flat();
        const durations = filled(values);
        for (const share of SHARES) {
          const [said, truth] = [Number(durations.percentile(share)), truePercentile(values, share)];
          expect(said).toBeGreaterThanOrEqual(truth);
          expect(said).toBeLessThanOrEqual(values.length <= 1024 ? truth : truth * (1 + 1 / 128));
        }
        expect(Number(durations.max)).toBe(Math.max(...values));
        expect(durations.histogram().reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
      },
    ),
    { numRuns: 200 },
  );
});

test('the histogram begins and ends with a row that has some', () => {
  expect(filled([1500, 1500, 999_999, 20_000_000_000]).histogram()).toEqual([
    { below: 10_000n, count: 2 },
    { below: 100_000n, count: 0 },
    { below: 1_000_000n, count: 1 },
    { below: 10_000_000n, count: 0 },
    { below: 100_000_000n, count: 0 },
    { below: 1_000_000_000n, count: 0 },
    { below: 10_000_000_000n, count: 0 },
    { below: undefined, count: 1 },
  ]);
});

test('of nothing there is nothing', () => {
  const none = new Durations();
  expect([none.percentile(0.5), none.max, none.histogram()]).toEqual([undefined, undefined, []]);
});

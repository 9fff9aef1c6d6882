// SPDX-License-Identifier: MIT
import { array, assert, integer, nat, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { COLUMNS } from './drawing.ts';
import { meansOf, peaksOf, sortedBy } from './stays-curve.ts';

/** Width of a column in the units of the stays. */
const UNIT = 4;

test('a column has the largest and the mean number that wait in it, as counting moment by moment says', () => {
  const stay = tuple(nat(12 * UNIT - 1), integer({ min: 1, max: 5 * UNIT }));
  assert(
    property(array(stay, { maxLength: 20 }), (all) => {
      const stays = {
        from: all.map(([from]) => from),
        to: all.map(([from, length], i) => (i % 7 === 6 ? Number.POSITIVE_INFINITY : from + length)),
        index: all.map((_, i) => i),
        sure: all.map(() => 1),
      };
      const place = (at: number): number => Math.min(COLUMNS, at / UNIT);
      const waiting = (at: number): number =>
        stays.from.filter((from, i) => from <= at && (stays.to[i] ?? 0) > at).length;
      const [peaks, means] = [peaksOf(stays, sortedBy(stays), place), meansOf(stays, place)];
      for (let column = 0; column < 20; column++) {
        const counts = Array.from({ length: UNIT }, (_, i) => waiting(column * UNIT + i));
        expect(peaks[column]).toBe(Math.max(...counts));
        expect(means[column]).toBeCloseTo(counts.reduce((sum, count) => sum + count, 0) / UNIT, 9);
      }
      expect(peaks).toHaveLength(COLUMNS);
    }),
  );
});

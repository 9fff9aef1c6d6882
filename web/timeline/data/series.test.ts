// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lowerBound, orderOf } from './columns.ts';
import { columnsFor, countAt, fillColumns, type Series, seriesOf } from './series.ts';

const END = 1_000_000;

/** A step function with samples at random times. */
const series = (most: number): fc.Arbitrary<Series> =>
  fc
    .uniqueArray(fc.nat(END - 1), { minLength: 1, maxLength: most })
    .chain((times) =>
      fc
        .array(fc.nat(31), { minLength: times.length, maxLength: times.length })
        .map((counts) => seriesOf(Float64Array.from(times).toSorted(), [Uint8Array.from(counts)])),
    );

test('at every time the count is that of the last sample', () => {
  fc.assert(
    fc.property(series(200), fc.nat(END), (of, at) => {
      const before = [...of.times].findLastIndex((time) => time <= at);
      expect(countAt(of, 0, at)).toBe(before < 0 ? 0 : of.counts[0]?.[before]);
    }),
  );
});

describe('a column of pixels', () => {
  test('shows at least what holds within it, and nothing from farther than a column away', () => {
    fc.assert(
      fc.property(series(300), fc.nat(END - 1000), fc.integer({ min: 500, max: END }), (of, from, length) => {
        const width = 50;
        const into = columnsFor(1, width);
        fillColumns(of, { from, to: from + length, width }, END, into);
        const column = length / width;
        for (let place = 0; place < width; place++) {
          const [begin, stop] = [from + place * column, from + (place + 1) * column];
          const within = highest(of, begin, stop);
          const around = highest(of, begin - column, stop + column);
          expect(into.most[0]?.[place]).toBeGreaterThanOrEqual(within);
          expect(into.most[0]?.[place]).toBeLessThanOrEqual(around);
        }
      }),
    );
  });

  test('costs steps by the width, not by the number of samples', () => {
    const width = 1000;
    const steps = [10_000, 1_000_000].map((samples) => {
      const times = Float64Array.from({ length: samples }, (_, place) => (place * END) / samples);
      const of = seriesOf(times, [Uint8Array.from({ length: samples }, (_, place) => place % 31)]);
      return fillColumns(of, { from: 0, to: END, width }, END, columnsFor(1, width));
    });
    for (const count of steps) expect(count).toBeLessThan(12 * width);
  });

  test('shows one folio that waits for a moment among a million samples', () => {
    const samples = 1_000_000;
    const counts = new Uint8Array(samples);
    counts[777_777] = 1;
    const of = seriesOf(
      Float64Array.from({ length: samples }, (_, place) => place),
      [counts],
    );
    const into = columnsFor(1, 100);
    fillColumns(of, { from: 0, to: samples, width: 100 }, samples, into);
    expect(
      [...(into.most[0] ?? [])].map((most, place) => (most > 0 ? place : -1)).filter((place) => place >= 0),
    ).toEqual([77]);
  });
});

function highest(of: Series, begin: number, stop: number): number {
  let most = 0;
  for (const [place, time] of of.times.entries()) {
    const end = of.times[place + 1] ?? END;
    if (time < stop && end > begin) most = Math.max(most, of.counts[0]?.[place] ?? 0);
  }
  return most;
}

test('times are sorted as by comparing, equal ones in their order', () => {
  const times = fc.array(fc.oneof(fc.nat(50), fc.nat(2 ** 31 - 1), fc.nat(Number.MAX_SAFE_INTEGER)), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(times, (all) => {
      const sorted = [...all.keys()].toSorted((a, b) => (all[a] ?? 0) - (all[b] ?? 0) || a - b);
      expect([...orderOf(Float64Array.from(all))]).toEqual(sorted);
    }),
  );
});

test('the first place of a time', () => {
  expect([0, 1, 2, 5, 9].map((time) => lowerBound(Float64Array.of(1, 2, 2, 5), time))).toEqual([0, 0, 1, 3, 4]);
});

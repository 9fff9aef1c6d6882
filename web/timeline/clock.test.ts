// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { type Clock, durationText, offsetOf, ticksOf, timeText } from './clock.ts';

const SECONDS: Clock = { begin: 2_571_888_295_956n, countsTime: false };
const COUNTS: Clock = { begin: 4_294_900_000n, countsTime: true };

test('a time is written as explain writes it, and read again', () => {
  expect(timeText(SECONDS, 2_736_499)).toBe('2571.891032455');
  expect(offsetOf(SECONDS, '2571.891032455')).toBe(2_736_499);
  expect(offsetOf(SECONDS, '2572')).toBe(111_704_044);
  expect(timeText(COUNTS, 12)).toBe('4294900012');
  expect(offsetOf(COUNTS, '4294900012')).toBe(12);
  expect(offsetOf(SECONDS, 'now')).toBeUndefined();
});

test.each([
  [0, '0 ns'],
  [52_800, '52.8 us'],
  [1_450_000, '1.45 ms'],
  [412_000, '412 us'],
  [1.05e9, '1.05 s'],
])('%d ns is %s', (nanos, text) => {
  expect(durationText(nanos)).toBe(text);
});

describe('ticks', () => {
  test.each([
    [0, 3_590_000, 7, '0 +1 ms +2 ms +3 ms'],
    [0, 3_590_000, 10, '0 +500 us +1.0 ms +1.5 ms +2.0 ms +2.5 ms +3.0 ms +3.5 ms'],
    [1_000_100, 1_000_900, 4, '+1.0002 ms +1.0004 ms +1.0006 ms +1.0008 ms'],
  ])('from %d to %d, at most %d', (from, to, most, labels) => {
    const ticks = ticksOf(from, to, most, false);
    expect(ticks.map(({ label }) => label).join(' ')).toBe(labels);
    expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length);
  });
});

// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { nanoseconds } from '../ledger/index.ts';
import { durationText } from './duration-text.ts';

test.each([
  [0n, '0 ns'],
  [999n, '999 ns'],
  [17_749n, '17.7 us'],
  [1_500_000_000n, '1.5 s'],
  [86_399_000_000_000n, '86399 s'],
  [86_400_000_000_000n, '1 d'],
  [1n << 59n, '6672 d'],
])('%d ns is %s', (time, text) => {
  expect(durationText(nanoseconds(time))).toBe(text);
});

// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import type { Holder } from '../ledger/index.ts';
import { balanceText } from './holders-text.ts';

const holders: readonly Holder[] = [
  { kind: 'page-cache', references: 1 },
  { kind: 'isolated', task: 'T0', references: 2 },
];

test('a count is printed as the sum of its holders only where it is', () => {
  const text = '3 = 1 page-cache + 2 isolated (T0)';
  expect(balanceText({ holders }).replaceAll('\u00a0', ' ')).toBe(text);
  expect(balanceText({ holders, count: 2 }).replaceAll('\u00a0', ' ')).toBe(
    `count 2, but its holders add up to ${text}`,
  );
});

// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { foldRows, type Row } from './fold.ts';

const rows = (histories: string, from = 0): readonly Row[] =>
  Array.from(histories, (history, place) => ({ index: from + place, pages: 1, history: history.charCodeAt(0) }));

const written = (folds: ReturnType<typeof foldRows>): string => folds.map(({ from, to }) => `${from}..${to}`).join(' ');

test('neighbours with the same history share a lane', () => {
  expect(written(foldRows(rows('aaabcc'), 9))).toBe('0..3 3..4 4..6');
});

test('a hole ends a lane', () => {
  expect(written(foldRows([...rows('aa'), ...rows('aa', 5)], 9))).toBe('0..2 5..7');
});

test('a large folio covers its pages', () => {
  expect(
    written(
      foldRows(
        [
          { index: 0, pages: 512, history: 1 },
          { index: 512, pages: 1, history: 1 },
        ],
        9,
      ),
    ),
  ).toBe('0..513');
});

test('too many lanes become blocks of equal size', () => {
  expect(written(foldRows(rows('abababababab'), 4))).toBe('0..4 4..8 8..12');
  expect(written(foldRows(rows('abababababab', 100), 4))).toBe('100..104 104..108 108..112');
});

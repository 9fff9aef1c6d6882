// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldNumbers } from './fold-numbers.ts';

test.each([
  [[], ''],
  [[7], '7'],
  [[0, 1], '0-1'],
  [[3, 9], '3, 9'],
  [[0, 1, 2, 3], '0-3'],
  [[74, 76, 78, 80], '74-80 step 2'],
  [[1, 2, 4, 6, 8, 20], '1-2, 4-8 step 2, 20'],
  [[5, 5 + 31, 5 + 62], '5-67 step 31'],
])('%j folds to %j', (numbers, folded) => {
  expect(foldNumbers(numbers)).toBe(folded);
});

const unfold = (text: string): number[] =>
  text.split(', ').flatMap((piece) => {
    const [, first = '', last = first, step = '1'] = /^(\d+)(?:-(\d+))?(?: step (\d+))?$/.exec(piece) ?? [];
    const numbers: number[] = [];
    for (let number = Number(first); number <= Number(last); number += Number(step)) numbers.push(number);
    return numbers;
  });

test('folded numbers unfold to what they were', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200), { minLength: 1 }), (some) => {
      const numbers = some.toSorted((a, b) => a - b);
      expect(unfold(foldNumbers(numbers))).toEqual(numbers);
    }),
  );
});

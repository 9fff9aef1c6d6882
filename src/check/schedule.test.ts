// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { Random } from './random.ts';
import { Pct } from './schedule.ts';

test('of two tasks that are put back, either may be put behind the other', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const pct = new Pct(new Random(seed, 1), Int32Array.of(0, 1, 2), 3, 2);
    const [first] = pct.order();
    pct.taken(first ?? -1);
    const [second] = pct.order();
    pct.taken(second ?? -1);
    const [third, next] = pct.order();
    // Where both were put back, and not one of them twice.
    if (new Set([first, second, third]).size === 3)
      seen.add(next === first ? 'the first goes on first' : 'the second goes on first');
  }
  expect([...seen].toSorted()).toEqual(['the first goes on first', 'the second goes on first']);
});

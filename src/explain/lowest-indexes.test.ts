// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FolioIndex, folioIndex } from '../ledger/index.ts';
import { LowestIndexes } from './lowest-indexes.ts';

/** Enough that not all are kept sorted. */
const MANY = 6000;

test('how many lie below is what counting says, whatever came and went', () => {
  const changes = fc.array(fc.record({ adds: fc.boolean(), from: fc.nat(MANY), length: fc.nat(2500) }), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(changes, fc.boolean(), fc.nat(MANY), (runs, falling, asked) => {
      const all = new Map<FolioIndex, true>();
      const lowest = new LowestIndexes(all);
      const add = (index: FolioIndex): void => {
        all.set(index, true);
        lowest.add(index);
      };
      for (let i = 0; i < MANY; i++) add(folioIndex(falling ? MANY - i : i));
      for (const { adds, from, length } of runs) {
        for (let i = from; i < from + length; i++) {
          const index = folioIndex(i);
          if (adds) add(index);
          else if (all.delete(index)) lowest.delete(index);
        }
        const count = [...all.keys()].filter((index) => index < asked).length;
        expect(lowest.below(folioIndex(asked), 31)).toBe(Math.min(31, count));
      }
    }),
    { numRuns: 20 },
  );
});

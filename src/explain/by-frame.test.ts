// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { pfn } from '../ledger/index.ts';
import { ByFrame } from './by-frame.ts';

/** Frames of which many share a slot, small ones and ones beyond 32 bits. */
const frames = fc.oneof(
  fc.nat(40),
  fc.nat(20).map((nth) => nth * 0x1000),
  fc.nat(20).map((nth) => nth * 0x1_0000_0001),
);
const steps = fc.array(fc.tuple(fc.constantFrom('set', 'set', 'delete', 'get', 'clear'), frames), { maxLength: 400 });

test('it holds what a Map holds', () => {
  fc.assert(
    fc.property(steps, fc.nat(3), (taken, clears) => {
      const mine = new ByFrame<{ readonly nth: number }>();
      const map = new Map<number, { readonly nth: number }>();
      for (const [nth, [what, frame]] of taken.entries()) {
        if (what === 'set') {
          mine.set(pfn(frame), { nth });
          map.set(frame, { nth });
        } else if (what === 'delete') {
          mine.delete(pfn(frame));
          map.delete(frame);
        } else if (what === 'clear' && clears === 0) {
          mine.clear();
          map.clear();
        }
        expect(mine.get(pfn(frame))).toEqual(map.get(frame));
      }
      expect(mine.size).toBe(map.size);
      expect(mine.values().toSorted((a, b) => a.nth - b.nth)).toEqual(
        [...map.values()].toSorted((a, b) => a.nth - b.nth),
      );
      for (const [frame, value] of map) expect(mine.get(pfn(frame))).toEqual(value);
    }),
  );
});

test('it grows', () => {
  const all = new ByFrame<{ readonly frame: number }>();
  for (let frame = 0; frame < 10_000; frame++) all.set(pfn(frame * 3), { frame: frame * 3 });
  for (let frame = 0; frame < 10_000; frame += 2) all.delete(pfn(frame * 3));
  expect(all.size).toBe(5000);
  const wrong = Array.from({ length: 30_000 }, (_, frame) => frame).filter(
    (frame) => all.get(pfn(frame))?.frame !== (frame % 6 === 3 ? frame : undefined),
  );
  expect(wrong).toEqual([]);
});

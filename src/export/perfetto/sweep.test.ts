// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sweep } from './sweep.ts';

test('counts the stays after each change, whatever their order', () => {
  const stay = fc.tuple(
    fc.integer({ min: 0, max: 40 }),
    fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
  );
  fc.assert(
    fc.property(fc.array(stay, { maxLength: 60 }), (stays) => {
      const sweep = new Sweep({ stays: 100 });
      const list = stays.map(([from, length]) => [from, length === undefined ? undefined : from + length] as const);
      for (const [from, to] of list) sweep.add(from, to);
      const changes: [at: number, present: number, ended: number][] = [];
      sweep.forEachChange((...change) => void changes.push(change));
      const times = [...new Set(list.flatMap(([from, to]) => (to === undefined ? [from] : [from, to])))].toSorted(
        (a, b) => a - b,
      );
      expect(changes).toEqual(
        times.map((at) => [
          at,
          list.filter(([from, to]) => from <= at && (to === undefined || to > at)).length,
          list.filter(([, to]) => to === at).length,
        ]),
      );
    }),
  );
});

test('holds no more than there is room for, and shows that in the room', () => {
  const room = { stays: 2 };
  const sweep = new Sweep(room);
  for (let nth = 0; nth < 5; nth++) sweep.add(nth, undefined);
  expect(room.stays).toBeLessThan(0);
  let count = 0;
  sweep.forEachChange(() => void count++);
  expect(count).toBe(2);
});

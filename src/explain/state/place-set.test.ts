// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { PlaceSet } from './place-set.ts';

/** Numbers below a limit, the same in every run (Lehmer, modulus 2^31 - 1). */
function numbers(): (limit: number) => number {
  let seed = 20_261_130;
  return (limit) => {
    seed = (seed * 48_271) % 0x7fff_ffff;
    return seed % limit;
  };
}

test('it counts and finds what a plain set has', () => {
  const next = numbers();
  for (const places of [1, 31, 32, 33, 64, 200]) {
    const set = new PlaceSet(places);
    const plain = new Set<number>();
    for (let step = 0; step < 400; step++) {
      const place = next(places);
      if (next(3) > 0) {
        set.add(place);
        plain.add(place);
      } else {
        set.delete(place);
        plain.delete(place);
      }
      const from = next(places + 1);
      const to = next(places + 1);
      const within = [...plain].filter((one) => one >= from && one < to).toSorted((a, b) => a - b);
      expect([set.size, set.count(from, to), set.next(from, to)]).toEqual([plain.size, within.length, within[0]]);
    }
    expect(set.places()).toEqual([...plain].toSorted((a, b) => a - b));
  }
});

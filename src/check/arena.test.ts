// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { Arena } from './arena.ts';

test('what is taken is zero, and nobody else has it', () => {
  const arena = new Arena();
  const held: Int32Array[] = [];
  let random = 1;
  for (let i = 1; i <= 2000; i++) {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    const taken = arena.take(1 + (random % 5000));
    expect(taken.every((word) => word === 0)).toBe(true);
    taken.fill(i);
    held.push(taken);
    if (held.length > 40) {
      const [given] = held.splice(random % held.length, 1);
      expect(given === undefined || given.every((word) => word === given[0])).toBe(true);
      if (given !== undefined) arena.give(given);
    }
  }
  for (const array of held) expect(array.every((word) => word === array[0])).toBe(true);
});

test('tables that grow in turns leave little behind', () => {
  const arena = new Arena();
  let tables = Array.from({ length: 64 }, () => arena.take(1024));
  for (let words = 1536; words <= 65_536; words = words % 3 === 0 ? (words / 3) * 4 : (words / 2) * 3)
    tables = tables.map((before) => {
      const after = arena.take(words);
      arena.give(before);
      return after;
    });
  const inUse = tables.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(arena.bytes).toBeLessThan(1.3 * inUse);
});

test('memory of another arena is not taken back', () => {
  expect(() => {
    new Arena().give(new Int32Array(16));
  }).toThrow('memory that this arena did not give out');
});

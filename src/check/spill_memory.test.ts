// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { HEAPS } from '../lang/index.ts';
import { putRow, Rows } from './rows.ts';
import { SpillMemory } from './spill_memory.ts';

const WORDS = 2;

function rowsOf(numbers: readonly number[]): Rows {
  const rows = new Rows(new Int32Array(HEAPS * 1000 * (WORDS + 1)), new Int32Array(HEAPS), 0);
  rows.clear();
  for (const number of numbers) putRow(Int32Array.of(number, -number), rows.words, rows.ends);
  return rows;
}

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);

test.each([1, 2, 7, 2 ** 28])('what goes to the store in runs of %i words at most is known, by depth', (mostInRun) => {
  const kept = new Map<string, Uint8Array>();
  const store = {
    write: (name: string, [part]: readonly Uint8Array[]) => {
      expect(kept.has(name)).toBe(false);
      kept.set(name, new Uint8Array(part ?? []));
    },
    read: (name: string) => kept.get(name),
    isDue: () => false,
  };
  const heaps = range(0, HEAPS);
  const memory = new SpillMemory(WORDS, heaps, 1e5, store, mostInRun);
  const insert = (depth: number, numbers: readonly number[], more: number): number =>
    memory.insert(depth, [rowsOf(numbers)], 1e5, more).added;
  expect(insert(0, range(0, 500), 1e9)).toBe(500);
  expect(insert(1, range(400, 800), 1e9)).toBe(300);
  expect(kept.size).toBe(0);
  // More than half of what is allowed is full: what was seen goes to the store before more is added.
  expect(insert(2, range(700, 1000), -memory.bytes)).toBe(200);
  const longest = Math.max(...[...kept.values()].map(({ length }) => length / 4));
  expect(longest).toBeLessThanOrEqual(Math.max(WORDS, mostInRun));
  if (mostInRun <= WORDS) expect(kept.size).toBe(800);
  else expect(kept.size).toBeGreaterThanOrEqual(HEAPS);
  for (const [depth, from, to] of [
    [0, 0, 500],
    [1, 500, 800],
    [2, 800, 1000],
  ] as const) {
    const found: number[] = [];
    memory.visit(depth, (states, at) => found.push(states[at] ?? -1));
    expect(found.toSorted((a, b) => a - b)).toEqual(range(from, to));
  }
});

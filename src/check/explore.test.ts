// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { explore } from './explore.ts';
import type { Model } from './model.ts';

/** Peterson's algorithm for two, a task a process; word 0 packs pc0, pc1 (0..4), flag0, flag1, turn. */
function peterson(waits: boolean): Model {
  const PC = [0, 3] as const;
  const FLAG = [6, 7] as const;
  const TURN = 8;
  const get = (s: Int32Array, at: number, bits: number): number => ((s[0] ?? 0) >>> at) & (2 ** bits - 1);
  const set = (s: Int32Array, at: number, bits: number, value: number): void => {
    s[0] = ((s[0] ?? 0) & ~((2 ** bits - 1) << at)) | (value << at);
  };
  return {
    words: 1,
    tasks: 2,
    initial: new Int32Array(1),
    step: (task, s) => {
      const [pc, flag, other] = task === 0 ? [PC[0], FLAG[0], FLAG[1]] : [PC[1], FLAG[1], FLAG[0]];
      switch (get(s, pc, 3)) {
        case 0:
          set(s, flag, 1, 1);
          break;
        case 1:
          set(s, TURN, 1, 1 - task);
          break;
        case 2:
          if (waits && get(s, other, 1) === 1 && get(s, TURN, 1) === 1 - task) return false;
          break;
        case 3:
          set(s, flag, 1, 0);
          set(s, pc, 3, 0);
          return true;
      }
      set(s, pc, 3, get(s, pc, 3) + 1);
      return true;
    },
  };
}
const bothCritical = {
  name: 'mutual exclusion',
  holds: ([s = 0]: Int32Array) => (s & 7) !== 3 || ((s >>> 3) & 7) !== 3,
};
const limits = { mayEnd: () => false, mostStates: 1000 };

test("Peterson's algorithm excludes, and without its wait the shortest way in is six steps", () => {
  const right = explore(peterson(true), { ...limits, invariants: [bothCritical] });
  expect(right).toMatchObject({ verdict: 'holds', property: undefined, counterexample: undefined });
  const wrong = explore(peterson(false), { ...limits, invariants: [bothCritical] });
  expect(wrong).toMatchObject({ verdict: 'violated', property: 'mutual exclusion' });
  expect(wrong.counterexample).toHaveLength(6);
});

/** Counts to `last` in steps of one. */
const counter = (last: number): Model => ({
  words: 2,
  tasks: 1,
  initial: new Int32Array(2),
  step: (_, s) => {
    if (s[0] === last) return false;
    s[0] = (s[0] ?? 0) + 1;
    s[1] = -(s[0] ?? 0);
    return true;
  },
});

test('counts states, transitions and depth, and finds the end', () => {
  const counts = { states: 50_001, transitions: 50_000, depth: 50_000 };
  expect(explore(counter(50_000), { ...limits, mostStates: 1e6, invariants: [] })).toMatchObject({
    ...counts,
    verdict: 'violated',
    property: 'deadlock',
  });
  const mayEnd = ([s]: Int32Array): boolean => s === 50_000;
  const fine = explore(counter(50_000), { mayEnd, mostStates: 1e6, invariants: [] });
  expect(fine).toMatchObject({ ...counts, verdict: 'holds' });
});

test('gives up where it is told to', () => {
  const found = explore(counter(50_000), { ...limits, invariants: [] });
  expect(found).toMatchObject({ verdict: 'undecided', states: 1000 });
});

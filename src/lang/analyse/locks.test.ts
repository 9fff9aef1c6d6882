// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { type Builder, TASK } from '../text/builder.ts';
import { Positions } from './cells.ts';
import { shared, sharedScalar } from '../text/expression.ts';
import { Interpreter } from '../run/interpreter.ts';
import { localStates } from './local_states.ts';
import { findLocks } from './locks.ts';
import { createMemory } from '../program/memory.ts';
import { buildCode, program } from '../program/program.ts';
import { bool, int } from '../text/types.ts';

const bit = sharedScalar('bit', bool);
const readers = sharedScalar('readers', int(2));
const seen = shared('seen', [TASK], int(2));
type K = Builder<null>;

/** Names of the locks that are found where every task runs a text, and how many local states the first has. */
function locksOf(text: (k: K, task: number) => void): { readonly locks: readonly string[]; readonly states: number } {
  const sizes = { task: 2 };
  const codes = [0, 1].map((task) => buildCode(`task ${task}`, null, sizes, 0, (k: K) => text(k, task)));
  const built = program(sizes, [bit, readers, seen], codes);
  const memory = createMemory(built);
  const interpreter = new Interpreter(built, memory);
  for (const task of [0, 1]) interpreter.start(task, task);
  const found = localStates(built, [0, 1], memory, (cells) => new Positions(cells.count), {
    runs: 10_000,
    states: 10_000,
  });
  const locks = findLocks(found).map(({ cell }) => found.cells.variable(cell).name);
  return { locks, states: found.tasks[0]?.length ?? 0 };
}

const within = (k: K, task: number): void => k.step('work', () => seen.at(task).set(1));

test('a bit that is set where it was clear and cleared by who set it is a lock', () => {
  const { locks, states } = locksOf((k, task) => {
    k.await('lock', bit.not(), () => bit.set(true));
    within(k, task);
    k.step('unlock', () => bit.set(false));
  });
  expect(locks).toEqual(['bit']);
  expect(states).toBe(4);
});

test('so are a count of readers and the bit of a writer', () => {
  const { locks } = locksOf((k, task) => {
    if (task === 0) k.await('down_write', bit.not().and(readers.eq(0)), () => bit.set(true));
    else k.await('down_read', bit.not(), () => readers.add(1));
    within(k, task);
    if (task === 0) k.step('up_write', () => bit.set(false));
    else k.step('up_read', () => readers.sub(1));
  });
  expect(locks.toSorted()).toEqual(['bit', 'readers']);
});

test.each<[string, (k: K, task: number) => void]>([
  [
    'that somebody else clears',
    (k, task) => {
      if (task === 0) k.await('lock', bit.not(), () => bit.set(true));
      else k.step('unlock', () => bit.set(false));
    },
  ],
  [
    'that is taken without looking',
    (k, task) => {
      if (task === 0) k.await('lock', bit.not(), () => bit.set(true));
      else k.step('lock', () => bit.set(true));
      k.step('unlock', () => bit.set(false));
    },
  ],
  [
    'of which a task does not know whether it holds it',
    (k) => {
      const looked = k.local('looked', bool);
      k.step('look', () => looked.set(seen.at(0).eq(0)));
      k.if(looked, () => k.await('lock', bit.not(), () => bit.set(true)));
      k.step('work', () => seen.at(0).set(1));
      k.step('unlock', () => bit.set(false));
    },
  ],
])('a bit %s is none', (_, text) => {
  expect(locksOf(text).locks).toEqual([]);
});

test('what nobody writes has one value, and the ways that it rules out are no local states', () => {
  const { states } = locksOf((k) => {
    const value = k.local('value', int(2));
    k.step('look', () => value.set(readers));
    k.if(value.gt(0), () => k.step('never', () => {}));
  });
  expect(states).toBe(2);
});

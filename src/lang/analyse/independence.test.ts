// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { type Builder, TASK } from '../text/builder.ts';
import { claimed, shared, sharedScalar } from '../text/expression.ts';
import { independence } from './independence.ts';
import type { Dependences } from './task_view.ts';
import { Choice, FUSABLE } from './choice.ts';
import { Interpreter } from '../run/interpreter.ts';
import { createMemory } from '../program/memory.ts';
import { buildCode, program } from '../program/program.ts';
import { bool, int } from '../text/types.ts';

const lock = sharedScalar('lock', bool);
const other = sharedScalar('other', bool);
const total = sharedScalar('total', int(9));
const seen = shared('seen', [TASK], int(9));
type K = Builder<null>;

function locked(k: K, of: typeof lock, text: () => void): void {
  k.await('lock', of.not(), () => of.set(true));
  text();
  k.step('unlock', () => of.set(false));
}

const TEXTS: readonly ((k: K) => void)[] = [
  (k) => {
    const value = k.local('value', int(9));
    locked(k, lock, () => k.step('read', () => value.set(total)));
    k.step('own', () => seen.at(0).set(1));
    locked(k, other, () => k.step('read again', () => value.set(total)));
    k.if(value.gt(1), () => k.step('write', () => total.set(2)));
  },
  (k) => locked(k, lock, () => k.step('add', () => total.add(1))),
  (k) => {
    const value = k.local('value', int(9));
    k.step('look', () => value.set(seen.at(0)));
    locked(k, other, () => locked(k, lock, () => k.step('add', () => total.add(1))));
    k.step('tell', () => seen.at(2).set(value));
  },
];

function dependences(): Dependences {
  const sizes = { task: TEXTS.length };
  const codes = TEXTS.map((text, task) => buildCode(`task ${task}`, null, sizes, 0, text));
  const built = program(sizes, [lock, other, total, seen], codes);
  const memory = createMemory(built);
  const interpreter = new Interpreter(built, memory);
  for (const task of codes.keys()) interpreter.start(task, task);
  const found = independence(built, [...codes.keys()], memory, []);
  if (found === undefined) throw new Error('there are too many local states');
  return found.dependences;
}

test('what is chosen is told by the classes of local states', () => {
  const given = dependences();
  const apart: Dependences = {
    ...given,
    views: given.views.map((view) => ({ ...view, classOf: view.next.map((_, id) => id), classes: view.next.length })),
  };
  const [byClass, byState] = [new Choice(given), new Choice(apart)];
  const counts = given.views.map(({ next }) => next.length);
  const [first = 0, second = 0, third = 0] = counts;
  const chosen = new Set<number>();
  for (let at = 0; at < first * second * third; at++) {
    const states = [at % first, Math.floor(at / first) % second, Math.floor(at / first / second)];
    for (const [task, id] of states.entries()) {
      byState.at[task] = id;
      byClass.at[task] = given.views[task]?.classOf[id] ?? -1;
    }
    for (let enabled = 1; enabled < 8; enabled++) {
      const choice = byState.choose(enabled);
      chosen.add(choice);
      expect([states, enabled, byClass.choose(enabled)]).toEqual([states, enabled, choice]);
    }
  }
  // Or it would have shown nothing.
  expect(chosen.size).toBeGreaterThan(6);
  expect(given.views.some(({ classes, next }) => classes < next.length)).toBe(true);
});

test('a step stays where it asserts, not where it notes a claim that is called so', () => {
  const stays = (text: (k: K) => void): boolean => {
    const built = program({ task: 1 }, [total], [buildCode('code', null, { task: 1 }, 0, text)]);
    const memory = createMemory(built);
    new Interpreter(built, memory).start(0, 0);
    const found = independence(built, [0], memory, []);
    if (found === undefined) throw new Error('there are too many local states');
    const choice = new Choice(found.dependences);
    choice.at[0] = found.dependences.views[0]?.classOf[0] ?? -1;
    return (choice.choose(1) & FUSABLE) === 0;
  };
  expect(stays((k) => k.step('s', () => k.when(total.eq(0), () => k.assert('a', total.eq(0)))))).toBe(true);
  expect(stays((k) => k.step('s', () => total.set(claimed(0, 'assert'))))).toBe(false);
});

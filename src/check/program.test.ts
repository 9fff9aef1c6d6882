// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import {
  bool,
  buildCode,
  type Builder,
  createMemory,
  domain,
  finished,
  int,
  Interpreter,
  none,
  optional,
  type Program,
  program,
  shared,
  sharedScalar,
  size,
  type Symmetry,
  TASK,
  type Value,
} from '../lang/index.ts';
import { type Exploration, exploreProgram, exploringProgram, type Progress, type Reach } from './index.ts';

const FORK = domain('fork');
const taken = shared('taken', [FORK], bool);
const meals = sharedScalar('meals', int(40));

/** Philosophers, each of whom takes his left fork, then his right one, eats, and puts them back; `n` at a table. */
function table(n: number, lastIsLeftHanded: boolean): Program {
  const sizes = { task: n, fork: n };
  const codes = [...Array(n).keys()].map((i) =>
    buildCode(`philosopher ${i}`, null, sizes, 0, (k: Builder<null>) => {
      const forks = [i, (i + 1) % n] as const;
      const [first, second] = lastIsLeftHanded && i === n - 1 ? [forks[1], forks[0]] : forks;
      k.loop(() => {
        k.await('take first', taken.at(first).not(), () => taken.at(first).set(true));
        k.await('take second', taken.at(second).not(), () => taken.at(second).set(true));
        k.step('put first', () => taken.at(first).set(false));
        k.step('put second', () => taken.at(second).set(false));
      });
    }),
  );
  return program(sizes, [taken], codes);
}

interface Asked {
  readonly properties?: Parameters<typeof exploreProgram>[0]['properties'];
  readonly mayEnd?: Value<'bool'>;
  readonly symmetry?: Symmetry;
  readonly reach?: Partial<Reach>;
}

function questionOf(built: Program, asked: Asked): Parameters<typeof exploreProgram>[0] {
  const { properties = [], mayEnd = finished(0), symmetry } = asked;
  const initial = createMemory(built);
  const codeOf = [...built.codes.keys()];
  const interpreter = new Interpreter(built, initial);
  for (const task of codeOf) interpreter.start(task, task);
  return { program: built, codeOf, initial, properties, mayEnd, symmetry };
}
const explored = (built: Program, asked: Asked = {}): Exploration =>
  exploreProgram(questionOf(built, asked), { mostStates: 1e5, ...asked.reach });

test('philosophers who all reach left first starve, after a step each', () => {
  for (const n of [2, 3, 5]) {
    const found = explored(table(n, false));
    expect(found).toMatchObject({ verdict: 'violated', property: 'deadlock' });
    expect(found.counterexample?.map(({ task }) => task).toSorted()).toEqual([...Array(n).keys()]);
    expect(explored(table(n, true))).toMatchObject({ verdict: 'holds', property: undefined });
  }
});

test('a property that does not hold in the beginning needs no step', () => {
  const hungry = { name: 'somebody eats', holds: taken.at(0) };
  const found = explored(table(2, true), { properties: [hungry] });
  expect(found).toMatchObject({ verdict: 'violated', property: 'somebody eats', counterexample: [] });
});

const counting = (text: (k: Builder<null>) => void, tasks = 1): Program => {
  const sizes = { task: tasks, fork: 40 };
  return program(
    sizes,
    [meals, taken],
    Array.from({ length: tasks }, (_, i) => buildCode(`task ${i}`, null, sizes, 0, text)),
  );
};

test('the shorter of two violations is reported, also where the longer one is met first', () => {
  // Option 0 leads to an assert that fails in step 2, option 1 to an end that is none after step 1.
  const built = counting((k) => {
    k.either([
      () => {
        k.step('eat', () => meals.set(1));
        k.step('eat again', () => k.assert('modest', meals.eq(0)));
      },
      () => k.step('leave', () => meals.set(2)),
    ]);
  });
  const found = explored(built, { mayEnd: meals.eq(1) });
  expect(found).toMatchObject({ property: 'deadlock', counterexample: [{ task: 0, option: 1 }] });
  const lenient = explored(built, { mayEnd: finished(0) });
  expect(lenient).toMatchObject({ property: 'modest', counterexample: [{ option: 0 }, { option: 0 }] });
});

test('everything is visited after a violation where that is asked for', () => {
  const built = counting((k) => {
    k.for('i', int(40), 0, 30, () => k.step('eat', () => meals.add(1)));
  });
  const few = { name: 'few', holds: meals.lt(7) };
  const first = explored(built, { properties: [few] });
  expect(first).toMatchObject({ verdict: 'violated', states: 8, depth: 7 });
  const whole = explored(built, { properties: [few], reach: { whole: true } });
  expect(whole).toMatchObject({ verdict: 'violated', property: 'few', states: 31, transitions: 30, depth: 30 });
  expect(whole.counterexample).toHaveLength(7);
});

/** Three tasks that count, each on its own. */
function counters(last: number): { readonly built: Program; readonly mayEnd: Value<'bool'> } {
  const counts = shared('counts', [TASK], int(last));
  const sizes = { task: 3 };
  const codes = [0, 1, 2].map((i) =>
    buildCode(`task ${i}`, null, sizes, 0, (k) => {
      k.loop(() => k.await('count', counts.at(i).lt(last), () => counts.at(i).add(1)));
    }),
  );
  const mayEnd = [0, 1, 2].map((i) => counts.at(i).eq(last)).reduce((a, b) => a.and(b));
  return { built: program(sizes, [counts], codes), mayEnd };
}

test('a search says how far it is, and ends where it is interrupted with what it knows', () => {
  const { built, mayEnd } = counters(29);
  const said: Progress[] = [];
  const all = explored(built, { mayEnd, reach: { progress: (now) => said.push(now) } });
  expect(all).toMatchObject({ verdict: 'holds', reason: undefined });
  expect(all.bytesPerState).toBeCloseTo(all.bytes / all.states);
  expect(said.at(-1)).toMatchObject({ states: all.states, transitions: all.transitions, queue: 0 });
  // A level and its queue: the states at a distance, of which there are (d + 1)(d + 2) / 2 before a counter is full.
  expect(said.slice(0, 29).map(({ depth, queue }) => [depth, queue])).toEqual(
    Array.from({ length: 29 }, (_, d) => [d + 1, ((d + 2) * (d + 3)) / 2]),
  );
  const stopped = explored(built, { mayEnd, reach: { interrupted: () => (said.pop(), said.length < 50) } });
  expect(stopped).toMatchObject({ verdict: 'undecided', reason: 'interrupted', counterexample: undefined });
  expect(stopped.states).toBeLessThan(all.states);
  expect(stopped.depth).toBeGreaterThan(1);
  const pieces = exploringProgram(questionOf(built, { mayEnd }), { mostStates: 1e5 });
  expect(pieces.next()).toMatchObject({ done: false, value: { states: 4, transitions: 3, depth: 1, queue: 3 } });
});

test('too little memory, or too few states allowed, ends a search with what it knows', () => {
  const { built, mayEnd } = counters(59);
  const few = explored(built, { mayEnd, reach: { mostStates: 1234 } });
  expect(few).toMatchObject({ verdict: 'undecided', reason: 'states', states: 1234 });
  const all = explored(built, { mayEnd, reach: { mostStates: 1e6 } });
  expect(all).toMatchObject({ verdict: 'holds', states: 60 ** 3 });
  const mostBytes = all.bytes - 1_300_000;
  const little = explored(built, { mayEnd, reach: { mostStates: 1e6, mostBytes } });
  expect(little).toMatchObject({ verdict: 'undecided', reason: 'memory' });
  expect(little.bytes).toBeLessThanOrEqual(mostBytes);
  expect(little.states).toBeGreaterThan(10_000);
  expect(little.states).toBeLessThan(all.states);
  // More than any machine has: the search takes what it gets.
  expect(explored(built, { mayEnd, reach: { mostStates: 2 ** 48 } })).toMatchObject({ states: 60 ** 3 });
});

test('many states in many levels are each found once', () => {
  const { built, mayEnd } = counters(29);
  const found = explored(built, { mayEnd });
  expect(found).toMatchObject({ verdict: 'holds', states: 30 ** 3, transitions: 3 * 29 * 30 * 30, depth: 87 });
  const symmetry = { classes: [[0, 1, 2].map((task) => ({ task, owned: [] }))] };
  // Multisets of three numbers out of thirty.
  expect(explored(built, { mayEnd, symmetry })).toMatchObject({ verdict: 'holds', states: 4960, depth: 87 });
});

test('elements that something holds, or whose tasks differ, are not alike', () => {
  const owner = sharedScalar('owner', optional(FORK));
  const sizes = { task: 2, fork: 2 };
  const one = buildCode('one', null, sizes, 0, (k) => k.step('own', () => owner.set(none(FORK))));
  const other = buildCode('other', null, sizes, 0, (k) => {
    for (let i = 0; i < 5; i++) k.step('eat', () => meals.set(ordinalOf()));
  });
  const members = [0, 1].map((task) => ({ task, owned: [{ domain: FORK, element: task }] }));
  const symmetry = { classes: [members] };
  expect(() => explored(program(sizes, [owner], [one, one]), { symmetry })).toThrow("'owner' holds an element of");
  expect(() => explored(program(sizes, [meals, owner], [one, other]), { symmetry })).toThrow();
  expect(() => explored(program(sizes, [meals], [other, eatOnce(sizes)]), { symmetry })).toThrow(
    'a task that is said to be like task 0 is not',
  );
});
const ordinalOf = (): Value<'int'> => size(FORK);
const eatOnce = (sizes: { task: number; fork: number }) =>
  buildCode('once', null, sizes, 0, (k) => k.step('eat', () => meals.set(1)));

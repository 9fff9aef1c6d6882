// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { numbers } from './numbers.ts';
import { formatSchedule, parseSchedule, type Schedule, strategyOf, turnsTaken } from './schedule.ts';
import { ScheduleMisfit } from './strategy.ts';

const NAMES = ['A', 'B', 'kworker/0'];

/** Who takes the turns of tasks that have so many steps each, task 1 only after task 0 has taken two. */
function play(schedule: Schedule, steps: readonly number[] = [3, 3, 1]): string {
  const left = [...steps];
  const taskNamed = (name: string): number | undefined => (NAMES.includes(name) ? NAMES.indexOf(name) : undefined);
  const strategy = strategyOf(schedule, { taskNamed, length: () => 7 });
  const order: number[] = [];
  const ready = (task: number): boolean => (left[task] ?? 0) > 0 && (task !== 1 || (left[0] ?? 0) <= 1);
  for (let last: number | undefined; left.some((more) => more > 0); last = order.at(-1)) {
    const isAt = (of: number, place: string): boolean => place === `step${(left[of] ?? 0) - 1}`;
    const task = strategy.choose({ tasks: [0, 1, 2], workers: [2], ready, isAt, last });
    if (task === undefined || !ready(task)) throw new Error('nobody');
    left[task] = (left[task] ?? 0) - 1;
    order.push(task);
    strategy.took?.(task, `step ${left[task]}`);
  }
  return order.join('');
}

const of = (text: string): Schedule => parseSchedule(text);

describe('strategies', () => {
  test('in order, round robin', () => {
    expect(play(of('in-order'))).toBe('0001112');
    expect(play(of('rr'))).toBe('0201011');
  });

  test('random gives the same run for the same seed, and many runs for many seeds', () => {
    const runs = Array.from({ length: 2000 }, (_, seed) => play(of(`random:${seed}`)));
    expect(runs).toEqual(Array.from({ length: 2000 }, (_, seed) => play(of(`random:${seed}`))));
    // 0, 0 come first of the six; the last 0 is among 1, 1, 1 in 4 ways; 2 is anywhere: 7 * 4 runs.
    expect(new Set(runs).size).toBe(28);
  });

  test('pct preempts less than its depth', () => {
    for (let depth = 1; depth <= 3; depth++) {
      const runs = new Set(Array.from({ length: 300 }, (_, seed) => play(of(`pct:${depth}:${seed}`), [3, 0, 3])));
      const switches = [...runs].map((run) => run.split('').filter((task, i) => i > 0 && task !== run[i - 1]).length);
      // One switch is that somebody is done.
      expect(Math.max(...switches)).toBe(depth);
      expect(runs.size).toBeGreaterThan(depth);
    }
  });

  test('a list goes on in order when it ends', () => {
    expect(play(of('A:2,B:1,kworker/0,A:1'))).toBe('0012011');
  });

  test('a list goes up to a place, and lets kworkers in where somebody waits', () => {
    expect(play(of('A:@step1,kworker/0:all,A:all'))).toBe('0200111');
    // B waits for A, so the kworker is let in; it cannot help.
    expect(play(of('B:@step0,A:2'))).toBe('2000111');
    expect(play(of('A:@step0,B:@step1'))).toBe('0011120');
  });

  test('a list that does not fit says where', () => {
    expect(() => play(of('A,B'))).toThrow(new ScheduleMisfit('turn 2 is of B, which is done or waits'));
    expect(() => play(of('A:2,C'))).toThrow(new ScheduleMisfit("turn 3 is of 'C', but there is no such task"));
    const turns = [
      { task: 'A', times: 1, step: 'step 2' },
      { task: 'A', times: 1, step: 'another' },
    ];
    expect(() => play({ kind: 'list', turns })).toThrow(
      new ScheduleMisfit("turn 2 is 'another' of A, which is at 'step 1'"),
    );
  });
});

describe('the string of a schedule', () => {
  test.each([
    'v1:in-order',
    'v1:rr',
    'v1:random:7',
    'v1:pct:3:4294967295',
    'v1:list:T0:12,kworker/1:4,T0:@lru_add,T1:@folio_add_lru.local_lock,T0:all',
  ])('%s is read and printed as it is', (text) => {
    expect(formatSchedule(parseSchedule(text))).toBe(text);
  });

  test('may leave out what is as usual', () => {
    expect(formatSchedule(parseSchedule('random', 5))).toBe('v1:random:5');
    expect(formatSchedule(parseSchedule('pct:2', 5))).toBe('v1:pct:2:5');
    expect(formatSchedule(parseSchedule('T0,T1:2'))).toBe('v1:list:T0:1,T1:2');
    expect(formatSchedule({ kind: 'list', turns: turnsTaken(['A', 'A', 'B', 'A']) })).toBe('v1:list:A:2,B:1,A:1');
  });

  test.each([
    ['v2:rr', 'a schedule of version 2, expected v1:'],
    ['random:x', "'x' in a schedule, expected a whole number from 0 to 4294967295"],
    ['pct:0', "'0' in a schedule, expected a whole number from 1 to 100"],
    [
      'T0;T1',
      "'T0;T1' is not a schedule, expected rr, random, pct:D, in-order or turns such as T0:12,T1:@folio_put,T0:all",
    ],
  ])('%s is none', (text, message) => {
    expect(() => parseSchedule(text)).toThrow(new RangeError(message));
  });
});

test('the numbers behind a seed are these, for ever', () => {
  const below = numbers(1);
  expect(Array.from({ length: 8 }, () => below(1000))).toMatchInlineSnapshot(`
    [
      627,
      2,
      527,
      981,
      968,
      281,
      612,
      720,
    ]
  `);
});

// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { alikeTasks, type Symmetry } from '../index.ts';
import { type Builder, TASK } from '../text/builder.ts';
import {
  choose,
  claimed,
  finished,
  literal,
  none,
  ordinal,
  shared,
  sharedScalar,
  type Value,
} from '../text/expression.ts';
import type { Variable } from '../text/expr.ts';
import { Interpreter } from '../run/interpreter.ts';
import { columnOf, createMemory, type Memory } from '../program/memory.ts';
import { buildCode, program } from '../program/program.ts';
import { bool, domain, int, one, optional } from '../text/types.ts';

const HANDLE = domain('handle');
const SIZES = { task: 3, handle: 3 };
const total = sharedScalar('total', int(9));
const own = shared('own', [TASK], int(3));
const handles = shared('handles', [HANDLE], int(3));
const both = shared('both', [TASK, HANDLE], bool);

type Text = (k: Builder<null>, task: number) => void;
interface Asked {
  readonly properties?: readonly (readonly [name: string, holds: Value<'bool'>])[];
  readonly sometimes?: readonly Value<'bool'>[];
  readonly mayEnd?: Value<'bool'>;
  readonly begin?: (memory: Memory) => void;
  readonly more?: readonly { readonly variable: Variable }[];
}

/** The classes of a program of three tasks that run `text`. */
function classesOf(text: Text, { properties = [], sometimes = [], mayEnd, begin, more = [] }: Asked = {}): unknown {
  const codes = [0, 1, 2].map((task) => buildCode(`task ${task}`, null, SIZES, 0, (k: Builder<null>) => text(k, task)));
  const built = program(SIZES, [total, own, handles, ...more], codes);
  const initial = createMemory(built);
  const interpreter = new Interpreter(built, initial);
  for (const task of codes.keys()) interpreter.start(task, task);
  begin?.(initial);
  const named = (holds: Value<'bool'>, i: number): { name: string; holds: Value<'bool'> } => ({ name: `${i}`, holds });
  const found = alikeTasks(built, [0, 1, 2], initial, {
    properties: properties.map(([name, holds]) => ({ name, holds })),
    sometimes: sometimes.map(named),
    mayEnd: mayEnd ?? finished(2).and(finished(0).and(finished(1))),
  });
  return found && shown(found);
}

const shown = ({ classes }: Symmetry): unknown =>
  classes.map((members) =>
    members.map(({ task, owned }) => [task, ...owned.map(({ domain: of, element: i }) => `${of.name} ${i}`)].join(' ')),
  );

const handle = (i: number): Value<'handle'> => literal<'handle'>(i);
const counting: Text = (k) => {
  k.step('up', () => total.add(1));
  k.step('note', () => own.at(k.self).set(choose(total.eq(2), 1, 0)));
};
const opening: Text = (k, task) => {
  k.step('open', () => handles.at(handle(task)).set(1));
  k.step('note', () => own.at(k.self).set(handles.at(handle(task))));
};

describe('tasks are alike', () => {
  test('with one text', () => expect(classesOf(counting)).toEqual([['0', '1', '2']]));
  test('with an element each that nobody else names', () =>
    expect(classesOf(opening)).toEqual([['0 handle 0', '1 handle 1', '2 handle 2']]));
  test('where a property adds them up, in whatever order', () => {
    const sum = own
      .at(1)
      .plus(own.at(0))
      .plus(own.at(2))
      .eq(handles.at(0).plus(handles.at(2)).plus(handles.at(1)));
    expect(classesOf(opening, { properties: [['sum', sum]] })).toEqual([['0 handle 0', '1 handle 1', '2 handle 2']]);
  });
  test('that write to all of them, in whatever order', () => {
    const others = [2, 0, 1];
    const clearing: Text = (k, task) => {
      if (task !== 0) counting(k, task);
      else k.step('clear', () => others.forEach((i) => own.at(i).set(total)));
    };
    expect(classesOf(clearing)).toEqual([['1', '2']]);
    const passing: Text = (k, task) => {
      if (task !== 0) counting(k, task);
      else k.step('pass', () => others.forEach((i) => own.at(i).set(own.at((i + 1) % 3))));
    };
    expect(classesOf(passing)).toBeUndefined();
  });
  test('where properties of one name say the same of each', () =>
    expect(classesOf(counting, { properties: [0, 1, 2].map((i) => ['small', own.at(i).lt(2)]) })).toEqual([
      ['0', '1', '2'],
    ]));
  test('though another, or a property, tells one of them', () => {
    expect(classesOf(counting, { properties: [['first', own.at(0).lt(2)]] })).toEqual([['1', '2']]);
    const looking: Text = (k, task) => (task === 0 ? k.step('look', () => total.set(own.at(1))) : counting(k, task));
    expect(classesOf(looking)).toBeUndefined();
    const adding: Text = (k, task) =>
      task === 0 ? k.step('look', () => total.set(own.at(2).plus(own.at(1)))) : counting(k, task);
    expect(classesOf(adding)).toEqual([['1', '2']]);
    const asserting: Text = (k) => k.step('say', () => k.assert('done', finished(0).not()));
    expect(classesOf(asserting)).toEqual([['1', '2']]);
  });
});

describe('tasks are not alike', () => {
  test.each<[string, Text]>([
    ['with different texts', (k, task) => k.step('add', () => total.add(task === 0 ? 1 : task === 1 ? 2 : 3))],
    ['that use their own number', (k) => k.step('add', () => total.set(ordinal(k.self)))],
    ['that name each other', (k, task) => k.step('tell', () => own.at((task + 1) % 3).set(1))],
    [
      'that another is found by number',
      (k) => {
        const who = k.let('who', one(TASK), 0);
        k.step('tell', () => own.at(who).set(1));
      },
    ],
    [
      'that go through the elements',
      (k, task) => {
        opening(k, task);
        k.step('sweep', () => k.each(handle(0), none(HANDLE), (i) => handles.at(i).set(0)));
      },
    ],
    ['that wait under different conditions', (k, task) => k.await('wait', total.eq(task))],
    ['that assert by different names', (k, task) => k.step('say', () => k.assert(`of ${task}`, total.eq(0)))],
    [
      'that name two handles crosswise with a third',
      (k, task) => k.step('move', () => handles.at(handle(task)).set(handles.at(handle((task + 1) % 3)))),
    ],
  ])('%s', (_, text) => expect(classesOf(text)).toBeUndefined());

  test('where they begin differently', () => {
    const begin = (memory: Memory): void => {
      columnOf(memory, own).set([0, 1, 2]);
    };
    expect(classesOf(counting, { begin })).toBeUndefined();
    const open = (memory: Memory): void => {
      columnOf(memory, handles).set([0, 1, 2]);
    };
    expect(classesOf(opening, { begin: open })).toBeUndefined();
    const done = (memory: Memory): void => {
      memory.pc.set([0, 1, 0]);
    };
    expect(classesOf(counting, { begin: done })).toEqual([['0', '2']]);
  });
  test('where memory holds who they are', () => {
    const holder = sharedScalar('holder', optional(TASK));
    expect(classesOf(counting, { more: [holder] })).toBeUndefined();
    const last = sharedScalar('last', optional(HANDLE));
    expect(classesOf(opening, { more: [last] })).toBeUndefined();
    expect(classesOf(opening, { more: [both] })).toBeUndefined();
  });
  test('where properties tell them apart', () => {
    const apart = [0, 1, 2].map((i) => [`of ${i}`, own.at(i).lt(2)] as const);
    expect(classesOf(counting, { properties: apart })).toBeUndefined();
    expect(
      classesOf(counting, {
        properties: [
          [
            'order',
            own
              .at(0)
              .le(own.at(1))
              .and(own.at(1).le(own.at(2))),
          ],
        ],
      }),
    ).toBe(undefined);
    expect(classesOf(counting, { sometimes: [0, 1, 2].map((i) => own.at(i).eq(1)) })).toBeUndefined();
    expect(classesOf(counting, { mayEnd: finished(0) })).toEqual([['1', '2']]);
    expect(classesOf(counting, { properties: [['claims', claimed<'handle'>(0).eq(0)]] })).toEqual([['0', '1', '2']]);
  });
});

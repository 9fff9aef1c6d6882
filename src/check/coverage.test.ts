// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import {
  buildCode,
  type Builder,
  createMemory,
  finished,
  int,
  Interpreter,
  program,
  sharedScalar,
} from '../lang/index.ts';
import { exploreProgram, type Question } from './index.ts';

const seats = sharedScalar('seats', int(3));
const sizes = { task: 2 };

/** A guest sits down where there are seats; the host brings at most one. */
function question(): Question {
  const guest = buildCode('guest', null, sizes, 0, (k: Builder<null>) => {
    const free = k.local('free', int(3));
    k.step('look', () => free.set(seats));
    k.if(
      free.ge(2),
      () => k.step('sit twice', () => seats.sub(2)),
      () => k.if(free.eq(1), () => k.step('sit', () => seats.sub(1))),
    );
  });
  const host = buildCode('host', null, sizes, 0, (k: Builder<null>) => k.step('bring', () => seats.add(1)));
  const text = program(sizes, [seats], [guest, host]);
  const initial = createMemory(text);
  const interpreter = new Interpreter(text, initial);
  for (const task of [0, 1]) interpreter.start(task, task);
  return {
    program: text,
    codeOf: [0, 1],
    initial,
    properties: [{ name: 'few seats', holds: seats.lt(2) }],
    sometimes: [
      { name: 'a free seat', holds: seats.eq(1) },
      { name: 'two free seats', holds: seats.eq(2) },
      { name: 'somebody sat', holds: finished(0).and(finished(1)).and(seats.eq(0)) },
    ],
    coverage: true,
    mayEnd: finished(0).and(finished(1)),
  };
}

test.each([false, true])(
  'what no state comes up to is told, and which steps were never taken (partial order: %s)',
  (partialOrder) => {
    const found = exploreProgram({ ...question(), partialOrder }, { mostStates: 100 });
    expect(found).toMatchObject({ verdict: 'holds', unreached: ['two free seats'] });
    expect(found.coverage).toEqual({
      steps: 4,
      taken: 3,
      never: [{ task: 0, path: [], step: 'sit twice' }],
      ever: [
        { task: 0, path: [], step: 'look' },
        { task: 0, path: [], step: 'sit' },
        { task: 1, path: [], step: 'bring' },
      ],
      observed: [],
    });
  },
);

test('nothing is noted that nobody asks for', () => {
  const { sometimes: _, coverage: __, ...plain } = question();
  expect(exploreProgram(plain, { mostStates: 100 })).toMatchObject({ unreached: [], coverage: undefined });
});

test('partial order keeps what comes together only for a moment', () => {
  const [left, right] = [sharedScalar('left', int(2)), sharedScalar('right', int(2))];
  const codes = [left, right].map((own) =>
    buildCode('counts', null, sizes, 0, (k: Builder<null>) => {
      k.step('one', () => own.add(1));
      k.step('two', () => own.add(1));
    }),
  );
  const text = program(sizes, [left, right], codes);
  const initial = createMemory(text);
  const interpreter = new Interpreter(text, initial);
  for (const task of [0, 1]) interpreter.start(task, task);
  const asked = (sometimes: Question['sometimes']): readonly [states: number, unreached: readonly string[]] => {
    const mayEnd = finished(0).and(finished(1));
    const whole: Question = {
      program: text,
      codeOf: [0, 1],
      initial,
      properties: [],
      sometimes,
      mayEnd,
      partialOrder: true,
    };
    const { states, unreached } = exploreProgram(whole, { mostStates: 100 });
    return [states, unreached];
  };
  // Nothing is asked: one order is enough, and of that the end.
  expect(asked([])).toEqual([2, []]);
  expect(asked([{ name: 'at one', holds: left.eq(1).and(right.eq(1)) }])[1]).toEqual([]);
  expect(asked([{ name: 'ahead', holds: right.eq(left.plus(1)) }])[1]).toEqual([]);
  expect(asked([{ name: 'beyond', holds: left.gt(2) }])[1]).toEqual(['beyond']);
});

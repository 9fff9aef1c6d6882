// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import {
  bool,
  buildCode,
  type Builder,
  createMemory,
  finished,
  int,
  Interpreter,
  literal,
  type Memory,
  one,
  type Program,
  program,
  shared,
  sharedScalar,
  TASK,
  type Value,
} from '../lang/index.ts';
import { checkingPromise, checkPromise, type Move, type PromiseKept } from './index.ts';

type K = Builder<null>;

function start(text: Program): Memory {
  const memory = createMemory(text);
  const interpreter = new Interpreter(text, memory);
  for (const task of text.codes.keys()) interpreter.start(task, task);
  return memory;
}

/** Whether a promise is kept; where it is not, the lasso has been run: its round leads back to where it begins. */
function kept(text: Program, holds: Value<'bool'>, unfair: readonly number[] = []): PromiseKept {
  const codeOf = [...text.codes.keys()];
  const question = { program: text, codeOf, initial: start(text), properties: [], mayEnd: holds };
  const found = checkPromise(question, { name: 'promise', holds, unfair }, 10_000);
  if (found.lasso !== undefined) {
    const interpreter = new Interpreter(text, start(text));
    const run = (moves: readonly Move[]): void => {
      for (const { task, option } of moves) {
        expect(interpreter.value(holds)).toBe(0);
        expect(interpreter.step(task, option)).toBeDefined();
      }
    };
    run(found.lasso.stem);
    const before = JSON.stringify([
      ...interpreter.memory.columns.values(),
      interpreter.memory.pc,
      interpreter.memory.slots,
    ]);
    run(found.lasso.cycle);
    const after = JSON.stringify([
      ...interpreter.memory.columns.values(),
      interpreter.memory.pc,
      interpreter.memory.slots,
    ]);
    expect(after).toBe(before);
  }
  return found;
}

const inside = shared('inside', [TASK], bool);
/** `first` has been in the critical section. */
const served = sharedScalar('served', bool);
const tasks = (text: (k: K, self: 0 | 1) => void): readonly [0 | 1, (k: K) => void][] => [
  [0, (k) => text(k, 0)],
  [1, (k) => text(k, 1)],
];
const critical = (k: K, self: 0 | 1): void => {
  k.step('enter', () => {
    inside.at(self).set(true);
    if (self === 0) served.set(true);
  });
  k.step('leave', () => inside.at(self).set(false));
};
const built = (variables: Parameters<typeof program>[1], text: (k: K, self: 0 | 1) => void): Program => {
  const sizes = { task: 2 };
  const codes = tasks((k, self) => k.loop(() => text(k, self))).map(([self, loop]) =>
    buildCode(`task ${self}`, null, sizes, 0, loop),
  );
  return program(sizes, [...variables, inside, served], codes);
};

const flag = shared('flag', [TASK], bool);
const turn = sharedScalar('turn', one(TASK));
const peterson = built([flag, turn], (k, self) => {
  k.step('want', () => flag.at(self).set(true));
  k.step('after you', () => turn.set(1 - self));
  k.await(
    'wait',
    flag
      .at(1 - self)
      .not()
      .or(turn.eq(self)),
  );
  critical(k, self);
  k.step('done', () => flag.at(self).set(false));
});

test("in Peterson's algorithm everybody who is fair gets in", () => {
  expect(kept(peterson, served)).toMatchObject({ verdict: 'holds', lasso: undefined });
  // Task 1 may stop with its flag set, and task 0 waits for ever: nobody moves.
  const hangs = kept(peterson, served, [1]);
  expect(hangs.verdict).toBe('violated');
  expect(hangs.lasso?.cycle).toEqual([]);
  expect(hangs.lasso?.stem.map(({ task }) => task).toSorted()).toEqual([0, 0, 1]);
});

const locked = sharedScalar('locked', bool);
const spinlock = built([locked], (k, self) => {
  k.await('lock', locked.not(), () => locked.set(true));
  critical(k, self);
  k.step('unlock', () => locked.set(false));
});

test('a spinlock starves who finds it free again and again without ever being in time', () => {
  const found = kept(spinlock, served);
  expect(found).toMatchObject({ verdict: 'violated', lasso: { stem: [] } });
  expect(found.lasso?.cycle.map(({ task }) => task)).toEqual([1, 1, 1, 1]);
});

test('where nobody else is fair to move, one who can step always has to', () => {
  expect(kept(spinlock, served, [0]).lasso).toEqual({
    stem: [],
    cycle: [1, 1, 1, 1].map((task) => ({ task, option: 0 })),
  });
  expect(kept(spinlock, inside.at(0).or(inside.at(1)))).toMatchObject({ verdict: 'holds' });
});

const next = sharedScalar('next', int(2));
const serving = sharedScalar('serving', int(2));
const ticketLock = built([next, serving], (k, self) => {
  const ticket = k.local('ticket', int(2));
  k.step('take a ticket', () => {
    ticket.set(next);
    next.set(next.plus(1).mod(3));
  });
  k.await('wait', serving.eq(ticket));
  critical(k, self);
  k.step('call the next', () => serving.set(serving.plus(1).mod(3)));
});

test('a ticket lock does not starve anybody', () => {
  expect(kept(ticketLock, served)).toMatchObject({ verdict: 'holds' });
});

const count = sharedScalar('count', int(3));
/** Looks at a count, drains what may hold it, and looks again; it drains once, or forgets that it has. */
const draining = (forgets: boolean): Program => {
  const code = buildCode('check', null, { task: 1 }, 0, (k: K) => {
    const drained = k.let('drained', bool, false);
    const ok = k.let('ok', bool, false);
    k.step('pin', () => count.set(2));
    k.loop(() => {
      k.step('look', () => ok.set(count.eq(1)));
      k.if(ok.or(drained), () => k.break());
      k.step('drain', () => {});
      if (!forgets) drained.set(true);
    });
  });
  return program({ task: 1 }, [count], [code]);
};

test('a drain loop that forgets that it has drained is caught, and by nothing else', () => {
  expect(kept(draining(false), finished(0))).toMatchObject({ verdict: 'holds' });
  const found = kept(draining(true), finished(0));
  expect(found.verdict).toBe('violated');
  expect([found.lasso?.stem.length, found.lasso?.cycle.length]).toEqual([1, 2]);
});

test('who is told to give up says so', () => {
  const question = {
    program: peterson,
    codeOf: [0, 1],
    initial: start(peterson),
    properties: [],
    mayEnd: literal<'bool'>(1),
  };
  expect(checkPromise(question, { name: 'never', holds: literal(0) }, 5)).toMatchObject({ verdict: 'undecided' });
});

test('a graph that takes more memory than it may is no answer', () => {
  const text = program({ task: 1 }, [], [buildCode('ends', null, { task: 1 }, 0, (k) => k.step('end', () => {}))]);
  const holds = finished(0);
  const question = { program: text, codeOf: [0], initial: start(text), properties: [], mayEnd: holds };
  const pieces = (mostBytes: number) =>
    checkingPromise(question, { name: 'ends', holds }, { mostStates: 10_000, mostBytes });
  const answers = [1, 2 ** 20].map((mostBytes) => {
    const work = pieces(mostBytes);
    for (;;) {
      const piece = work.next();
      if (piece.done === true) return piece.value;
    }
  });
  expect(answers).toMatchObject([
    { verdict: 'undecided', reason: 'memory' },
    { verdict: 'holds', reason: undefined },
  ]);
});

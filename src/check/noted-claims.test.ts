// SPDX-License-Identifier: MIT
// Steps that note what others claim, where orders of steps are left out.
import { expect, test } from 'vitest';
import {
  buildCode,
  type Builder,
  choose,
  claimed,
  createMemory,
  domain,
  finished,
  int,
  Interpreter,
  literal,
  one,
  program,
  sharedScalar,
} from '../lang/index.ts';
import { exploreProgram, type ProgramExploration } from './index.ts';

const SEAT = domain('seat');
const seat = (number: number) => literal<'seat'>(number);
const amount = sharedScalar('amount', int(3));
const other = sharedScalar('other', int(3));
const noted = sharedScalar('noted', int(20));
const noise = sharedScalar('noise', int(9));

type K = Builder<null>;

/** Explores tasks beside one that looks at their claims, with all orders of steps and without those that nobody can tell. */
function bothWays(
  others: readonly ((k: K) => void)[],
  look: (k: K) => void,
  most: number,
): readonly ProgramExploration[] {
  const sizes = { task: 1 + others.length, seat: 3 };
  const codes = [look, ...others].map((text, task) => buildCode(`task ${task}`, null, sizes, 0, text));
  const built = program(sizes, [amount, other, noted, noise], codes);
  const initial = createMemory(built);
  const interpreter = new Interpreter(built, initial);
  for (const task of codes.keys()) interpreter.start(task, task);
  const question = {
    program: built,
    codeOf: [...codes.keys()],
    initial,
    properties: [],
    sometimes: Array.from({ length: most + 1 }, (_, value) => ({ name: String(value), holds: noted.eq(value) })),
    mayEnd: codes.map((_, task) => finished(task)).reduce((a, b) => a.and(b)),
  };
  return [false, true].map((partialOrder) => exploreProgram({ ...question, partialOrder }, { mostStates: 100_000 }));
}

const holding =
  (of: number, howMuch: Parameters<typeof literal>[0] = 1) =>
  (k: K): void => {
    k.claiming('held', seat(of), { amount: literal<'int'>(howMuch) }, () => k.step('noise', () => noise.add(1)));
  };

/** Notes what is claimed of seat 0, and nine where that of seat 1 is as much. */
const looking = (k: K): void => {
  const [first, second] = [k.local('first', int(9)), k.local('second', int(9))];
  k.step('look', () => {
    first.set(claimed(seat(0), 'held'));
    second.set(claimed(seat(1), 'held'));
  });
  k.step('note', () => noted.set(choose(first.eq(second), 9, first)));
};

test('many may claim one thing, and not all things as much', () => {
  const [full, reduced] = bothWays([holding(0), holding(0), holding(0), holding(0, 2), holding(1)], looking, 9);
  expect(full?.unreached).toEqual(['6', '7', '8']);
  expect([reduced?.verdict, reduced?.unreached]).toEqual([full?.verdict, full?.unreached]);
  expect(reduced?.reductions).toEqual(['partial order']);
});

test('how much may come from shared memory, as may of what', () => {
  const variable = (k: K): void => {
    const of = k.local('of', one(SEAT));
    k.step('choose', () => {
      of.set(choose(amount.eq(0), 0, 1));
      amount.set(3);
    });
    k.claiming('held', of, { amount }, () => k.step('noise', () => noise.add(1)));
  };
  const [full, reduced] = bothWays([variable, variable, holding(0)], looking, 9);
  expect(full?.unreached.length).toBeLessThan(9);
  expect([reduced?.verdict, reduced?.unreached]).toEqual([full?.verdict, full?.unreached]);
  expect(reduced?.reductions).toEqual(['partial order']);
});

test('who changes how much others claim is noticed by who notes it', () => {
  const others = [
    (k: K): void => k.claiming('held', seat(0), { amount }, () => k.await('noise', noted.ne(0), () => noise.add(1))),
    (k: K): void => k.step('raise', () => amount.set(2)),
  ];
  const look = (k: K): void => {
    const seen = k.local('seen', int(9));
    k.step('look', () => seen.set(claimed(seat(0), 'held')));
    k.step('note', () => noted.set(seen.plus(1)));
  };
  const [full, reduced] = bothWays(others, look, 3);
  expect(full?.unreached).toEqual(['2']);
  expect([reduced?.verdict, reduced?.unreached]).toEqual([full?.verdict, full?.unreached]);
});

test('a step may note who has finished', () => {
  const look = (k: K): void => {
    const seen = k.local('seen', int(3));
    k.step('look', () => seen.set(choose(finished(1), choose(finished(2), 3, 1), choose(finished(2), 2, 0))));
    k.step('note', () => noted.set(seen));
  };
  const [full, reduced] = bothWays([holding(0), holding(1)], look, 3);
  expect(full?.unreached).toEqual([]);
  expect([reduced?.verdict, reduced?.unreached]).toEqual([full?.verdict, full?.unreached]);
});

test('who goes from claiming one amount to claiming another changes what is claimed', () => {
  const changing = (k: K): void => {
    k.step('set', () => {
      other.set(2);
      amount.set(1);
    });
    k.claiming('held', seat(0), { amount }, () => k.step('noise', () => {}));
    k.claiming('held', seat(0), { amount: other }, () => k.step('more noise', () => {}));
  };
  const look = (k: K): void => {
    const seen = k.local('seen', int(9));
    k.step('look', () => seen.set(claimed(seat(0), 'held')));
    k.step('note', () => noted.set(seen.plus(1)));
  };
  const [full, reduced] = bothWays([changing], look, 3);
  expect(full?.unreached).toEqual([]);
  expect([reduced?.verdict, reduced?.unreached]).toEqual([full?.verdict, full?.unreached]);
});

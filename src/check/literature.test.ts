// SPDX-License-Identifier: MIT
// Classics, written in the language, with the counts that SPIN 6.5.2 has for the same protocol in Promela:
//
//   spin -a X.pml && gcc -O1 -w -DNOREDUCE -DSAFETY -o pan pan.c && ./pan -E
//
// SPIN counts one transition more, its arrival at the initial state. The Promela stands above each test.
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
  literal,
  type Program,
  program,
  shared,
  sharedScalar,
  TASK,
} from '../lang/index.ts';
import { type Exploration, exploreProgram, type Question } from './index.ts';

const FORK = domain('fork');

function explored(built: Program, asked: Partial<Question> = {}): Exploration {
  const initial = createMemory(built);
  const codeOf = [...built.codes.keys()];
  const interpreter = new Interpreter(built, initial);
  for (const task of codeOf) interpreter.start(task, task);
  const question = { program: built, codeOf, initial, properties: [], mayEnd: finished(0), ...asked };
  return exploreProgram(question, { mostStates: 1e5, whole: true });
}

const task = (name: string, sizes: Program['sizes'], text: (k: Builder<null>) => void) =>
  buildCode(name, null, sizes, 0, text);

// bool flag[2]; bit turn;
// active [2] proctype P() {
//   do :: flag[_pid] = 1; turn = 1 - _pid; (flag[1 - _pid] == 0 || turn == _pid); flag[_pid] = 0 od }
test("Peterson's algorithm", () => {
  const flag = shared('flag', [TASK], bool);
  const turn = sharedScalar('turn', int(1));
  const inside = shared('inside', [TASK], bool);
  const sizes = { task: 2 };
  const built = (waits: boolean): Program =>
    program(
      sizes,
      [flag, turn, inside],
      [0, 1].map((self) =>
        task(`P${self}`, sizes, (k) => {
          k.loop(() => {
            k.step('raise', () => flag.at(self).set(true));
            k.step('give way', () => turn.set(1 - self));
            const mine = waits
              ? flag
                  .at(1 - self)
                  .not()
                  .or(turn.eq(self))
              : literal(0).eq(0);
            k.await('enter', mine, () => inside.at(self).set(true));
            k.step('leave', () => {
              inside.at(self).set(false);
              flag.at(self).set(false);
            });
          });
        }),
      ),
    );
  const exclusion = { name: 'mutual exclusion', holds: inside.at(0).and(inside.at(1)).not() };
  const right = explored(built(true), { properties: [exclusion] });
  expect(right).toMatchObject({ verdict: 'holds', states: 20, transitions: 35 - 1 });
  const wrong = explored(built(false), { properties: [exclusion] });
  expect(wrong).toMatchObject({ verdict: 'violated', property: 'mutual exclusion' });
  expect(wrong.counterexample).toHaveLength(6);
});

// bool taken[N];
// #define S ((_pid + 1) % N)
// #define FIRST ((_pid == N - 1 && LEFT) -> S : _pid)
// #define SECOND ((_pid == N - 1 && LEFT) -> _pid : S)
// active [N] proctype P() {
//   do :: atomic { !taken[FIRST] -> taken[FIRST] = 1 } atomic { !taken[SECOND] -> taken[SECOND] = 1 }
//         taken[FIRST] = 0; taken[SECOND] = 0 od }
test.each<readonly [philosophers: number, oneIsLeftHanded: boolean, states: number, transitions: number]>([
  [3, false, 26, 52],
  [3, true, 27, 55],
  [5, false, 242, 806],
  [5, true, 243, 811],
  [7, true, 2187, 10_207],
])('%i dining philosophers, one left-handed: %s', (n, leftHanded, states, transitions) => {
  const taken = shared('taken', [FORK], bool);
  const sizes = { task: n, fork: n };
  const codes = Array.from({ length: n }, (_, i) =>
    task(`philosopher ${i}`, sizes, (k) => {
      const forks = [i, (i + 1) % n] as const;
      const [first, second] = leftHanded && i === n - 1 ? [forks[1], forks[0]] : forks;
      k.loop(() => {
        k.await('take first', taken.at(first).not(), () => taken.at(first).set(true));
        k.await('take second', taken.at(second).not(), () => taken.at(second).set(true));
        k.step('put first', () => taken.at(first).set(false));
        k.step('put second', () => taken.at(second).set(false));
      });
    }),
  );
  const found = explored(program(sizes, [taken], codes));
  expect(found).toMatchObject({ states, transitions: transitions - 1 });
  expect(found.property).toBe(leftHanded ? undefined : 'deadlock');
});

// byte used;
// active [2] proctype Producer() { byte n; do :: atomic { n < T && used < K -> used++; n++ } od }
// active [2] proctype Consumer() { do :: atomic { used > 0 -> used-- } od }
test.each<readonly [places: number, items: number, states: number, transitions: number]>([
  [2, 3, 44, 103],
  [4, 9, 480, 1461],
])('a buffer of %i places, two producers of %i items, two consumers', (places, items, states, transitions) => {
  const used = sharedScalar('used', int(places));
  const sizes = { task: 4 };
  const producer = task('producer', sizes, (k) => {
    k.for('n', int(items), 0, items, () => k.await('put', used.lt(places), () => used.add(1)));
  });
  const consumer = task('consumer', sizes, (k) => {
    k.loop(() => k.await('take', used.ne(0), () => used.sub(1)));
  });
  const mayEnd = finished(0).and(finished(1)).and(used.eq(0));
  const found = explored(program(sizes, [used], [producer, producer, consumer, consumer]), { mayEnd });
  expect(found).toMatchObject({ verdict: 'holds', states, transitions: transitions - 1 });
});

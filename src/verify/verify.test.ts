// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { patchNamed, PATCHES } from '../machine/index.ts';
import { parseScenario } from '../scenario/index.ts';
import type { CheckAnswer } from './answer.ts';
import { checking, type CheckOptions } from './verify.ts';

/** A page on another CPU, converted while that CPU touches it once more. */
const SCENARIO = `scenario: T
title: A page that two CPUs want
machine: { cpus: 2 }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
before: [{ T1: { touch: 0..1 } }]
threads:
  T0: [{ convert: { range: 0..1, to: private } }]
  T1: [{ touch: 0..1, returns: [ok, SIGBUS] }]
`;

function check(form: string, options: Partial<CheckOptions> = {}, text = SCENARIO): CheckAnswer {
  const pieces = checking(parseScenario('t.yaml', text), { patch: patchNamed(form), mostStates: 100_000, ...options });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

const violatedIn = ({ properties }: CheckAnswer): readonly string[] =>
  properties.filter(({ verdict }) => verdict === 'violated').map(({ id }) => id);

test.each(PATCHES)('$name: a task in passing is a reason to refuse, a batch is not', ({ name }) => {
  const answer = check(name);
  expect(violatedIn(answer)).toEqual(['baseline', 'local-drain'].includes(name) ? ['I2'] : []);
  expect(answer.explored.states).toBeGreaterThan(100);
});

test('the run that it tells is the shortest, and of those one with the fewest switches', () => {
  const answer = check('baseline');
  const run = answer.properties.find(({ id }) => id === 'I2')?.counterexample;
  expect(run?.steps.map(({ thread }) => thread)).toEqual(Array.from({ length: 14 }, () => 'T0'));
  expect(run?.steps.at(-1)).toMatchObject({ name: 'folio_index', path: expect.arrayContaining(['ioctl']) as unknown });
  expect(run).toMatchObject({ contextSwitches: 0, fewestSwitches: true });
  const [folio] = run?.steps.at(-1)?.ledger ?? [];
  expect(folio?.holders.map(({ kind }) => kind)).toEqual(['page-cache', 'lru-add-batch', 'safety-check']);
});

test('everything is explored where that is asked for, and the first violation is no shorter', () => {
  const [quick, exact] = [check('baseline'), check('baseline', { exact: true })];
  const of = ({ properties }: CheckAnswer) => properties.find(({ id }) => id === 'I2');
  expect(of(exact)?.explored.states).toBeGreaterThan(of(quick)?.explored.states ?? 0);
  expect(of(exact)?.counterexample?.steps.length).toBe(of(quick)?.counterexample?.steps.length);
  expect(exact.explored.states).toBe(quick.explored.states);
});

test('what a file says is held against what comes', () => {
  const says = (check_: string): string => `${SCENARIO}check: ${check_}\n`;
  expect(check('v6').asExpected).toBeUndefined();
  expect(check('v6', {}, says('{ every: holds }')).asExpected).toBe(true);
  expect(check('v6', {}, says('{ every: { violates: I2 } }')).asExpected).toBe(false);
  expect(check('baseline', {}, says('{ v6: holds, baseline: { violates: [I2] } }')).asExpected).toBe(true);
  expect(check('baseline', {}, says('{ every: holds }')).asExpected).toBe(false);
});

test('a result of before that is not as expected is told, whatever the threads come to', () => {
  const wrong = SCENARIO.replace('touch: 0..1 } }]', 'touch: 0..1, returns: SIGBUS } }]');
  expect(check('v6', {}, wrong)).toMatchObject({
    verdict: 'violated',
    before: [{ mismatches: [{ what: 'returns', expected: 'SIGBUS', actual: 'ok' }] }],
  });
});

test('interrupted, it says what it knows', () => {
  expect(check('v6', { interrupted: () => true })).toMatchObject({ verdict: 'undecided', reason: 'interrupted' });
});

// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { exploreProgram, exploringProgram } from '../check/index.ts';
import { compareCount, folio, forEachFolio, type K, mutantNamed, safetyCheck } from '../kernel/index.ts';
import { type Patch, patchNamed, PATCHES } from '../machine/index.ts';
import { parseScenario } from '../scenario/index.ts';
import type { CheckAnswer } from './answer.ts';
import { questionAbout } from './question-about.ts';
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
  expect(run?.steps.map(({ thread }) => thread)).toEqual(Array.from({ length: 18 }, () => 'T0'));
  // The refusal is decided when the check is over, its batch released.
  expect(run?.steps.at(-1)).toMatchObject({ name: 'folios_put', path: expect.arrayContaining(['ioctl']) as unknown });
  expect(run).toMatchObject({ contextSwitches: 0, fewestSwitches: true });
  const held = run?.steps.map(({ ledger }) => ledger[0]?.holders.map(({ kind }) => kind));
  expect(held).toContainEqual(['page-cache', 'lru-add-batch', 'safety-check']);
});

test('an early exit because of a forced drain is asked about, too (I9)', () => {
  const text = `scenario: T
title: A conversion leaves its drain early because mbind() has drained
machine: { cpus: 3 }
guest_memfd: { pages: 2 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 }, T2: { cpu: 2 } }
before: [{ T1: { touch: 0..1 } }, { T2: { touch: 1..2 } }]
threads:
  T2: [{ mbind: 1..2 }]
  T0: [{ convert: { range: 0..1, to: private } }]
`;
  expect(violatedIn(check('v6', {}, text))).toEqual([]);
  const patch = mutantNamed('drain-unlocks-before-flush').patch;
  expect(violatedIn(check('v6', { patch }, text))).toEqual(['I2', 'I9']);
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

test('a call of a thread that the kernel refuses at once is not as expected where it is refused', () => {
  const refused = SCENARIO.replace('T1: [{ touch', 'T1: [{ ioctl: 1, returns: ok }, { touch');
  expect(check('v6', {}, refused)).toMatchObject({
    verdict: 'violated',
    before: [{ mismatches: [{ what: 'returns', expected: 'ok', actual: 'ENOTTY' }] }],
  });
  expect(check('v6', {}, refused.replace('returns: ok', 'returns: ENOTTY'))).toMatchObject({
    verdict: 'holds',
    before: [],
  });
});

test('interrupted, it says what it knows', () => {
  expect(check('v6', { interrupted: () => true })).toMatchObject({ verdict: 'undecided', reason: 'interrupted' });
});

test('interrupted after it has tried all orders, it says what that came to, where that is more', () => {
  let explorations = 0;
  const answer = check('v6', {
    wholeUpTo: 50,
    explore: (question, reach) => {
      explorations++;
      return exploringProgram(question, reach);
    },
    interrupted: () => explorations === 2,
  });
  expect(explorations).toBe(2);
  expect(answer).toMatchObject({ verdict: 'undecided', reason: 'interrupted', explored: { states: 50 } });
  expect(answer.reductions).not.toContain('partial order');
  for (const { id, verdict, explored } of answer.properties)
    if (verdict === 'undecided' && id !== 'I5') expect(explored.states).toBe(50);
});

/** Nothing happens before, so that a fault can be on its way when the page is converted. */
const IN_FLIGHT = SCENARIO.replace(/^before.*\n/m, '');

/** A property of an answer. */
const property = ({ properties }: CheckAnswer, id: string) => properties.find((one) => one.id === id);

test('I1 holds of nothing where attributes are stored, but only as shared', () => {
  const text = SCENARIO.replace('{ pages: 1 }', '{ pages: 1, init-shared: false }')
    .replace('before:', '#')
    .replace('private', 'shared');
  const answer = check('v6', {}, `${text}check: { every: holds, sometimes: [converted] }\n`);
  expect(answer.verdict).toBe('holds');
  expect(property(answer, 'I1')?.vacuous).toBe('no page ever becomes private');
});

test('what holds of nothing says so', () => {
  // The range is private already: no check, and nothing is stored.
  const already = SCENARIO.replace('{ pages: 1 }', '{ pages: 1, init-shared: false }').replace('before:', '#');
  const answer = check('v6', {}, already);
  expect(answer.verdict).toBe('holds');
  expect(property(answer, 'I1')?.vacuous).toBe('no page ever becomes private');
  expect(property(answer, 'I3')?.vacuous).toBe('no conversion is ever checked');
  expect(property(answer, 'I8')?.vacuous).toBeUndefined();
  const full = check('v6', {}, IN_FLIGHT);
  expect(['I1', 'I2', 'I3', 'I4'].map((id) => property(full, id)?.vacuous)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(property(full, 'I9')?.vacuous).toBe('no drain is ever left early');
});

test('what a file wants to see is looked for, and found with steps left out too', () => {
  const wants = (list: string): string => `${IN_FLIGHT}check: { sometimes: ${list}, every: holds }\n`;
  expect(check('v6', {}, wants('[refused, converted, { T1: ok }, { T1: SIGBUS }]'))).toMatchObject({
    verdict: 'holds',
    asExpected: true,
  });
  const more = wants('[drained-locally, left-early, { T1: ENOMEM }, checked]');
  const missed = check('v6', {}, more);
  expect(missed).toMatchObject({ verdict: 'violated', asExpected: false });
  expect(property(missed, 'sometimes')).toMatchObject({
    verdict: 'violated',
    detail: 'never: drained-locally, left-early, T1: ENOMEM',
  });
  const question = questionAbout(parseScenario('t.yaml', more), patchNamed('v6'));
  const [full, reduced] = [false, true].map((partialOrder) =>
    exploreProgram({ ...question, partialOrder }, { mostStates: 100_000 }),
  );
  expect(reduced?.states).toBeLessThan(full?.states ?? 0);
  expect([reduced?.unreached, reduced?.coverage]).toEqual([full?.unreached, full?.coverage]);
  const byForm = wants('{ every: [drained-all], baseline: [refused] }');
  expect(property(check('v8', {}, byForm), 'sometimes')?.verdict).toBe('holds');
  expect(property(check('baseline', {}, byForm), 'sometimes')?.verdict).toBe('holds');
  expect(property(check('v6', { mostStates: 20 }, wants('[converted]')), 'sometimes')?.verdict).toBe('undecided');
});

test('what is too large to be built is not asked, and what was answered before stands', () => {
  const heap = (most: number) => () => ({ used: 0, most });
  const size = { verdict: 'undecided', reason: 'size', explored: { states: 0 } };
  expect(check('v6', { heap: heap(1e5) })).toMatchObject(size);
  expect(check('v6', { heap: heap(1e8) })).toMatchObject({ verdict: 'holds', reason: undefined });
  const pages = SCENARIO.replace('pages: 1 ', 'pages: 4096 ').replace('0..1, to', '0..4096, to');
  expect(check('v6', { heap: heap(4e9) }, pages)).toMatchObject(size);
  // A question that grew more than it should have is left, the first or one of those after a violation.
  for (const [grown, violated] of [
    [2, []],
    [4, ['I2']],
  ] as const) {
    let asked = 0;
    const growing = () => ({ used: ++asked <= grown ? 0 : 5e8, most: 1e9 });
    const answer = check('baseline', { heap: growing });
    expect(answer).toMatchObject({ verdict: violated.length > 0 ? 'violated' : 'undecided', reason: 'size' });
    expect(violatedIn(answer)).toEqual(violated);
    expect(property(answer, 'I1')?.verdict).toBe('undecided');
  }
});

test('a wish that hashes or walks do not meet is not known to be impossible', () => {
  const wants = `${IN_FLIGHT}check: { sometimes: [left-early], every: holds }\n`;
  expect(property(check('v6', {}, wants), 'sometimes')?.verdict).toBe('violated');
  const hashed = check('v6', { lossy: { kind: 'hash compaction' } }, wants);
  expect(hashed).toMatchObject({ verdict: 'undecided', reason: 'omission', asExpected: undefined });
  expect(property(hashed, 'I1')?.verdict).toBe('holds');
  const few = check('v6', { lossy: { kind: 'bitstate', bits: 8 } }, wants);
  const walked = check('v6', { walks: { walks: 5, seed: 1, steps: 100, pct: undefined } }, wants);
  for (const answer of [hashed, few, walked])
    expect(property(answer, 'sometimes')).toMatchObject({ verdict: 'undecided', detail: 'never: left-early' });
});

test('coverage says which steps no run came to', () => {
  const { coverage } = check('baseline');
  expect(coverage?.never.find(({ routine }) => routine === 'lru_add_drain_all')).toBeUndefined();
  expect(coverage?.never.flatMap(({ routine, steps }) => steps.map((step) => `${routine}: ${step}`))).toContain(
    'kworker: current',
  );
  expect(coverage?.taken).toBe((coverage?.steps ?? 0) - (coverage?.never.flatMap(({ steps }) => steps).length ?? 0));
});

type Judgement = Parameters<typeof compareCount>[1];
/** v6 with something else about the page that it names. */
const naming = (check_: Patch['check']): Patch => ({ name: 'naming', summary: '', check: check_ });
const PINNED = `scenario: T
title: The second of three pages is in use
machine: { cpus: 1 }
guest_memfd: { pages: 3 }
tasks: { T0: { cpu: 0 } }
before: [{ T0: { touch: 0..3 } }, { T0: { drain: all } }, { T0: { vmsplice: { page: 1, as: pipe } } }]
threads: { T0: [{ convert: { range: 0..3, to: private } }] }
`;

test('I4: error_offset names the page that was found in use, and the first of them', () => {
  const ask = (patch: Patch) => check('v6', { patch }, PINNED);
  const judging = (text: (k: K, judgement: Judgement) => void, by: 0 | 1) =>
    naming(
      safetyCheck((k, args) =>
        forEachFolio(
          k,
          args,
          (index) => (by === 0 ? index : index.plus(by)),
          (judgement) => text(k, judgement),
        ),
      ),
    );
  expect(property(ask(judging(compareCount, 0)), 'I4')?.verdict).toBe('holds');
  expect(property(ask(judging(compareCount, 1)), 'I4')?.verdict).toBe('violated');
  // It looks at all pages, and refuses the last one, which nobody uses.
  const late = judging((k, { folio: of, safe }) => {
    k.step('folio_ref_count', () => safe.set(folio.refcount.at(of).lt(100).and(folio.index.at(of).lt(2))));
  }, 0);
  expect(property(ask(late), 'I4')?.verdict).toBe('violated');
});

test('I5: a check that reads counts without end does not return, whoever else may run', () => {
  const forgetful = check('v6', { patch: mutantNamed('forgets-it-has-drained').patch }, PINNED);
  expect(violatedIn(forgetful)).toEqual(['I3', 'I5']);
  expect(property(forgetful, 'I5')?.counterexample?.round).toBeGreaterThan(0);
  const interrupted = check('v6', { interrupted: () => true });
  expect(property(interrupted, 'I5')?.verdict).toBe('undecided');
});

const DRAINERS = `scenario: T
title: Two drains
machine: { cpus: 3 }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 }, T2: { cpu: 2 } }
threads: { T0: [{ drain: all }], T1: [{ drain: all }], T2: [{ fallocate: 0..1 }] }
check: { sometimes: [left-early] }
`;

test('I9: an early exit leaves nothing behind, and is watched in every task that drains', () => {
  const answer = check('v6', {}, DRAINERS);
  expect(property(answer, 'I9')).toMatchObject({ verdict: 'holds', vacuous: undefined });
  expect(property(answer, 'sometimes')?.verdict).toBe('holds');
  for (const name of ['drain-bumps-after-loop', 'drain-unlocks-before-flush'])
    expect(violatedIn(check('v6', { patch: mutantNamed(name).patch }, DRAINERS))).toEqual(['I9']);
});

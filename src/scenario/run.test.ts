// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { ALTERNATIVES, folio, safetyCheck } from '../kernel/index.ts';
import { int, ordinal } from '../lang/index.ts';
import { parseSchedule, type Patch, patchNamed } from '../machine/index.ts';
import { isWell } from './answer.ts';
import { parseScenario } from './parse-scenario.ts';
import { BrokenInvariant, runScenario } from './run.ts';

/** A scenario whose T1 has touched the pages on CPU 1, and whose threads are as given. */
const scenario = (threads: object, { pages = 1, cpus = 2 } = {}) =>
  parseScenario(
    'a.yaml',
    JSON.stringify({
      scenario: 'T',
      title: 'T',
      machine: { cpus },
      guest_memfd: { pages },
      tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } },
      before: [{ T1: { touch: `0..${pages}` } }],
      threads,
    }),
  );
const toPrivate = { convert: { range: '0..1', to: 'private' } };

/** A form of the check without a check: it finds the range safe, whatever `text` does. */
const form = (text: Patch['check']['text']): Patch => ({
  name: 'mutant',
  summary: 'a mutant',
  check: {
    name: 'kvm_gmem_is_safe_for_conversion',
    text: (k, args) => {
      text(k, args);
      args.safe.set(true);
    },
  },
});

describe('a conversion', () => {
  test.each([
    ['v6', true],
    ['baseline', false],
  ])('that may be safe is expected to name an index only where it is refused: under %s %s', (name, isAsExpected) => {
    const expected = { every: { verdict: ['safe', 'refused'], index: 0, spurious: false } };
    const given = scenario({ T0: [{ ...toPrivate, expect: expected }] });
    expect(runScenario(given, { patch: patchNamed(name) }).asExpected).toBe(isAsExpected);
  });

  test('says who held the folio at the last read, and before the call', () => {
    const { calls } = runScenario(scenario({ T0: [toPrivate] }), { patch: patchNamed('local-drain') });
    const cache = { kind: 'page-cache', references: 1 };
    const batch = { kind: 'lru-add-batch', references: 1, cpu: 1 };
    expect(calls[1]?.conversion).toMatchObject({
      verdict: { verdict: 'refused', index: 0, spurious: true },
      checked: true,
      drainsOfAll: 0,
      localDrains: 1,
      countsRead: 2,
      refusal: {
        folio: {
          index: 0,
          pfn: 0,
          order: 0,
          strength: 'proved',
          holders: [cache, batch, { kind: 'safety-check', references: 1, task: 'T0' }],
        },
        count: 3,
        expected: 2,
      },
      ledgerBefore: [
        expect.objectContaining({ index: 0, holders: [cache, batch, { kind: 'user-mapping', references: 1 }] }),
      ],
    });
  });

  test('reads each count once, but the refused one again after the drain, and walks on after 31 folios', () => {
    const all = { convert: { range: '0..40', to: 'private' } };
    const { calls, steps } = runScenario(scenario({ T0: [all] }, { pages: 40 }), { patch: patchNamed('v6') });
    expect(calls[1]?.conversion).toMatchObject({ drainsOfAll: 1, countsRead: 41 });
    // Pages 0 to 30 were flushed when CPU 1's batch was full; page 31 is the first that waits.
    const inOrder = Array.from({ length: 40 }, (_, i) => i);
    expect(steps.flatMap(({ read }) => read?.folio ?? [])).toEqual(inOrder.flatMap((i) => (i === 31 ? [31, 31] : [i])));
    expect(steps.filter(({ read }) => read?.count === 3).map(({ read }) => read?.folio)).toEqual([31]);
  });

  test('without a check is safe, and says that there was none', () => {
    const toShared = { convert: { range: '0..1', to: 'shared' } };
    const { calls } = runScenario(scenario({ T0: [toShared] }), { patch: patchNamed('v6') });
    expect(calls[1]?.conversion).toMatchObject({ verdict: { verdict: 'safe' }, checked: false, countsRead: 0 });
  });
});

test('what of a kernel differs from its profile is a word of the file: an mlock batch without references refuses nobody', () => {
  const text = readFileSync(new URL('../../scenarios/SC-15-mlock-batch.yaml', import.meta.url), 'utf8');
  const refused = (file: string): unknown =>
    runScenario(parseScenario('a.yaml', file), { patch: patchNamed('baseline'), keep: 'none' }).calls.flatMap(
      ({ conversion }) => conversion?.verdict ?? [],
    )[0];
  expect(refused(text)).toMatchObject({ verdict: 'refused', spurious: true });
  const differing = text.replace('profile: linux-7.3', 'features: { mlock-batch-holds-reference: false }');
  expect(refused(differing)).toEqual({ verdict: 'safe' });
});

test('the drain that switches the batches off is one of all CPUs', () => {
  const patch = ALTERNATIVES.find(({ name }) => name === 'lru-cache-disable');
  if (patch === undefined) throw new Error('no such form');
  const { calls } = runScenario(scenario({ T0: [toPrivate] }), { patch });
  expect(calls[1]?.conversion).toMatchObject({ verdict: { verdict: 'safe' }, drainsOfAll: 1, localDrains: 0 });
});

test('a look that reads no count is one: the refusal is judged by who held the page then', () => {
  const patch = ALTERNATIVES.find(({ name }) => name === 'isolate');
  if (patch === undefined) throw new Error('no such form');
  const answer = runScenario(scenario({ T0: [toPrivate] }), { patch });
  expect(answer.calls[1]).toMatchObject({ outcome: { result: 'EAGAIN' } });
  expect(answer.calls[1]?.conversion).toMatchObject({
    verdict: { verdict: 'refused', index: 0, spurious: true },
    countsRead: 0,
    refusal: { count: 3, expected: 2 },
  });
  expect(isWell(answer)).toBe(false);
});

test('of a page that no look was seen at, the refusal is a refusal without a reason', () => {
  const { calls } = runScenario(scenario({ T0: [toPrivate] }), {
    patch: {
      ...form(() => {}),
      check: safetyCheck((_, { safe, err_index }) => {
        safe.set(false);
        err_index.set(0);
      }),
    },
  });
  expect(calls[1]?.conversion).toMatchObject({
    verdict: { verdict: 'refused', index: 0, reason: 'this form does not say when it looks at a page' },
    refusal: undefined,
  });
});

test('the look at the refused page counts, and not one at another page', () => {
  const patch = ALTERNATIVES.find(({ name }) => name === 'isolate');
  if (patch === undefined) throw new Error('no such form');
  const range = { convert: { range: '0..2', to: 'private' } };
  // Page 1 is in T1's batch. Page 0 is on the LRU, so it is isolated and counted.
  const threads = { T1: [{ 'punch-hole': '1..2' }, { drain: 'all' }, { touch: '1..2' }], T0: [range] };
  const { calls } = runScenario(scenario(threads, { pages: 2 }), { patch });
  expect(calls.at(-1)?.conversion).toMatchObject({
    verdict: { verdict: 'refused', index: 1, spurious: true },
    countsRead: 1,
    refusal: { folio: { index: 1 } },
  });
});

test('whether a conversion without memory would have been refused is undecided', () => {
  const starved = { convert: { range: '0..1', to: 'private', 'out-of-memory': true } };
  const answer = runScenario(scenario({ T0: [starved] }), { patch: patchNamed('v6') });
  expect(answer.calls[1]).toMatchObject({ outcome: { result: 'ENOMEM' }, conversion: { checked: false } });
  expect(isWell(answer)).toBe('undecided');
});

test('a check that takes no step is one all the same', () => {
  const trusting = form((_, { safe }) => safe.set(true));
  const { calls } = runScenario(scenario({ T0: [toPrivate] }), { patch: trusting });
  expect(calls[1]?.conversion).toMatchObject({ verdict: { verdict: 'safe' }, checked: true, countsRead: 0 });
});

describe('the default order', () => {
  test('runs each thread until it is done or waits, and lets a worker in only then', () => {
    const { steps } = runScenario(scenario({ T1: [{ touch: '0..1' }], T0: [toPrivate] }), { patch: patchNamed('v6') });
    const order = steps.map(({ task }) => task).filter((task, i, all) => task !== all[i - 1]);
    // Tasks 2 and 3 are the workers; only CPU 1 has work, and T0 waits for it.
    expect(order).toEqual([1, 0, 3, 0]);
  });

  test('is the same every time', () => {
    const of = scenario({ T0: [toPrivate, toPrivate], T1: [{ touch: '0..1' }] });
    const once = runScenario(of, { patch: patchNamed('drain-for-folio') });
    expect(runScenario(of, { patch: patchNamed('drain-for-folio') })).toEqual(once);
  });
});

describe('defects', () => {
  test('a reference that nobody holds is found after the step that took it', () => {
    const leak = form((k) => k.step('leak', () => folio.refcount.at(0).add(1)));
    const answer = runScenario(scenario({ T0: [toPrivate] }), { patch: leak });
    expect(answer).toMatchObject({
      imbalance: "after step 'leak' of T0 folio 0 has count 3, but its holders add up to 2",
      unended: undefined,
    });
    expect(isWell(answer)).toBe(false);
  });

  test('and is a defect of folioscope where the form is its own', () => {
    const own = patchNamed('baseline');
    const text = own.check.text;
    const leaking = vi.spyOn(own.check, 'text').mockImplementation((k, args) => {
      k.step('leak', () => folio.refcount.at(0).add(1));
      text(k, args);
    });
    expect(() => runScenario(scenario({ T0: [toPrivate] }), { patch: own })).toThrow(BrokenInvariant);
    leaking.mockRestore();
  });

  test('who goes round for ever is undecided, before the steps that are kept fill memory', { timeout: 60_000 }, () => {
    // Its state never repeats.
    const round = form((k) => {
      const rounds = k.local('rounds', int(2 ** 20));
      k.loop(() => k.step('round', () => rounds.add(1)));
    });
    const { unended, stepsTaken } = runScenario(scenario({ T0: [toPrivate] }), { patch: round });
    expect(unended).toMatch(/^no end after \d+ steps, the most that are stored; --steps none goes further$/);
    expect(stepsTaken).toBe(300_000);
  });

  const spinning = form((k) =>
    k.loop(() => {
      k.step('first', () => {});
      k.step('second', () => {});
    }),
  );

  test.each(['in-order', 'random:3', 'pct:3:5', 'T0:all', 'T0:@nowhere', 'T0:500'])(
    '%s: a task that spins where no other task can step is undecided at once',
    (schedule) => {
      const { unended, stepsTaken } = runScenario(scenario({ T0: [toPrivate] }), {
        patch: spinning,
        schedule: parseSchedule(schedule),
        keep: 'none',
      });
      expect(unended).toMatch(
        /^no end: after \d+ steps the state is the same as 2 turns earlier, with T0 at '(first|second)', and no other task can step$/,
      );
      expect(stepsTaken).toBeLessThan(2000);
    },
  );

  test('two tasks that spin are undecided at once in an order that comes again, as is one that keeps another from its turn', () => {
    const of = (schedule: string, threads: Parameters<typeof scenario>[0]): string | undefined =>
      runScenario(scenario(threads), { patch: spinning, schedule: parseSchedule(schedule), keep: 'none' }).unended;
    expect(of('in-order', { T0: [toPrivate], T1: [{ touch: '0..1' }] })).toMatch(
      /^no end: .* 2 turns earlier, with T0 at '\w+', and in this order no other task gets a turn$/,
    );
  });

  test('a call that waits for ever is undecided', () => {
    const wait = form((k) => k.await('never', ordinal(folio.refcount.at(0)).eq(60)));
    const answer = runScenario(scenario({ T0: [toPrivate] }), { patch: wait });
    expect(answer.unended).toBe("T0 waits for ever at 'never'");
    expect(answer.calls[1]).toMatchObject({ outcome: undefined, conversion: { verdict: { verdict: 'undecided' } } });
    expect(isWell(answer)).toBe('undecided');
  });
});

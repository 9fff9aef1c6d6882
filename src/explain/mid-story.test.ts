// SPDX-License-Identifier: MIT
// Recordings that begin after the guest_memfd did: what was there before is not known, and the answers say so.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  added,
  deleted,
  executed,
  inserted,
  made,
  marker,
  type Page,
  queued,
  settled,
  summaryOf,
} from '../../test/support/kernel-events.ts';
import { cpu, folioIndex, type KernelEvent, nanoseconds } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import { memorySource } from '../trace/index.ts';
import { Explainer } from './explainer.ts';
import { type Explanation, explainTrace, type MomentAnswer, type Question } from './index.ts';

const page = (index: number): Page => ({ index, pfn: 1000 + index });

function explain(events: readonly KernelEvent[], question: Partial<Question> = {}): MomentAnswer | undefined {
  const explainer = new Explainer({ moments: [{ kind: 'end' }], patches: PATCHES, ...question });
  explainer.events(settled(events));
  return explainer.answer(summaryOf(events)).moments.at(-1);
}

const range = (from: number, to: number) => ({ from: folioIndex(from), to: folioIndex(to) });

describe('a guest_memfd whose creation is not in the recording', () => {
  /** Page 0 comes and is flushed on CPU 0. CPU 1 is there, and flushes nothing. */
  const EVENTS = [added(page(0), { at: 10 }), inserted(1000, { at: 20 }), marker('m', { at: 30, cpu: 1 })];
  const REASON =
    'folios from before the recording may wait in the batch of CPU 1, not flushed since: record from KVM_CREATE_GUEST_MEMFD on (syscalls:*_ioctl), or use --range with pages that were added in the recording';

  test('without a drain it is undecided while a CPU has not flushed; a drain of all CPUs passes whatever waits', () => {
    const moment = explain(EVENTS, { cpu: cpu(0) });
    expect(moment?.strength).toBe('unknown');
    expect(Object.fromEntries(moment?.verdicts ?? [])).toEqual({
      baseline: { verdict: 'undecided', reason: REASON },
      'local-drain': { verdict: 'undecided', reason: REASON },
      v6: { verdict: 'safe' },
      v8: { verdict: 'safe' },
      'drain-for-folio': { verdict: 'safe' },
    });
  });

  test('it is decided once every CPU has flushed', () => {
    expect(explain([...EVENTS, inserted(77, { at: 40, cpu: 1 })])?.baseline).toEqual({ verdict: 'safe' });
  });

  test('it is decided once all CPUs were drained: CPUs without a work had nothing in their batches', () => {
    const round = [queued('a', 0, { at: 40, cpu: 1, pid: 9 }), ...executed('a', 0, 50, 60)];
    expect(explain([...EVENTS, ...round, marker('n', { at: 70 })])?.baseline).toEqual({ verdict: 'safe' });
    expect(explain([...EVENTS, ...round.slice(0, 2), marker('n', { at: 70 })])?.baseline.verdict).toBe('undecided');
  });

  test('a range of pages that came within the recording is decided: nothing was at their indexes before', () => {
    expect(explain(EVENTS, { range: range(0, 1) })?.baseline).toEqual({ verdict: 'safe' });
    expect(explain(EVENTS, { range: range(0, 2) })?.baseline.verdict).toBe('undecided');
    const early = { moments: [{ kind: 'time', at: nanoseconds(10n) }] } as const;
    const late = [...EVENTS, added(page(1), { at: 40, cpu: 1 }), deleted(page(1), { at: 50 }), marker('n', { at: 60 })];
    expect(explain(late, { ...early, range: range(1, 2) })?.baseline).toEqual({ verdict: 'safe' });
    expect(explain(late, { range: range(1, 2) })?.baseline).toEqual({ verdict: 'safe' });
  });

  test('a refusal stays one, but a lower index may come first', () => {
    const waits = [...EVENTS, added(page(5), { at: 40, cpu: 1 }), marker('n', { at: 50 })];
    const moment = explain(waits);
    expect(moment?.baseline).toEqual({ verdict: 'refused', index: 5, spurious: true });
    expect(moment?.lowerIndex).toBe(REASON);
    expect(explain(waits, { range: range(5, 6) })?.lowerIndex).toBeUndefined();
  });
});

describe('a guest_memfd that was made within the recording', () => {
  const after = [added(page(0), { at: 10 }), inserted(1000, { at: 20 }), marker('m', { at: 30, cpu: 1 })];

  test('has nothing hidden', () => {
    expect(explain([...made({ at: 5 }), ...after])?.baseline).toEqual({ verdict: 'safe' });
  });

  test.each([
    [
      'its first page came before the call returned',
      [added(page(1), { at: 2 }), inserted(1001, { at: 3 }), ...made({ at: 5 }), ...after],
    ],
    ['a page of it left that nobody saw come', [...made({ at: 5 }), deleted(page(7), { at: 7 }), ...after]],
    [
      'two inodes and one call',
      [...made({ at: 5 }), added({ ...page(9), ino: 0x99 }, { at: 7 }), inserted(1009, { at: 8 }), ...after],
    ],
  ])('is not known for one: %s', (_, events) => {
    expect(explain(events)?.baseline.verdict).toBe('undecided');
  });

  test('two inodes and two calls', () => {
    const other = { ...page(9), ino: 0x99 };
    const both = [...made({ at: 3 }), ...made({ at: 5 }), added(other, { at: 7 }), inserted(1009, { at: 8 }), ...after];
    expect(explain(both)?.baseline).toEqual({ verdict: 'safe' });
  });
});

test('a page from before that was inserted and then deleted: the delete tells which one may have waited', () => {
  const events = [
    marker('begin', { at: 1, cpu: 1 }),
    marker('early', { at: 5 }),
    inserted(1003, { at: 10, cpu: 1 }),
    deleted(page(3), { at: 20 }),
    added(page(4), { at: 30 }),
    inserted(1004, { at: 40 }),
  ];
  const moment = explain(events, { moments: [{ kind: 'marker', text: 'early' }] });
  expect(moment?.folios).toEqual([
    {
      index: 3,
      pfn: 1003,
      order: 0,
      // Or it was isolated and put back.
      strength: 'unknown',
      holders: [
        { kind: 'page-cache', references: 1 },
        { kind: 'lru-add-batch', references: 1, cpu: 1 },
      ],
    },
  ]);
  expect(moment?.baseline.verdict).toBe('undecided');
});

describe('real recordings without their beginning', () => {
  const FORMS = new Set(['baseline', 'local-drain', 'v8']);
  const bytes = (lines: readonly string[]) => new TextEncoder().encode(lines.join('\n'));
  const explainLines = (lines: readonly string[]): Promise<Explanation> =>
    explainTrace(memorySource('cut.txt', bytes(lines)), {
      moments: [{ kind: 'every-marker' }],
      patches: PATCHES.filter(({ name }) => FORMS.has(name)),
    });
  const HEADER_LINES = 12;

  test.each(['single', 'two-cpu', 'punch', 'random-1', 'random-2', 'random-3'])(
    '%s: nothing is said that the whole one denies',
    async (name) => {
      const lines = readFileSync(`test/recordings/${name}.txt`, 'utf8').split('\n');
      const whole = await explainLines(lines);
      const dev = whole.moments[0]?.dev;
      const ino = whole.moments[0]?.ino;
      const said = { same: 0, open: 0 };
      for (let part = 1; part < 8; part++) {
        const kept = lines.slice(HEADER_LINES + Math.floor(((lines.length - HEADER_LINES) * part) / 8));
        const cut = await explainLines([...lines.slice(0, HEADER_LINES), ...kept]);
        for (const moment of cut.moments.filter((one) => one.ino === ino && one.dev === dev)) {
          const truth = whole.moments.find(({ at, marker: text }) => at === moment.at && text === moment.marker);
          for (const [form, verdict] of moment.verdicts) {
            const right = truth?.verdicts.get(form);
            if (verdict.verdict === 'undecided') said.open++;
            else {
              said.same++;
              expect([name, part, form, moment.marker, verdict.verdict]).toEqual([
                name,
                part,
                form,
                moment.marker,
                right?.verdict,
              ]);
              if (form === 'baseline' && moment.lowerIndex === undefined) expect(verdict).toEqual(right);
            }
          }
        }
      }
      expect(said.same).toBeGreaterThan(0);
    },
    60_000,
  );
});

// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { readAll, recording } from '../../test/support/read-recording.ts';
import { executed, ioctl, lost, queued, returned, summaryOf, switched } from '../../test/support/kernel-events.ts';
import type { KernelEvent } from '../ledger/index.ts';
import { Explainer } from './explainer.ts';
import type { Explanation } from './index.ts';

const SET_MEMORY_ATTRIBUTES2 = 0xc080aed2n;

function explain(events: readonly KernelEvent[], summary = summaryOf(events)): Explanation {
  const explainer = new Explainer({ moments: [{ kind: 'end' }], patches: [] });
  explainer.events(events);
  return explainer.answer(summary);
}

async function explainRecording(name: string): Promise<Explanation> {
  const { events, summary } = await readAll(recording(name));
  return explain(events, summary);
}

/** `CPU 1 at 10 (pid 7): 1 waited 5, ran 3`, a line a round. */
const rounds = ({ drains }: Explanation): readonly string[] =>
  (drains?.rounds ?? []).map(({ at, cpu, pid, works }) => {
    const each = works.map((work) => `${work.cpu} waited ${work.delay ?? '?'}, ran ${work.run ?? '?'}`);
    return `CPU ${cpu} at ${at} (pid ${pid}): ${each.join('; ')}`;
  });

describe('rounds of a recording', () => {
  test('eight were made, and one found nothing to do', async () => {
    const { drains } = await explainRecording('gmem_drain.txt');
    expect(drains?.rounds.map(({ works }) => works.map(({ cpu }) => cpu))).toEqual([
      [0, 1],
      [1],
      [1],
      [1],
      [0, 1],
      [1],
      [1],
    ]);
    expect(drains?.rounds.every(({ task, conversion }) => task === 'python3' && conversion === undefined)).toBe(true);
    expect(drains).toMatchObject({ count: 7, unfinished: 0, inConversions: 0n });
    const took = (drains?.rounds ?? []).map((round) => Number(round.took));
    expect(Number(drains?.total)).toBe(took.reduce((sum, time) => sum + time, 0));
    expect(Number(drains?.max)).toBe(Math.max(...took));
  });

  test('a conversion that had to wait for a CPU that a real-time task kept busy', async () => {
    const { drains, conversions } = await explainRecording('s14_fifo.v8.txt');
    expect(drains?.rounds.map(({ works, conversion }) => ({ conversion, works }))).toMatchObject([
      { conversion: conversions[0]?.at, works: [{ cpu: 1, delay: 361_088_000n, run: 106_000n }] },
    ]);
    expect(conversions.map(({ drained }) => drained)).toEqual([true, false]);
    expect(drains?.inConversions).toBe(drains?.total);
  });
});

describe('what belongs to one round', () => {
  const work = (on: number, at: number, asker = 7): KernelEvent[] => [queued(`w${on}`, on, { at, cpu: 0, pid: asker })];
  const done = (on: number, from: number, to: number): KernelEvent[] => executed(`w${on}`, on, from, to);

  test('works queued one after the other, even where the first is done already', () => {
    const events = [...work(0, 10), ...done(0, 11, 12), ...work(1, 20), ...done(1, 40, 50)];
    expect(rounds(explain(events))).toEqual(['CPU 0 at 10 (pid 7): 0 waited 1, ran 1; 1 waited 20, ran 10']);
    expect(explain(events).drains?.total).toBe(40n);
  });

  test('not one of a CPU that was asked already, of another task, after a pause, or behind a call', () => {
    const pause = 1_000_000;
    const events = [
      ...work(1, 10),
      ...done(1, 11, 12),
      ...work(1, 20),
      ...done(1, 21, 22),
      ...work(2, 30, 8),
      ...done(2, 31, 32),
      ...work(3, pause, 8),
      ...done(3, pause + 1, pause + 2),
      ioctl(SET_MEMORY_ATTRIBUTES2, { at: pause + 3, pid: 8 }),
      ...work(4, pause + 4, 8),
    ];
    expect(rounds(explain(events))).toEqual([
      'CPU 0 at 10 (pid 7): 1 waited 1, ran 1',
      'CPU 0 at 20 (pid 7): 1 waited 1, ran 1',
      'CPU 0 at 30 (pid 8): 2 waited 1, ran 1',
      `CPU 0 at ${pause} (pid 8): 3 waited 1, ran 1`,
      `CPU 0 at ${pause + 4} (pid 8): 4 waited ?, ran ?`,
    ]);
    expect(explain(events).drains).toMatchObject({ count: 5, unfinished: 1, total: 8n });
  });

  test('other works are none', () => {
    const other = { ...queued('w', 1, { at: 5 }), function: 'vmstat_update' };
    expect(explain([other]).drains).toMatchObject({ count: 0, rounds: [] });
  });

  test('what was lost is not made up', () => {
    const events = [...work(1, 10), lost(1, 20), ...done(1, 30, 40)];
    expect(explain(events).drains).toMatchObject({ count: 1, unfinished: 1, total: 0n });
  });
});

test('what ran on a CPU while the work waited for it, the longest first', () => {
  const events = [
    queued('w', 1, { at: 100, cpu: 0 }),
    switched('before', 'hog', { at: 110, cpu: 1 }),
    switched('elsewhere', 'idle', { at: 120, cpu: 2 }),
    switched('hog', 'kworker/1:1', { at: 400, cpu: 1 }),
    ...executed('w', 1, 405, 410),
  ];
  expect(explain(events).drains?.rounds[0]?.works[0]?.meanwhile.map(({ task, time }) => [task, time])).toEqual([
    ['hog', 290n],
    ['before', 10n],
    ['kworker/1:1', 5n],
  ]);
});

test('a conversion that queued a drain drained, whatever waited', () => {
  const events = [
    ioctl(SET_MEMORY_ATTRIBUTES2, { at: 1, pid: 7 }),
    queued('w', 1, { at: 2, pid: 7 }),
    ...executed('w', 1, 3, 4),
    returned(0, { at: 9, pid: 7 }),
  ];
  const { conversions, drains } = explain(events);
  expect(conversions.map(({ drained }) => drained)).toEqual([true]);
  expect(drains?.rounds.map(({ conversion }) => conversion)).toEqual([1n]);
});

test('without workqueue events nothing is said of drains', () => {
  expect(explain([ioctl(SET_MEMORY_ATTRIBUTES2, { at: 1 })]).drains).toBeUndefined();
});

test('a time that runs back takes no time', () => {
  const drains = new Explainer({ moments: [], patches: [] });
  const events = [
    queued('w', 1, { at: 1000 }),
    switched('vmm', 'other', { at: 500, cpu: 1 }),
    ...executed('w', 1, 400, 300),
  ];
  drains.events(events);
  expect(drains.answer(summaryOf(events)).drains?.rounds).toMatchObject([
    { took: 0n, works: [{ delay: 0n, run: 0n, meanwhile: [] }] },
  ]);
});

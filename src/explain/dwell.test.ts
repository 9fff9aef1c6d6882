// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import {
  added,
  deleted,
  executed,
  inserted,
  lost,
  marker,
  type Page,
  queued,
  summaryOf,
} from '../../test/support/kernel-events.ts';
import { readAll, recording } from '../../test/support/read-recording.ts';
import type { KernelEvent } from '../ledger/index.ts';
import { PROFILES } from '../machine/index.ts';
import { Explainer } from './explainer.ts';
import type { DwellAnswer } from './index.ts';

function dwellOf(events: readonly KernelEvent[], profile = PROFILES[0]): DwellAnswer | undefined {
  const explainer = new Explainer({ moments: [{ kind: 'end' }], patches: [], profile });
  explainer.events(events);
  return explainer.answer(summaryOf(events)).dwell[0];
}

const page = (index: number): Page => ({ index, pfn: 1000 + index });

describe('of a recording', () => {
  /** The same from nothing but the list of events: every folio's interval, then their union. */
  function fromIntervals(events: readonly KernelEvent[], ino: bigint): { waits: number[]; refused: bigint } {
    const open = new Map<number, bigint>();
    const waits: number[] = [];
    const intervals: [bigint, bigint][] = [];
    for (const event of events) {
      if (event.type === 'mm_filemap_add_to_page_cache' && event.ino === ino) open.set(event.pfn, event.at);
      if (event.type !== 'mm_lru_insertion' && event.type !== 'mm_filemap_delete_from_page_cache') continue;
      const since = open.get(event.pfn);
      if (since === undefined) continue;
      open.delete(event.pfn);
      intervals.push([since, event.at]);
      if (event.type === 'mm_lru_insertion') waits.push(Number(event.at - since));
    }
    const last = events.reduce((end, event) => (event.type !== 'loss' && event.at > end ? event.at : end), 0n);
    for (const since of open.values()) intervals.push([since, last]);
    let [refused, covered] = [0n, 0n];
    for (const [from, to] of intervals.toSorted(([a], [b]) => Number(a - b))) {
      if (to > covered) refused += to - (from > covered ? from : covered);
      covered = to > covered ? to : covered;
    }
    return { waits: waits.toSorted((a, b) => a - b), refused };
  }

  test.each(['single', 'two-cpu', 'punch', 'random-1', 'random-2', 'random-3'])('%s', async (name) => {
    const { events, summary } = await readAll(recording(`${name}.dat`));
    const explainer = new Explainer({ moments: [{ kind: 'end' }], patches: [] });
    explainer.events(events);
    const [dwell, ...others] = explainer.answer(summary).dwell;
    const { waits, refused } = fromIntervals(events, dwell?.ino ?? 0n);
    expect(others).toEqual([]);
    expect({ refused: dwell?.refused, unknown: dwell?.unknown }).toEqual({ refused, unknown: 0n });
    expect(dwell?.cpus.reduce((sum, { folios }) => sum + folios, 0)).toBe(waits.length);
    expect(Math.max(...(dwell?.cpus ?? []).map(({ max }) => Number(max)))).toBe(waits.at(-1));
  });
});

describe('what is said of each CPU', () => {
  test('inserted, waiting, gone, and percentiles by nearest rank', () => {
    const events = [
      ...Array.from({ length: 10 }, (_, index) => added(page(index), { at: 100 + index })),
      ...Array.from({ length: 10 }, (_, index) => inserted(1000 + index, { at: 1100 + 2 * index })),
      added(page(20), { at: 2000, cpu: 1 }),
      added(page(21), { at: 2010, cpu: 1 }),
      deleted(page(20), { at: 2020 }),
      marker('m', { at: 3000 }),
    ];
    expect(dwellOf(events)).toMatchObject({
      from: 100n,
      to: 3000n,
      refused: 1018n + 1000n,
      unknown: 0n,
      cpus: [
        { cpu: 0, folios: 10, waiting: 0, gone: 0, p50: 1004n, p90: 1008n, p99: 1009n, max: 1009n },
        { cpu: 1, folios: 0, waiting: 1, gone: 1, p50: undefined, max: undefined, histogram: [] },
      ],
    });
  });

  test('large folios do not wait', () => {
    const events = [
      added({ index: 0, pfn: 512, order: 9 }, { at: 1 }),
      inserted(512, { at: 5 }),
      marker('', { at: 9 }),
    ];
    expect(dwellOf(events)).toMatchObject({ refused: 0n, cpus: [] });
  });
});

describe('on the CPU whose batch it is', () => {
  /** `on` folios on the LRU, and from 100 on one above them that waits on CPU 1. */
  const events = (on: number): KernelEvent[] => [
    ...Array.from({ length: on }, (_, index) => added(page(index), { at: 1 })),
    ...Array.from({ length: on }, (_, index) => inserted(1000 + index, { at: 2 })),
    added(page(40), { at: 100, cpu: 1 }),
    marker('', { at: 200 }),
  ];
  const onCpu1 = (on: number, profile = PROFILES[0]): bigint | undefined =>
    dwellOf(events(on), profile)?.cpus.find(({ cpu }) => cpu === 1)?.refused;
  const profileOf = (size: number) => PROFILES.find(({ batchSize }) => batchSize === size);

  test('the check has drained it before it comes to what lies behind the first full batch of folios', () => {
    expect([onCpu1(30), onCpu1(31)]).toEqual([101n, 1n]);
    expect([onCpu1(14, profileOf(15)), onCpu1(15, profileOf(15))]).toEqual([101n, 1n]);
  });

  test('but not where folios below it were punched meanwhile', () => {
    const punched = [...events(31).slice(0, -1), deleted(page(3), { at: 150 }), marker('', { at: 200 })];
    expect(dwellOf(punched)?.cpus.find(({ cpu }) => cpu === 1)?.refused).toBe(1n + 50n);
  });
});

describe('what folios from before the recording may have done', () => {
  const drained = (from: number, to: number): KernelEvent[] => [
    queued('a', 0, { at: from, pid: 9 }),
    queued('b', 1, { at: from + 1, pid: 9 }),
    ...executed('a', 0, from + 2, from + 3),
    ...executed('b', 1, to - 1, to),
    marker('drained', { at: to + 1, pid: 9 }),
  ];
  const waits = (from: number): KernelEvent[] => [
    added(page(from), { at: from, cpu: 1 }),
    inserted(1000 + from, { at: from + 5, cpu: 1 }),
  ];

  test('is not known to the end while a CPU has not flushed', () => {
    expect(dwellOf([...waits(10), marker('', { at: 100 })])?.hidden).toBe(85n);
  });

  test('is known once all CPUs have been drained, whether or not they flushed', () => {
    const events = [...waits(10), ...drained(30, 40), ...waits(60), ...drained(70, 80), marker('', { at: 100 })];
    expect(dwellOf(events)).toMatchObject({ refused: 10n, hidden: 25n });
  });

  test('is known from the first flush of the last CPU on, if that came before a drain', () => {
    const flush = inserted(77, { at: 20, cpu: 0 }, 0);
    expect(dwellOf([...waits(10), flush, ...drained(30, 40), marker('', { at: 100 })])?.hidden).toBe(5n);
  });

  test('is known from the start where the drain came before the inode', () => {
    expect(dwellOf([...drained(1, 8), ...waits(10), marker('', { at: 100 })])?.hidden).toBe(0n);
  });

  test('is not known where a drain was not seen to end', () => {
    const events = [...waits(10), ...drained(30, 40).slice(0, -2), marker('', { at: 100 })];
    expect(dwellOf(events)?.hidden).toBe(85n);
  });
});

test('where events were lost it is not known until that CPU flushes, but what waits elsewhere refuses', () => {
  const events = [
    added(page(0), { at: 0, cpu: 1 }),
    inserted(1000, { at: 10, cpu: 1 }),
    added(page(1), { at: 20, cpu: 1 }),
    lost(1, 30),
    marker('', { at: 30, cpu: 1 }),
    added(page(2), { at: 40, cpu: 0 }),
    inserted(1002, { at: 50, cpu: 0 }),
    inserted(77, { at: 60, cpu: 1 }, 0),
    marker('', { at: 100 }),
  ];
  expect(dwellOf(events)).toMatchObject({ refused: 10n + 10n + 10n, unknown: 10n + 10n });
});

test('a time that runs back makes no share larger than the whole', () => {
  const dwell = dwellOf([
    added(page(0), { at: 100 }),
    inserted(1000, { at: 5000 }),
    added(page(1), { at: 200 }),
    marker('end', { at: 300 }),
  ]);
  expect(dwell).toMatchObject({ from: 100n, to: 5000n, refused: 4900n });
});

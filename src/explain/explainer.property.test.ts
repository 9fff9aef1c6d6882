// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { added, deleted, inserted, lost, marker, summaryOf } from '../../test/support/kernel-events.ts';
import { type Cpu, cpu, type KernelEvent, nanoseconds } from '../ledger/index.ts';
import { Explainer } from './explainer.ts';

const CPUS = 3;
const PAGES = 40;
const BATCH = 31;
const EVERY_MARKER = { moments: [{ kind: 'every-marker' }], patches: [] } as const;

type Deed =
  | { readonly deed: 'fault' | 'punch'; readonly cpu: number; readonly index: number }
  | { readonly deed: 'anonymous' | 'drain'; readonly cpu: number }
  | { readonly deed: 'look' };

const onCpu = fc.nat(CPUS - 1);
const deeds = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ deed: fc.constant('fault' as const), cpu: onCpu, index: fc.nat(PAGES - 1) }) },
    { weight: 3, arbitrary: fc.record({ deed: fc.constant('punch' as const), cpu: onCpu, index: fc.nat(PAGES - 1) }) },
    { weight: 6, arbitrary: fc.record({ deed: fc.constant('anonymous' as const), cpu: onCpu }) },
    { weight: 1, arbitrary: fc.record({ deed: fc.constant('drain' as const), cpu: onCpu }) },
    { weight: 2, arbitrary: fc.constant({ deed: 'look' as const }) },
  ),
  { minLength: 20, maxLength: 400 },
);

/** What is true at a marker: for each index its pfn and the CPU whose batch holds it. */
type Truth = ReadonlyMap<number, { readonly pfn: number; readonly cpu: number | undefined }>;

/** Batches as the kernel keeps them, the events that it tells of them, and the truth at each marker. */
class Batches {
  readonly events: KernelEvent[] = [];
  readonly truths: Truth[] = [];
  readonly #freesDead: boolean;
  readonly #batches: { pfn: number; index: number | undefined }[][] = Array.from({ length: CPUS }, () => []);
  readonly #cache = new Map<number, number>();
  readonly #free = Array.from({ length: 2 * PAGES }, (_, pfn) => pfn);
  #now = 1;

  /** @param freesDead whether a flush frees a folio whose last reference is the batch's, without an insertion. */
  constructor(freesDead: boolean) {
    this.#freesDead = freesDead;
  }

  do(deed: Deed): void {
    this.#now += 7;
    const at = this.#now;
    switch (deed.deed) {
      case 'fault': {
        const pfn = this.#cache.has(deed.index) ? undefined : this.#free.shift();
        if (pfn === undefined) return;
        this.#cache.set(deed.index, pfn);
        this.events.push(added({ index: deed.index, pfn }, { at, cpu: deed.cpu }));
        this.#enter(deed.cpu, { pfn, index: deed.index });
        break;
      }
      case 'anonymous':
        this.#enter(deed.cpu, { pfn: 100_000 + at, index: undefined });
        break;
      case 'punch': {
        const pfn = this.#cache.get(deed.index);
        if (pfn === undefined) return;
        this.#cache.delete(deed.index);
        this.events.push(deleted({ index: deed.index, pfn }, { at, cpu: deed.cpu }));
        const waits = this.#batches.some((batch) => batch.some((entry) => entry.pfn === pfn));
        this.#flush(deed.cpu, pfn);
        if (!waits) this.#free.push(pfn);
        break;
      }
      case 'drain':
        this.#flush(deed.cpu, undefined);
        break;
      case 'look': {
        this.events.push(marker(`look ${this.truths.length}`, { at }));
        const truth = new Map<number, { pfn: number; cpu: number | undefined }>();
        for (const [index, pfn] of this.#cache) {
          const owner = this.#batches.findIndex((batch) => batch.some((entry) => entry.pfn === pfn));
          truth.set(index, { pfn, cpu: owner < 0 ? undefined : owner });
        }
        this.truths.push(truth);
        break;
      }
    }
  }

  #enter(number: number, entry: { pfn: number; index: number | undefined }): void {
    const batch = this.#batches[number] ?? [];
    batch.push(entry);
    if (batch.length === BATCH) this.#flush(number, undefined);
  }

  /** @param held a folio that the flushing task holds, so that it is not dead yet. */
  #flush(number: number, held: number | undefined): void {
    for (const { pfn, index } of this.#batches[number] ?? []) {
      const isDead = index !== undefined && this.#cache.get(index) !== pfn;
      if (isDead) this.#free.push(pfn);
      if (isDead && this.#freesDead && pfn !== held) continue;
      this.events.push(inserted(pfn, { at: this.#now, cpu: number }, index === undefined ? 0 : isDead ? 2 : 4));
    }
    this.#batches[number] = [];
  }
}

const simulate = (done: readonly Deed[], freesDead: boolean): Batches => {
  const batches = new Batches(freesDead);
  for (const deed of [...done, { deed: 'look' as const }]) batches.do(deed);
  // The last page makes it known for a guest_memfd, whatever else was inserted.
  batches.events.push(added({ index: PAGES, pfn: 99_999 }, { at: 1e6 }), inserted(99_999, { at: 1e6 + 1 }));
  return batches;
};

test('what is said at every marker is what the batches held', () => {
  fc.assert(
    fc.property(deeds, fc.boolean(), (done, freesDead) => {
      const { events, truths } = simulate(done, freesDead);
      const explainer = new Explainer(EVERY_MARKER);
      explainer.events(events);
      const { moments } = explainer.answer(summaryOf(events));
      const said = moments.map(({ folios }) =>
        folios.map(({ index, pfn, strength, holders }) => [index, pfn, holders[1]?.cpu, strength]),
      );
      const truth = truths.map((folios) =>
        [...folios].toSorted(([a], [b]) => a - b).map(([index, { pfn, cpu: owner }]) => [index, pfn, owner, 'derived']),
      );
      expect(said).toEqual(truth);
    }),
    { numRuns: 150 },
  );
});

/** A CPU's events from one place to another are lost, as a reader would tell it. */
function lose(events: readonly KernelEvent[], number: number, from: number, to: number): KernelEvent[] {
  const kept: KernelEvent[] = [];
  let isOpen = false;
  for (const [place, event] of events.entries()) {
    const isHidden = event.cpu === number && place >= from && place < to && event.type !== 'marker';
    if (isHidden) isOpen = true;
    else {
      if (isOpen && event.cpu === number && event.type !== 'loss') {
        kept.push(lost(number, Number(event.at)));
        isOpen = false;
      }
      kept.push(event);
    }
  }
  return isOpen ? [...kept, lost(number, undefined)] : kept;
}

const gaps = fc.array(fc.tuple(onCpu, fc.nat(300), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 3 });

test('where events were lost, what is still said of a folio that is there is true', () => {
  let doubts = 0;
  fc.assert(
    fc.property(deeds, fc.boolean(), gaps, (done, freesDead, holes) => {
      const whole = simulate(done, freesDead);
      let events: readonly KernelEvent[] = whole.events;
      for (const [number, from, length] of holes) events = lose(events, number, from, from + length);
      const explainer = new Explainer(EVERY_MARKER);
      explainer.events(events);
      const { moments } = explainer.answer(summaryOf(events));
      const wrong: unknown[] = [];
      for (const [place, { folios }] of moments.entries())
        for (const { index, pfn, strength, holders } of folios) {
          const truth = whole.truths[place]?.get(index);
          if (strength === 'unknown') doubts++;
          else if (truth?.pfn === pfn && truth.cpu !== holders[1]?.cpu) wrong.push({ place, index, truth, holders });
        }
      expect(wrong).toEqual([]);
    }),
    { numRuns: 150 },
  );
  expect(doubts).toBeGreaterThan(0);
});

/** Anything at all, plausible or not. */
const noise = fc.array(
  fc.record({
    what: fc.constantFrom('add', 'delete', 'insert', 'lose', 'mark'),
    cpu: onCpu,
    index: fc.nat(60),
    pfn: fc.nat(20),
    order: fc.constantFrom(0, 0, 0, 9),
    ino: fc.constantFrom(1, 2),
    lru: fc.constantFrom(4, 4, 2),
    step: fc.nat(3),
  }),
  { maxLength: 300 },
);

test('whatever stands in a recording, batches stay within their size and folios in order', () => {
  fc.assert(
    fc.property(noise, (happenings) => {
      let now = 1;
      const events = happenings.map(({ what, cpu: number, index, pfn, order, ino, lru, step }): KernelEvent => {
        now += step;
        const where = { at: now, cpu: number };
        switch (what) {
          case 'add':
            return added({ index, pfn: pfn + 20 * index, order, ino }, where);
          case 'delete':
            return deleted({ index, pfn: pfn + 20 * index, order, ino }, where);
          case 'insert':
            return inserted(pfn + 20 * index, where, lru);
          case 'lose':
            return lost(number, now);
          case 'mark':
            return marker('m', where);
        }
      });
      const explainer = new Explainer(EVERY_MARKER);
      for (const event of events) {
        explainer.events([event]);
        for (const waiting of explainer.waiting.values()) expect(waiting.length).toBeLessThanOrEqual(BATCH);
      }
      const { moments } = explainer.answer(summaryOf(events));
      for (const { at, folios } of moments) {
        const indexes = folios.map(({ index }) => index);
        expect(indexes).toEqual([...new Set(indexes)].toSorted((a, b) => a - b));
        for (const { holders, order } of folios) {
          expect(holders[0]).toEqual({ kind: 'page-cache', references: 2 ** order });
          for (const { since } of holders) expect(since === undefined || since <= at).toBe(true);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('a CPU whose batch fills up although nothing was inserted: its folios are doubtful, not many', () => {
  const events = Array.from({ length: BATCH + 1 }, (_, index) =>
    added({ index, pfn: index }, { at: 10 + index, cpu: 1 }),
  );
  const explainer = new Explainer({ moments: [{ kind: 'time', at: nanoseconds(1000n) }], patches: [] });
  explainer.events([...events, inserted(BATCH, { at: 500, cpu: 1 })]);
  const waiting: ReadonlyMap<Cpu, unknown> = explainer.waiting;
  expect(waiting.get(cpu(1))).toEqual([]);
  const { moments } = explainer.answer(summaryOf(events));
  expect(moments[0]?.folios.filter(({ strength }) => strength === 'unknown').length).toBe(BATCH);
  expect(moments[0]?.baseline.verdict).toBe('undecided');
});

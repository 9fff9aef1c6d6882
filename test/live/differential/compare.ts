// SPDX-License-Identifier: MIT
// What the real kernel did, held against the machine, step by step. A batch is the whole machine's: other work flushes it early,
// which the recording must show, and then the machine's batch is flushed too. It is never flushed late.
import type { Event, Observed, SeenPage } from './observed.ts';
import type { ForeignFlush, Model, Shown } from './model.ts';
import { sayStep } from './steps.ts';

/** Flushes by other work, which no step of ours causes: of another task, or of ours. */
interface Resyncs {
  /** Steps at which there was one. */
  steps: number;
  /** Flushes by other tasks, or between our calls. */
  others: number;
  /** Flushes within a call of ours that does not drain, because folios of other memory had filled the batch. */
  ownFull: number;
}

export interface Counts {
  steps: number;
  /** Pages whose flags were compared. */
  compared: number;
  additions: number;
  insertions: number;
  readonly resyncs: Resyncs;
}

/** The first step at which the kernel did what the machine does not do. */
export interface Difference {
  readonly at: number;
  readonly step: string;
  readonly what: string;
}

export const noCounts = (): Counts => ({
  steps: 0,
  compared: 0,
  additions: 0,
  insertions: 0,
  resyncs: { steps: 0, others: 0, ownFull: 0 },
});

/** Holds a sequence against the machine. @returns the first difference; undefined if there is none. */
export function compare(
  model: Model,
  seen: readonly Observed[],
  pid: number,
  counts: Counts = noCounts(),
): Difference | undefined {
  model.boot();
  const comparison = new Comparison(model, pid, counts);
  for (const [at, one] of seen.entries()) {
    counts.steps++;
    try {
      comparison.step(one);
    } catch (error) {
      if (!(error instanceof Differs)) throw error;
      return { at, step: sayStep(one.step), what: error.message };
    }
  }
  return undefined;
}

class Differs extends Error {}

/** Insertions of a CPU's flush, in a row. */
interface Burst {
  readonly cpu: number;
  readonly pid: number;
  /** Of our folios. */
  readonly pfns: readonly number[];
  /** Of all folios. */
  readonly total: number;
}

/** Most flushes by other work within one call. */
const MOST_FLUSHES = 12;

class Comparison {
  readonly #model: Model;
  readonly #pid: number;
  readonly #counts: Counts;
  /** Page frames of the machine's folios. */
  readonly #pfns = new Map<number, number>();
  /** Folios in pipes. */
  readonly #pinned: (number | undefined)[] = [];
  #isResync = false;

  constructor(model: Model, pid: number, counts: Counts) {
    this.#model = model;
    this.#pid = pid;
    this.#counts = counts;
  }

  step(seen: Observed): void {
    this.#isResync = false;
    this.#flushed(seen.before, 'before the call');
    const pinnedPage = seen.step.call === 'pin' ? seen.step.page : undefined;
    this.#call(seen);
    if (seen.step.call === 'pin' && pinnedPage !== undefined) this.#pinned[seen.step.pin] = this.#model.at(pinnedPage);
    if (seen.step.call === 'unpin') this.#pinned[seen.step.pin] = undefined;
    this.#pages(seen);
    this.#flushed(seen.looking, 'while its pages were looked at');
    if (this.#isResync) this.#counts.resyncs.steps++;
  }

  /** Flushes between two calls: all by other work. */
  #flushed(events: readonly Event[], when: string): void {
    const added = events.find(({ type }) => type === 'add');
    if (added !== undefined) throw new Differs(`a page was added ${when}`);
    const known = this.#known();
    const ours = oursOf(events, known);
    for (let cpu = 0; cpu < this.#model.cpus; cpu++) {
      const inserted = ours.filter((event) => event.cpu === cpu).map(({ pfn }) => pfn);
      const waiting = this.#batch(cpu);
      const isTouched = inserted.length > 0 || (this.#onlyDead(cpu) && hasFlush(events, cpu));
      if (!isTouched) continue;
      const expected = this.#shownBy(this.#model.flush(cpu));
      if (!isSame(expected, inserted))
        throw new Differs(
          `${when} a flush of CPU ${cpu} inserted ${say(inserted)}; the machine's batch holds ${say(waiting)}`,
        );
      this.#counts.insertions += inserted.length;
      this.#resync(burstsOf(events, known).filter((burst) => burst.cpu === cpu && burst.pfns.length > 0));
    }
  }

  #resync(bursts: readonly Burst[]): void {
    this.#isResync = true;
    const { resyncs } = this.#counts;
    for (const { pid, total } of bursts)
      if (pid !== this.#pid) resyncs.others++;
      else if (total >= this.#model.profile.batchSize) resyncs.ownFull++;
      else resyncs.others++;
  }

  /** The machine's batch holds only folios that have left the page cache: their flush may show nothing. */
  #onlyDead(cpu: number): boolean {
    const waiting = this.#model.batch(cpu);
    return (
      this.#model.profile.flushFreesLastReference &&
      waiting.length > 0 &&
      waiting.every((of) => this.#model.references(of) === 1)
    );
  }

  /** The call itself: its additions and insertions, with as many flushes by other work as the recording has. */
  #call(seen: Observed): void {
    const { step, during, returned } = seen;
    const additions = during.filter((event) => event.type === 'add');
    const pfnOf = (shown: readonly Shown[], folio: number): number => {
      const added = shown.findLastIndex((one) => one.type === 'add' && one.folio === folio);
      if (added === -1) return this.#pfns.get(folio) ?? 0;
      const nth = shown.slice(0, added).filter(({ type }) => type === 'add').length;
      return additions[nth]?.pfn ?? 0;
    };
    const before = this.#known();
    const known = new Set([...before, ...additions.map(({ pfn }) => pfn)]);
    const real = oursOf(during, before);
    const snapshot = this.#model.snapshot();
    const flushes: (ForeignFlush & { readonly place: number })[] = [];
    for (;;) {
      this.#model.restore(snapshot);
      const ran = this.#model.run(step, flushes, pfnOf);
      // A frame may be given back and taken again within a call.
      const mine = ran.shown.map(({ type, cpu, folio }, at) => ({
        type,
        cpu,
        pfn: pfnOf(ran.shown.slice(0, at + 1), folio),
      }));
      const wrong = mismatch(real, mine, this.#model.cpus);
      if (wrong === undefined && ran.flushes === flushes.length) {
        this.#accept(ran.shown, additions, pfnOf);
        this.#counts.insertions += real.length - additions.length;
        if (flushes.length > 0) this.#within(during, known, flushes);
        if ((returned === 0) !== (ran.returned === 'ok'))
          throw new Differs(`it returned ${returned}; the machine's returns ${ran.returned}`);
        return;
      }
      const last = flushes.at(-1);
      // A flush that did not come about was of fewer folios.
      if (ran.flushes < flushes.length && last !== undefined && last.pfns.length > 1) {
        flushes[flushes.length - 1] = { ...last, pfns: last.pfns.slice(0, -1) };
        continue;
      }
      const event = wrong?.event;
      if (event?.type === 'insertion' && event.isWork && step.call === 'drain-all')
        throw new Differs(
          `the work of our own drain inserted ${say(inRow(real, event))} on CPU ${event.cpu}; the machine's drain does not`,
        );
      if (ran.flushes < flushes.length || event?.type !== 'insertion' || flushes.length >= MOST_FLUSHES)
        throw new Differs(
          `the kernel: ${sayAll(real)}; the machine, with ${ran.flushes} flushes by other work: ${sayAll(mine)}`,
        );
      flushes.push({ cpu: event.cpu, pfns: inRow(real, event), place: real.indexOf(event) });
      flushes.sort((one, other) => one.place - other.place);
    }
  }

  #within(during: readonly Event[], known: ReadonlySet<number>, flushes: readonly ForeignFlush[]): void {
    this.#isResync = true;
    const { resyncs } = this.#counts;
    const bursts = burstsOf(during, known);
    for (const { pfns } of flushes) {
      const burst = bursts.find((one) => pfns[0] !== undefined && one.pfns.includes(pfns[0]));
      if (burst === undefined || burst.pid !== this.#pid) resyncs.others++;
      else if (burst.total >= this.#model.profile.batchSize || this.#model.profile.flushFreesLastReference)
        // From 7.2 on, folios that were freed meanwhile show no insertion, so a full batch may show fewer.
        resyncs.ownFull++;
      else
        throw new Differs(
          `our own call flushed CPU ${burst.cpu}'s batch of ${burst.total} folios, ${say(burst.pfns)} of them ours; the machine's call does not, and a batch is full with ${this.#model.profile.batchSize}`,
        );
    }
  }

  #accept(
    shown: readonly Shown[],
    additions: readonly Event[],
    pfnOf: (shown: readonly Shown[], folio: number) => number,
  ): void {
    const mine = shown.filter((one) => one.type === 'add');
    const [expected, real] = [
      mine.map(({ index }) => index),
      additions.map((one) => (one.type === 'add' ? one.index : -1)),
    ];
    if (!isSame(expected, real))
      throw new Differs(`the kernel added pages ${real.join()}; the machine pages ${expected.join()}`);
    for (const { folio } of mine) this.#pfns.set(folio, pfnOf(shown, folio));
    this.#counts.additions += mine.length;
  }

  #pages({ pages, pins, cached, moving }: Observed): void {
    let present = 0;
    for (const [index, page] of pages.entries()) {
      const of = this.#model.at(index);
      if (of !== undefined) present++;
      if ((of === undefined) !== (page === undefined))
        throw new Differs(
          `page ${index} is ${page === undefined ? 'not ' : ''}in the page cache; the machine's is ${of === undefined ? 'not' : 'there'}`,
        );
      if (of === undefined || page === undefined) continue;
      this.#same(`page ${index}`, of, page, moving);
      if (page.unevictable !== page.lru && !moving.has(page.pfn))
        throw new Differs(`page ${index}: UNEVICTABLE is ${page.unevictable}, LRU ${page.lru}`);
    }
    if (cached !== present) throw new Differs(`${cached} pages are cached; the machine has ${present}`);
    for (const [pin, page] of pins.entries()) {
      const of = this.#pinned[pin];
      if (of !== undefined && page !== undefined) this.#same(`the page of pin ${pin}`, of, page, moving);
    }
  }

  #same(name: string, of: number, { pfn, lru, mapped }: SeenPage, moving: ReadonlySet<number>): void {
    this.#counts.compared++;
    if (this.#pfns.get(of) !== pfn)
      throw new Differs(`${name} is frame ${pfn}, the recording added ${this.#pfns.get(of)}`);
    if (lru !== this.#model.isOnLru(of) && !moving.has(pfn))
      throw new Differs(
        lru
          ? `${name} is on the LRU; the machine's waits, and no event shows a flush`
          : `${name} waits; the machine's is on the LRU`,
      );
    const expected = this.#model.mapped(of);
    if (mapped !== expected) throw new Differs(`${name} is mapped ${mapped} times; the machine's ${expected}`);
  }

  /** Frames of the machine's folios that are in the page cache, in a pipe or in a batch; others may be anybody's by now. */
  #known(): ReadonlySet<number> {
    const folios = [...this.#pinned, ...this.#model.present()];
    for (let cpu = 0; cpu < this.#model.cpus; cpu++) folios.push(...this.#model.batch(cpu));
    return new Set(folios.flatMap((of) => (of === undefined ? [] : (this.#pfns.get(of) ?? []))));
  }

  #batch(cpu: number): readonly number[] {
    return this.#model.batch(cpu).map((of) => this.#pfns.get(of) ?? 0);
  }

  #shownBy(shown: readonly Shown[]): readonly number[] {
    return shown.flatMap((one) => (one.type === 'insertion' ? [this.#pfns.get(one.folio) ?? 0] : []));
  }
}

const hasFlush = (events: readonly Event[], cpu: number): boolean =>
  events.some((event) => event.type === 'insertion' && event.cpu === cpu);

const isSame = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((value, at) => value === other[at]);

/** What a page does, as the kernel or the machine shows it. */
interface Told {
  readonly type: 'add' | 'insertion';
  readonly cpu: number;
  readonly pfn: number;
}

/** The first event of a CPU that the machine does not have there; `event` is undefined if the machine has one more. */
function mismatch(
  real: readonly Event[],
  mine: readonly Told[],
  cpus: number,
): { readonly event: Event | undefined } | undefined {
  for (let cpu = 0; cpu < cpus; cpu++) {
    const [here, there] = [real.filter((event) => event.cpu === cpu), mine.filter((one) => one.cpu === cpu)];
    for (let at = 0; at < Math.max(here.length, there.length); at++)
      if (here[at]?.pfn !== there[at]?.pfn || here[at]?.type !== there[at]?.type) return { event: here[at] };
  }
  return undefined;
}

/** Events of our folios. A frame that was inserted is given back and taken by other memory, if its page was gone. */
function oursOf(events: readonly Event[], known: ReadonlySet<number>): readonly Event[] {
  const waiting = new Set(known);
  return events.filter(({ type, pfn }) => (type === 'add' ? waiting.add(pfn).size > 0 : waiting.delete(pfn)));
}

/** What is inserted on a CPU from an event on, up to the next addition there. */
function inRow(ours: readonly Event[], from: Event): readonly number[] {
  const here = ours.slice(ours.indexOf(from)).filter(({ cpu }) => cpu === from.cpu);
  const end = here.findIndex(({ type }) => type === 'add');
  return here.slice(0, end === -1 ? undefined : end).map(({ pfn }) => pfn);
}

/** Insertions in a row of one task on one CPU. */
function burstsOf(events: readonly Event[], known: { has(pfn: number): boolean }): readonly Burst[] {
  const bursts: (Burst & { pfns: number[]; total: number })[] = [];
  const open = new Map<number, (typeof bursts)[number]>();
  for (const { type, cpu, pid, pfn } of events) {
    let burst = open.get(cpu);
    if (type !== 'insertion') {
      open.delete(cpu);
      continue;
    }
    if (burst?.pid !== pid) {
      burst = { cpu, pid, pfns: [], total: 0 };
      bursts.push(burst);
      open.set(cpu, burst);
    }
    burst.total++;
    if (known.has(pfn)) burst.pfns.push(pfn);
  }
  return bursts;
}

const say = (pfns: readonly number[]): string =>
  pfns.length === 0 ? 'nothing' : `${pfns.length} (${pfns.map((pfn) => pfn.toString(16)).join(' ')})`;
const sayAll = (events: readonly Told[]): string =>
  events.length === 0
    ? 'nothing'
    : events.map(({ type, cpu, pfn }) => `${type === 'add' ? '+' : '>'}${pfn.toString(16)}/${cpu}`).join(' ');

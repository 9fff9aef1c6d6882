// SPDX-License-Identifier: MIT
import type { PageLayout } from '../trace/index.ts';
import { bytesIn, eventsIn, lostBefore, markLost } from './ring-page.ts';

/** Data of one CPU's recording that the bound dropped. */
export interface Dropped {
  pages: number;
  events: number;
  /** Events that the kernel had lost before those pages; undefined if some number is not known. */
  lostBefore: number | undefined;
}

/**
 * The pages of all CPUs, in memory, within a bound: if necessary the oldest page is dropped, and its events are counted. The
 * memory is touched before the recording starts. A recorder that allocates would fill the batches that it records, and one that
 * writes a file would record its own pages.
 */
export class Spool {
  readonly #layout: PageLayout;
  readonly #bytes: Uint8Array;
  readonly #cpus: Int32Array;
  /** Place of the oldest page, and number of pages. */
  #first = 0;
  #count = 0;
  readonly #dropped = new Map<number, Dropped>();

  /** @param limit in bytes. */
  constructor(layout: PageLayout, limit: number) {
    const pages = Math.max(1, Math.floor(limit / layout.pageSize));
    this.#layout = layout;
    this.#bytes = new Uint8Array(pages * layout.pageSize).fill(0);
    this.#cpus = new Int32Array(pages).fill(0);
  }

  /** Takes a copy of a page; one without events is left out. */
  add(cpu: number, page: Uint8Array): void {
    if (bytesIn(page, this.#layout) === 0 && lostBefore(page, this.#layout) === 0) return;
    const room = this.#cpus.length;
    if (this.#count === room) this.#drop();
    const place = (this.#first + this.#count) % room;
    this.#bytes.set(page, place * this.#layout.pageSize);
    this.#cpus[place] = cpu;
    this.#count++;
  }

  #drop(): void {
    const page = this.#page(this.#first);
    const cpu = this.#cpus[this.#first] ?? 0;
    const before = this.#dropped.get(cpu) ?? { pages: 0, events: 0, lostBefore: 0 };
    const lost = lostBefore(page, this.#layout);
    before.pages++;
    before.events += eventsIn(page, this.#layout);
    before.lostBefore = before.lostBefore === undefined || lost === undefined ? undefined : before.lostBefore + lost;
    this.#dropped.set(cpu, before);
    this.#first = (this.#first + 1) % this.#cpus.length;
    this.#count--;
  }

  #page(place: number): Uint8Array {
    return this.#bytes.subarray(place * this.#layout.pageSize, (place + 1) * this.#layout.pageSize);
  }

  /** Data that the bound dropped, by CPU. */
  get dropped(): ReadonlyMap<number, Readonly<Dropped>> {
    return this.#dropped;
  }

  /**
   * The pages of a CPU, oldest first. The first one records the events dropped before it. Valid until the next page is added.
   */
  pagesOf(cpu: number): readonly Uint8Array[] {
    const pages: Uint8Array[] = [];
    for (let nth = 0; nth < this.#count; nth++) {
      const place = (this.#first + nth) % this.#cpus.length;
      if (this.#cpus[place] === cpu) pages.push(this.#page(place));
    }
    const [first] = pages;
    const dropped = this.#dropped.get(cpu);
    if (first === undefined || dropped === undefined) return pages;
    const own = lostBefore(first, this.#layout);
    const lost =
      own === undefined || dropped.lostBefore === undefined ? undefined : own + dropped.lostBefore + dropped.events;
    const marked = first.slice();
    markLost(marked, this.#layout, lost);
    return [marked, ...pages.slice(1)];
  }
}

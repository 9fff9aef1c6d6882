// SPDX-License-Identifier: MIT
import { type Pfn, pfn } from '../../ledger/index.ts';

/** Page frames of one table: dense recordings take 4 bytes a frame. */
const TABLE = 1024;

/**
 * Numbers for page frames, from 1, in the order in which they are first seen. The pages of a large folio get successive numbers,
 * aligned as the folio is, if the folio is known before the first number is asked for: its order shows only in some events.
 */
export class Frames {
  readonly #tables = new Map<number, Uint32Array>();
  /** Head page and order of each run of pages that some event names. */
  readonly #runs = new Map<Pfn, number>();
  #largest = 0;
  #next = 1;
  /** Frames in the order in which they were seen; undefined once they have numbers. */
  #waiting: Pfn[] | undefined;

  /** @param isWaiting whether {@link settle} will be called: until then frames are only collected. */
  constructor(isWaiting: boolean) {
    this.#waiting = isWaiting ? [] : undefined;
  }

  /** An event names a frame, and the order of its folio. */
  see(frame: Pfn, order: number): void {
    if (order > 0 && frame % 2 ** order === 0) {
      this.#runs.set(frame, Math.max(order, this.#runs.get(frame) ?? 0));
      this.#largest = Math.max(this.#largest, order);
    }
    if (this.#waiting === undefined) this.#give(frame);
    else if (this.#at(frame) === 0) {
      this.#put(frame, SEEN);
      this.#waiting.push(frame);
    }
  }

  /** Gives numbers to all that were seen. */
  settle(): void {
    const seen = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const frame of seen) this.#give(frame);
  }

  /** The number of a frame; a new one gets the next. */
  number(frame: Pfn): Pfn {
    this.see(frame, 0);
    return pfn(this.#at(frame));
  }

  /** The number of a frame; undefined if nothing named it. */
  known(frame: Pfn): Pfn | undefined {
    const number = this.#at(frame);
    return number === 0 || number === SEEN ? undefined : pfn(number);
  }

  #give(frame: Pfn): void {
    const before = this.#at(frame);
    if (before !== 0 && before !== SEEN) return;
    const [head, order] = this.#runOf(frame);
    const size = 2 ** order;
    const first = Math.ceil(this.#next / size) * size;
    for (let page = 0; page < size; page++) {
      const one = pfn(head + page);
      const had = this.#at(one);
      if (had === 0 || had === SEEN) this.#put(one, first + page);
    }
    this.#next = first + size;
  }

  /** The largest known run with a frame. */
  #runOf(frame: Pfn): readonly [Pfn, number] {
    for (let order = this.#largest; order > 0; order--) {
      const head = pfn(frame - (frame % 2 ** order));
      if ((this.#runs.get(head) ?? 0) >= order) return [head, order];
    }
    return [frame, 0];
  }

  #at(frame: Pfn): number {
    return this.#tables.get(Math.floor(frame / TABLE))?.[frame % TABLE] ?? 0;
  }

  #put(frame: Pfn, number: number): void {
    const key = Math.floor(frame / TABLE);
    let table = this.#tables.get(key);
    if (table === undefined) this.#tables.set(key, (table = new Uint32Array(TABLE)));
    table[frame % TABLE] = number;
  }
}

/** Mark of a frame that was seen and has no number yet. */
const SEEN = 0xffff_ffff;

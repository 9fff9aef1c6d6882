// SPDX-License-Identifier: MIT
import type { FilemapEvent, LruInsertion, Nanoseconds, Pfn } from '../../ledger/index.ts';
import type { CpuBatch } from '../batch.ts';
import type { Unadded } from '../conversions.ts';
import type { Flush } from '../flush.ts';
import type { Generation, Putback } from '../generation.ts';
import type { Batches } from './batches.ts';
import { isTwinInsertion } from './twins.ts';

/** Largest number of remembered insertions of folios from before the recording; their deletes will show their indexes. */
const MOST_STRAYS = 65_536;

/** An insertion of a folio without a recorded add. */
export interface Stray {
  readonly insertion: LruInsertion;
  readonly flush: Flush;
  /** Later ones of the same frame. */
  readonly again: Putback[];
}

/** Page frames with unrecorded events: inserted without an add, or deleted without one. */
export class Strays {
  /** Number of folios inserted as unevictable without a recorded add, and without a delete so far. */
  unevictable = 0;
  /** The first of all such insertions, whatever happened to their frames later. */
  readonly unadded: Unadded[] = [];
  /** The first of them by page frame, until the frame is used again. */
  readonly #inserted = new Map<Pfn, Stray>();
  /**
   * Folios that left the page cache from the LRU, by page frame, until the frame is used again: they may have returned to a
   * batch.
   */
  readonly #gone = new Map<Pfn, Generation>();
  /** Folios without a recorded add that left under the latest stamp, by page frame. */
  readonly #deletedNow = new Map<Pfn, FilemapEvent>();
  #deletedNowAt: Nanoseconds | undefined = undefined;

  /** A frame becomes a folio of the page cache. @returns its insertions without an add. */
  used(pfn: Pfn): Stray | undefined {
    if (this.#gone.size > 0) this.#gone.delete(pfn);
    const stray = this.#inserted.size === 0 ? undefined : this.#inserted.get(pfn);
    if (stray !== undefined) this.#inserted.delete(pfn);
    return stray;
  }

  freed(pfn: Pfn): void {
    this.#inserted.delete(pfn);
    this.#gone.delete(pfn);
  }

  /** A frame without a recorded add was inserted as unevictable. */
  inserted(event: LruInsertion, batch: CpuBatch, batches: Batches): void {
    const known = this.#inserted.get(event.pfn);
    const last = known?.again.at(-1)?.insertion ?? known?.insertion;
    if (last !== undefined && isTwinInsertion(last, event)) return;
    const flush = batch.flushOf(event);
    if (this.unadded.length < MOST_STRAYS) this.unadded.push({ insertion: event, emptiedAt: batch.emptiedAt, flush });
    if (known !== undefined && last !== undefined) {
      known.again.push({ from: batches.emptiedSince(last.at), insertion: event, flush });
      return;
    }
    this.unevictable++;
    if (this.#inserted.size < MOST_STRAYS) this.#inserted.set(event.pfn, { insertion: event, flush, again: [] });
  }

  /** A delete shows the inode of a frame without a recorded add. @returns the frame's insertions. */
  named(event: FilemapEvent): Stray | undefined {
    // With a coarse clock the add may follow it in the file, under the same stamp.
    if (this.#deletedNowAt !== event.at) this.#deletedNow.clear();
    this.#deletedNowAt = event.at;
    this.#deletedNow.set(event.pfn, event);
    const stray = this.#inserted.get(event.pfn);
    if (stray === undefined) return undefined;
    this.unevictable--;
    this.#inserted.delete(event.pfn);
    return stray;
  }

  /** The delete, under the latest stamp, of a frame without a recorded add. */
  deletedNow(pfn: Pfn): FilemapEvent | undefined {
    return this.#deletedNow.size === 0 ? undefined : this.#deletedNow.get(pfn);
  }

  /** A folio left the page cache; its frame may still wait in a batch, or wait again. */
  left(folio: Generation): void {
    if (this.#gone.size < MOST_STRAYS) this.#gone.set(folio.pfn, folio);
  }

  /** A frame without a folio in the page cache is inserted. @returns the folio that left it. */
  takeGone(pfn: Pfn): Generation | undefined {
    const gone = this.#gone.size === 0 ? undefined : this.#gone.get(pfn);
    if (gone !== undefined) this.#gone.delete(pfn);
    return gone;
  }
}

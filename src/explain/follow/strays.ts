// SPDX-License-Identifier: MIT
import type { FilemapEvent, LruInsertion, Nanoseconds, Pfn } from '../../ledger/index.ts';
import type { CpuBatch } from '../batch.ts';
import type { Unadded } from '../conversions.ts';
import type { Flush } from '../flush.ts';
import type { Generation, Putback } from '../generation.ts';
import type { Batches } from './batches.ts';
import { isTwinInsertion } from './twins.ts';

/** Insertions of folios from before the recording that are remembered, for their deletes to name their indexes. */
const MOST_STRAYS = 65_536;

/** An insertion of a folio whose add was not seen. */
export interface Stray {
  readonly insertion: LruInsertion;
  readonly flush: Flush;
  /** Later ones of the same frame. */
  readonly again: Putback[];
}

/** Page frames of which a part of the story is not in the recording: inserted without an add, or deleted without one. */
export class Strays {
  /** How many folios were inserted as unevictable whose add was not seen, and that no delete has named. */
  unevictable = 0;
  /** All such insertions, the first ones, whatever became of their frames. */
  readonly unadded: Unadded[] = [];
  /** The first of them by page frame, until it is used again. */
  readonly #inserted = new Map<Pfn, Stray>();
  /** Folios that left the page cache from the LRU, by page frame, until that is used again: they may have been back in a batch. */
  readonly #gone = new Map<Pfn, Generation>();
  /** Folios that left under the latest stamp and whose add was not seen, by page frame. */
  readonly #deletedNow = new Map<Pfn, FilemapEvent>();
  #deletedNowAt: Nanoseconds | undefined = undefined;

  /** A frame becomes a folio of the page cache. @returns what was inserted with it without an add. */
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

  /** A frame of which no add was seen was inserted as unevictable. */
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

  /** A delete names the inode of a frame of which no add was seen. @returns what was inserted with it. */
  named(event: FilemapEvent): Stray | undefined {
    // With a coarse clock the add may stand behind it, under the same stamp.
    if (this.#deletedNowAt !== event.at) this.#deletedNow.clear();
    this.#deletedNowAt = event.at;
    this.#deletedNow.set(event.pfn, event);
    const stray = this.#inserted.get(event.pfn);
    if (stray === undefined) return undefined;
    this.unevictable--;
    this.#inserted.delete(event.pfn);
    return stray;
  }

  /** The delete of a frame under the latest stamp, of which no add was seen. */
  deletedNow(pfn: Pfn): FilemapEvent | undefined {
    return this.#deletedNow.size === 0 ? undefined : this.#deletedNow.get(pfn);
  }

  /** A folio left the page cache; its frame may wait in a batch still, or again. */
  left(folio: Generation): void {
    if (this.#gone.size < MOST_STRAYS) this.#gone.set(folio.pfn, folio);
  }

  /** A frame is inserted of which no folio is in the page cache. @returns the one that left it. */
  takeGone(pfn: Pfn): Generation | undefined {
    const gone = this.#gone.size === 0 ? undefined : this.#gone.get(pfn);
    if (gone !== undefined) this.#gone.delete(pfn);
    return gone;
  }
}

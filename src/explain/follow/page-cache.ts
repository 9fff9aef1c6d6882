// SPDX-License-Identifier: MIT
import type { FilemapEvent, Loss, LruInsertion, Nanoseconds, PageReference, Pfn } from '../../ledger/index.ts';
import type { CpuBatch } from '../batch.ts';
import { ByFrame } from '../by-frame.ts';
import type { Conversions } from '../conversions.ts';
import { Generation } from '../generation.ts';
import { type Inodes, LRU_UNEVICTABLE, type TrackedInode } from '../inodes.ts';
import type { Moments } from '../moments.ts';
import { Batches } from './batches.ts';
import { FrameReferences, isOfGuestMemfd } from './frame-references.ts';
import { SeenEvents } from './seen-events.ts';
import { Strays } from './strays.ts';
import { isTwin, isTwinDelete, isTwinInsertion } from './twins.ts';

/** Recipients of the page cache's events. */
interface Recipients {
  readonly moments: Moments;
  readonly inodes: Inodes;
  readonly conversions: Conversions;
  readonly batchSize: number;
  /** Receives each folio that leaves the page cache; undefined: nothing asks. */
  readonly onEnd?: ((folio: Generation) => void) | undefined;
}

/** Folios of every inode that may be a guest_memfd: added, waiting in a batch, inserted, put back, deleted. */
export class PageCache {
  readonly batches = new Batches();
  readonly seen = new SeenEvents();
  readonly strays = new Strays();
  readonly references: FrameReferences;
  readonly #recipients: Recipients;
  readonly #byFrame = new ByFrame<Generation>();

  constructor(recipients: Recipients) {
    this.#recipients = recipients;
    this.references = new FrameReferences(recipients.moments, recipients.conversions);
  }

  added(event: FilemapEvent, batch: CpuBatch): void {
    this.seen.recorded(event.buffer);
    this.seen.anyAdd = true;
    const { pfn, index, order } = event;
    const { inodes, conversions } = this.#recipients;
    const inode = inodes.of(event);
    const stray = this.strays.used(pfn);
    const before = this.#byFrame.get(pfn);
    const gone = this.strays.deletedNow(pfn);
    let isTangled = gone?.index === index && areTied(gone, event);
    if (before !== undefined) {
      if (isTwin(before, event)) return;
      if (areTied(before.add, event) && before.inode !== undefined) {
        // The events do not show which of the two was there last: each may be there.
        before.isTangled = true;
        isTangled = true;
      } else this.#end(before, event, inode); // the pfn is used again: the delete of its folio was lost
    }
    // Large folios pass through the batch at once, and large folios of other inodes are not needed.
    if (inode === undefined && order > 0) return;
    const sameIndex = inode?.live.get(index);
    if (sameIndex !== undefined) this.#end(sameIndex, event, inode);
    const folio = new Generation(event, inode);
    folio.isTangled = isTangled || areTied(sameIndex?.add, event);
    this.#byFrame.set(pfn, folio);
    if (inode === undefined) return;
    this.references.added(folio);
    if (isOfGuestMemfd(event)) inode.allocatedByKvm = true;
    // The clock does not show which came first: this may be the end of this folio's stay in the batch.
    if (stray?.insertion.at === event.at && stray.insertion.cpu !== event.cpu) folio.doubtedAt = event.at;
    inode.adds++;
    inode.touched(event);
    inode.live.set(index, folio);
    inode.waiting.added(folio, event.at);
    if (order > 0) return;
    const doubtfuls = batch.enter(folio, event.at, this.#recipients.batchSize);
    if (doubtfuls.length > 0 && !this.seen.anyInsertion) this.seen.filledUnseen = true;
    for (const doubtful of doubtfuls) doubtful.inode?.waiting.forget(doubtful, event.at);
    inode.waiting.enter(folio, event.cpu, event.at);
    conversions.added(folio);
  }

  inserted(event: LruInsertion, batch: CpuBatch): void {
    const { inodes, conversions } = this.#recipients;
    this.seen.recorded(event.buffer);
    this.seen.anyInsertion = true;
    if (batch.firstFlush === undefined) inodes.firstFlush(event.at);
    batch.flush(event);
    inodes.blind(event.cpu, false, event.at);
    const folio = this.#byFrame.get(event.pfn);
    if (folio === undefined) {
      this.#insertedUnadded(event, batch);
      return;
    }
    if (folio.insertion !== undefined) {
      this.#insertedAgain(folio, folio.insertion, event, batch);
      return;
    }
    const { inode, add } = folio;
    if (inode !== undefined) folio.flush = batch.flushOf(event, folio);
    folio.insertion = event;
    if (event.lru === LRU_UNEVICTABLE && folio.deletedAt === undefined) folio.seenAt = event.at;
    if (inode === undefined) {
      if (event.lru === LRU_UNEVICTABLE && add !== undefined) inodes.insertedElsewhere(add, 1);
      this.#byFrame.delete(event.pfn);
      return;
    }
    if (add !== undefined) this.batches.of(add.cpu).leave(folio);
    inode.waiting.inserted(folio, event.cpu, event.at);
    conversions.inserted(folio, event);
    if (folio.deletedAt !== undefined) this.#byFrame.delete(event.pfn);
    else if (!inodes.inserted(inode, event.lru)) this.#forget(inode);
  }

  /** An insertion of a frame without a folio in the page cache. */
  #insertedUnadded(event: LruInsertion, batch: CpuBatch): void {
    const gone = this.strays.takeGone(event.pfn);
    // A folio that lost its mapping in a batch goes to a list of files; anonymous memory, which has no add, goes to its own
    // list.
    if (gone !== undefined && isOfFile(event)) {
      if (gone.insertion !== undefined) {
        this.#insertedAgain(gone, gone.insertion, event, batch);
        return;
      }
      gone.insertion = event;
      gone.flush = batch.flushOf(event, gone);
      return;
    }
    if (event.lru === LRU_UNEVICTABLE) this.strays.inserted(event, batch, this.batches);
  }

  /** A folio on the LRU is inserted again: it was isolated and put back, or its frame now belongs to another folio. */
  #insertedAgain(folio: Generation, first: LruInsertion, event: LruInsertion, batch: CpuBatch): void {
    const { inode } = folio;
    const latest = folio.putbacks.at(-1);
    const before = latest?.insertion ?? first;
    if (inode === undefined || isTwinInsertion(before, event)) return;
    const isGone = event.lru !== LRU_UNEVICTABLE && first.lru === LRU_UNEVICTABLE;
    if (isGone && folio.deletedAt === undefined) this.#replaced(folio, event);
    if (isGone && !isOfFile(event)) return;
    inode.reinsertions++;
    if (folio.deletedAt === undefined) folio.seenAt = event.at;
    const isNeeded = latest === undefined || this.#recipients.moments.needsState(latest.from, event.at);
    const from = this.batches.emptiedSince(before.at);
    const putback = { from, insertion: event, flush: batch.flushOf(event, folio) };
    folio.putbacks = [...(isNeeded ? folio.putbacks : folio.putbacks.slice(0, -1)), putback];
    this.#recipients.conversions.putBack(folio, from);
  }

  /** The frame of a guest_memfd's folio was inserted as evictable: the folio's delete was not recorded. */
  #replaced(folio: Generation, { at }: LruInsertion): void {
    const { inode } = folio;
    this.#byFrame.delete(folio.pfn);
    if (inode === undefined || folio.deletedAt !== undefined) return;
    folio.deletedAt = at;
    if (inode.live.get(folio.index) === folio) inode.live.delete(folio.index);
    inode.left(folio);
    inode.waiting.deleted(folio, at);
    this.seen.unseenDeletes = true;
    this.#ended(folio, inode, at);
    this.#recipients.inodes.forgetIfEmpty(inode);
  }

  deleted(event: FilemapEvent): void {
    this.seen.recorded(event.buffer);
    this.seen.anyDelete = true;
    const folio = this.#byFrame.get(event.pfn);
    if (folio?.deletedAt === undefined && folio?.index === event.index && isOf(folio, event)) {
      this.#end(folio, event);
      return;
    }
    const inode = this.#recipients.inodes.of(event);
    if (inode === undefined || isTwinDelete(inode.lastDelete, event)) return;
    const tangled = inode.live.get(event.index);
    if (tangled?.isTangled === true && tangled.pfn === event.pfn) this.#end(tangled, event);
    else this.#deletedUnadded(event, inode);
  }

  /** A delete without a recorded add: the folio was there before the recording, or its add was lost. */
  #deletedUnadded(event: FilemapEvent, inode: TrackedInode): void {
    const fromBefore = this.batches.gaps.length === 0;
    const stray = this.strays.named(event);
    if (stray !== undefined) {
      // It was in the page cache then, and on the unevictable list: no event of another folio with this frame is in between.
      inode.unevictable++;
      inode.insertedBefore++;
      inode.reinsertions += stray.again.length;
    }
    if (fromBefore) inode.isOlder = true;
    if (this.#recipients.moments.needsState(undefined, event.at)) {
      const unseen = new Generation(event, inode, fromBefore);
      unseen.insertion = stray?.insertion;
      unseen.flush = stray?.flush;
      if (stray !== undefined) unseen.putbacks = stray.again;
      unseen.deletedAt = event.at;
      this.#ended(unseen, inode, event.at);
      this.strays.left(unseen);
    }
    inode.left(event);
    const sameIndex = inode.live.get(event.index);
    // If both have one stamp, the order of the delete and the add is unknown.
    const isBefore = sameIndex?.add?.at === event.at && sameIndex.pfn !== event.pfn;
    if (sameIndex !== undefined && !isBefore) this.#end(sameIndex, event);
    inode.lastDelete = event;
    this.#recipients.inodes.forgetIfEmpty(inode);
  }

  /**
   * A folio leaves the page cache with `event`. It may still wait in its batch.
   * @param receiver the inode that gets a folio by the same event, and so must not be forgotten.
   */
  #end(folio: Generation, event: FilemapEvent, receiver?: TrackedInode): void {
    const { inode, pfn, index } = folio;
    const waits = inode !== undefined && folio.order === 0 && folio.insertion === undefined;
    const isItsFrame = this.#byFrame.get(pfn) === folio;
    if (isItsFrame && (!waits || pfn !== event.pfn || event.type === 'mm_filemap_add_to_page_cache'))
      this.#byFrame.delete(pfn);
    if (inode === undefined || folio.deletedAt !== undefined) return;
    this.references.left(folio, event.at);
    folio.deletedAt = event.at;
    if (event.type === 'mm_filemap_delete_from_page_cache') folio.seenAt = event.at;
    else this.seen.unseenDeletes = true;
    if (inode.live.get(index) === folio) inode.live.delete(index);
    inode.left(folio);
    inode.waiting.deleted(folio, event.at);
    if (this.#ended(folio, inode, event.at) && folio.insertion !== undefined) this.strays.left(folio);
    if (event.type === 'mm_filemap_delete_from_page_cache') inode.lastDelete = event;
    if (inode !== receiver) this.#recipients.inodes.forgetIfEmpty(inode);
  }

  /** A folio has left the page cache at `at`. @returns whether a moment needs it. */
  #ended(folio: Generation, inode: TrackedInode, at: Nanoseconds): boolean {
    this.#recipients.onEnd?.(folio);
    const isNeeded = this.#recipients.moments.needsState(folio.add?.at, at);
    if (this.#recipients.moments.anyWithin(folio.add?.at, at)) inode.ended.push(folio);
    return isNeeded;
  }

  /** An inode turned out not to be a guest_memfd. */
  #forget(inode: TrackedInode): void {
    for (const folio of inode.live.values()) {
      this.#byFrame.delete(folio.pfn);
      if (folio.add !== undefined) this.batches.of(folio.add.cpu).leave(folio);
    }
  }

  referenced(event: PageReference): void {
    this.references.changed(event, this.#byFrame.get(event.pfn));
  }

  freed(pfn: Pfn): void {
    this.references.freed(pfn);
    this.strays.freed(pfn);
  }

  /** @param at of the first event behind the gap, or of the last one before it. */
  lost(event: Loss, at: Nanoseconds | undefined): void {
    const { waiting } = this.batches.of(event.cpu);
    const gap = this.batches.lost(event);
    this.references.forgetAll(at, this.#byFrame);
    if (at === undefined || !this.seen.mayHide(event.buffer)) return;
    for (const folio of waiting) if (folio.gap === gap) folio.inode?.waiting.forget(folio, at);
    this.#recipients.inodes.blind(event.cpu, true, at);
  }
}

/** enum lru_list (include/linux/mmzone.h): file pages, so in every release since 4.8. */
const LRU_INACTIVE_FILE = 2;
const LRU_ACTIVE_FILE = 3;

const isOfFile = ({ lru }: LruInsertion): boolean => lru === LRU_INACTIVE_FILE || lru === LRU_ACTIVE_FILE;

/** Whether two events of two CPUs have one stamp: then their order in the recording says nothing about time. */
const areTied = (a: FilemapEvent | undefined, b: FilemapEvent): boolean => a?.at === b.at && a.cpu !== b.cpu;

/** Whether a folio is one of the event's inode. */
const isOf = ({ add, inode }: Generation, event: FilemapEvent): boolean => {
  const owner = inode ?? add;
  return owner?.ino === event.ino && owner.dev === event.dev;
};

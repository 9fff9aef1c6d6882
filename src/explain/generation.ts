// SPDX-License-Identifier: MIT
import type {
  Cpu,
  FilemapEvent,
  FolioIndex,
  FolioLedger,
  LruInsertion,
  Nanoseconds,
  Order,
  Pfn,
} from '../ledger/index.ts';
import type { FolioLife } from './answer.ts';
import type { Gap } from './gap.ts';
import type { Flush } from './flush.ts';
import type { TrackedInode } from './inodes.ts';
import type { References, ReferenceState } from './references.ts';

/**
 * One folio from its way into the page cache to its way out: a pfn serves many, one after the other.
 *
 *     mm_filemap_add_to_page_cache     mm_lru_insertion        mm_filemap_delete_from_page_cache
 *     |--------- in the batch of its CPU -----|--- on the LRU ------|
 *     |--------------------- in the page cache ----------------------|
 *
 * No event fires when a folio enters the batch: it does within a microsecond of the add, on the same CPU. A folio may
 * leave the page cache first; the insertion then comes later or, where a flush frees a batch's dead folios (folio_batch_move_lru() of 7.2
 * and 7.3; not of 6.18), never.
 */
export class Generation {
  /** Undefined if only the end was recorded: the folio was there before the recording, or its add was lost. */
  readonly add: FilemapEvent | undefined;
  readonly pfn: Pfn;
  readonly index: FolioIndex;
  readonly order: Order;
  /** Undefined for folios of inodes that cannot be guest_memfd: they are tracked only up to their insertion. */
  readonly inode: TrackedInode | undefined;
  /** Without a recorded add: nothing was lost before, so it was there when the recording began. */
  readonly fromBefore: boolean;
  /** Its life for answers: made once, because every moment may need it. */
  readonly life: FolioLife;
  insertion: LruInsertion | undefined = undefined;
  /** The flush that inserted it. */
  flush: Flush | undefined = undefined;
  /** Time of the event that showed that flush put its reference. */
  releasedAt: Nanoseconds | undefined = undefined;
  /** Later insertions: it was isolated and put back. Only those that a moment can need, the latest in any case. */
  putbacks: readonly Putback[] = NONE;
  deletedAt: Nanoseconds | undefined = undefined;
  /** The latest event that shows it in the page cache: its add, an insertion as unevictable, its delete. */
  seenAt: Nanoseconds;
  /** Events of its CPU were lost while it was in the batch. */
  gap: Gap | undefined = undefined;
  /** Its batch filled up again since, and it was not inserted: from here on its place is unknown. */
  doubtedAt: Nanoseconds | undefined = undefined;
  /** Another folio was added at its index with the same stamp on another CPU: which one stayed is unknown. */
  isTangled = false;
  /** Its page frame's present references, if page_ref events show them. */
  references: References | undefined = undefined;
  /** Its earlier references, for the requested moments in that time; by rising time. */
  readonly referencesBefore: ReferenceState[] = [];
  /** Its ledger on the LRU: made once, because every moment may need it. */
  onLru: FolioLedger | undefined = undefined;

  constructor(event: FilemapEvent, inode: TrackedInode | undefined, fromBefore = false) {
    this.fromBefore = fromBefore;
    this.add = event.type === 'mm_filemap_add_to_page_cache' ? event : undefined;
    this.pfn = event.pfn;
    this.index = event.index;
    this.order = event.order;
    this.inode = inode;
    this.seenAt = event.at;
    this.life = { number: (inode?.hadAt(event.index) ?? 0) + 1, since: this.add?.at };
  }
}

/**
 * A folio on the LRU that is isolated and put back enters a batch again (folio_putback_lru(), mm/vmscan.c). No event
 * shows it except the final insertion.
 */
export interface Putback {
  /** Until then it was in no batch; from then on its place is unknown. */
  readonly from: Nanoseconds;
  readonly insertion: LruInsertion;
  readonly flush: Flush;
}

/** One shared list for all folios without any: there are many. */
const NONE: readonly Putback[] = [];

/** Whether a folio waits in a lru_add batch, with its certainty. */
export type BatchStatus =
  | { readonly status: 'on-lru' }
  /** It was inserted, and the flush may not have put the batch's reference yet. */
  | { readonly status: 'may-be-held'; readonly cpu: Cpu }
  /** Other folios of its inode have returned to batches, and some CPU has not flushed since: so may this one have. */
  | { readonly status: 'may-be-back-unseen' }
  /** It was inserted, and again later: it may have returned to the batch. */
  | { readonly status: 'may-be-back'; readonly cpu: Cpu }
  /** `since` is undefined if that was before the recording. */
  | { readonly status: 'waits' | 'may-wait'; readonly cpu: Cpu; readonly since: Nanoseconds | undefined }
  /** It was in the page cache before its first event: it may wait on any CPU that has not flushed since. */
  | { readonly status: 'may-wait-anywhere' };

const ON_LRU: BatchStatus = { status: 'on-lru' };

/**
 * The place of a folio after every event stamped at or before `at`.
 * @returns undefined if it is not in the page cache.
 */
export function statusAt(folio: Generation, at: Nanoseconds): BatchStatus | undefined {
  const { add, insertion, deletedAt, gap, doubtedAt } = folio;
  if ((add !== undefined && add.at > at) || (deletedAt !== undefined && deletedAt <= at)) return undefined;
  // folio_may_be_lru_cached(): large folios never stay in a batch.
  if (folio.order > 0) return ON_LRU;
  if (insertion !== undefined && insertion.at <= at) return afterInsertion(folio, at);
  // The recording does not show since when it was in the batch that inserts it: it may have returned to it.
  if (add === undefined)
    return insertion !== undefined && folio.fromBefore
      ? { status: 'may-be-back', cpu: insertion.cpu }
      : { status: 'may-wait-anywhere' };
  // The task can have moved between the add event and the batch: the inserting CPU owns the batch.
  if (insertion !== undefined) return { status: 'waits', cpu: insertion.cpu, since: add.at };
  if (gap !== undefined && gap.mayHideAt(at)) return { status: 'may-wait', cpu: add.cpu, since: add.at };
  // A flush after the gap would have shown its insertion: it left within the gap.
  if (gap !== undefined && gap.isOver(at)) return ON_LRU;
  if (doubtedAt !== undefined && doubtedAt <= at) return { status: 'may-wait', cpu: add.cpu, since: add.at };
  return { status: 'waits', cpu: add.cpu, since: add.at };
}

/** The place of a folio that was inserted at or before `at`. */
function afterInsertion(folio: Generation, at: Nanoseconds): BatchStatus {
  const { putbacks, add } = folio;
  const next = putbacks.find((putback) => at < putback.insertion.at);
  if (next !== undefined && next.from <= at) return { status: 'may-be-back', cpu: next.insertion.cpu };
  const last = putbacks.findLast((putback) => putback.insertion.at <= at);
  const flush = last === undefined ? folio.flush : last.flush;
  if (flush === undefined || (last === undefined && folio.releasedAt !== undefined && folio.releasedAt <= at))
    return ON_LRU;
  switch (flush.holdsAt(at)) {
    case 'no':
      return ON_LRU;
    case 'yes':
      return { status: 'waits', cpu: flush.cpu, since: last === undefined ? add?.at : undefined };
    case 'perhaps':
      return { status: 'may-be-held', cpu: flush.cpu };
  }
}

/** The holders of a folio after every event stamped at or before `at`, from page_ref events; undefined without them. */
export function referencesAt(folio: Generation, at: Nanoseconds): ReferenceState | undefined {
  const { references, referencesBefore } = folio;
  if (references !== undefined && references.from <= at) return references.state;
  return referencesBefore.findLast(({ from }) => from <= at);
}

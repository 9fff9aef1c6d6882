// SPDX-License-Identifier: MIT
import type { FolioLedger, Nanoseconds } from '../../ledger/index.ts';
import type { Generation } from '../generation.ts';
import { eachChange } from '../state/changes.ts';
import { type Moment, presentAt } from '../state/standing.ts';
import type { Surroundings } from '../state/surroundings.ts';
import { ledgerOf } from '../state/views.ts';

/** A time in which the holders of a folio stay the same, as an answer for a moment of it shows them. */
export interface FolioSpan {
  readonly from: Nanoseconds;
  /** Undefined: it lasts at the end of the recording. */
  readonly to: Nanoseconds | undefined;
  readonly folio: FolioLedger;
  /** Whether it may have left the page cache unseen. */
  readonly mayBeGone: boolean;
}

/** Facts about all folios of a recording that was read to its end. */
export interface Shared {
  readonly around: Surroundings;
  /** Folios of some inode were isolated and put back. */
  readonly hasPutbacks: boolean;
  /** Time of the first event. */
  readonly begin: Nanoseconds;
  /** Time from which every CPU had flushed its batch; undefined: never. */
  readonly flushedFrom: Nanoseconds | undefined;
}

/** @param begin time of the first event. */
export function sharedBy(around: Surroundings, hasPutbacks: boolean, begin: Nanoseconds): Shared {
  return { around, hasPutbacks, begin, flushedFrom: flushedFromOf(around) };
}

/** The first time without an unflushed CPU (`mayWaitIn` in state/inode-state.ts). */
function flushedFromOf({ doubt, showsAdds, cpus, batches, drainedAt }: Surroundings): Nanoseconds | undefined {
  if ((doubt === 'no insertions' || doubt === 'not sorted' || !showsAdds) && cpus.length > 0) return undefined;
  let latest: Nanoseconds | undefined;
  for (const cpu of cpus) {
    const from = batches.get(cpu)?.flushedFrom;
    if (from === undefined) return drainedAt;
    if (latest === undefined || from > latest) latest = from;
  }
  return latest === undefined || drainedAt === undefined || latest < drainedAt ? latest : drainedAt;
}

/** The life of a folio in the page cache, cut where its holders change. By rising time, without holes. */
export function spansOf(folio: Generation, shared: Shared): readonly FolioSpan[] {
  return plainSpans(folio, shared) ?? cutSpans(folio, shared);
}

/**
 * The life of a small folio of which every event was seen: it waits, then it is on the LRU. Most are so, and there may be
 * millions. Undefined for any other; the result is that of {@link cutSpans}.
 */
function plainSpans(folio: Generation, { around, hasPutbacks }: Shared): readonly FolioSpan[] | undefined {
  const { add, insertion, flush, deletedAt, order } = folio;
  if (add === undefined || order > 0 || folio.gap !== undefined || folio.doubtedAt !== undefined) return undefined;
  if (folio.isTangled || folio.putbacks.length > 0) return undefined;
  if (folio.references !== undefined || folio.referencesBefore.length > 0) return undefined;
  const { doubt, isCoarse, showsDeletes, gaps } = around;
  if (hasPutbacks || doubt !== undefined || isCoarse || !showsDeletes || gaps.length > 0) return undefined;
  if (insertion !== undefined && flush === undefined) return undefined;
  const released = insertion === undefined ? undefined : latest(insertion.at, earliest(flush?.lastSure, flush?.over));
  const spans: FolioSpan[] = [];
  const waitsUntil = earliest(released, deletedAt);
  if (waitsUntil === undefined || add.at < waitsUntil) {
    const cpu = insertion?.cpu ?? add.cpu;
    const waits = ledgerOf(
      { folio, status: { status: 'waits', cpu, since: add.at }, mayBeGone: undefined },
      'shown',
      [],
    );
    spans.push({ from: add.at, to: waitsUntil, folio: waits, mayBeGone: false });
  }
  if (released !== undefined && (deletedAt === undefined || released < deletedAt)) {
    const onLru = ledgerOf({ folio, status: { status: 'on-lru' }, mayBeGone: undefined }, 'shown', []);
    spans.push({ from: latest(released, add.at), to: deletedAt, folio: onLru, mayBeGone: false });
  }
  return spans;
}

/** The same, by computing the state at every time at which it may change. */
function cutSpans(folio: Generation, { around, hasPutbacks, begin, flushedFrom }: Shared): readonly FolioSpan[] {
  const { flushedLater } = around;
  const times: Nanoseconds[] = [];
  const tell = (at: Nanoseconds): void => void times.push(at);
  eachChange(folio, around, tell);
  if (folio.add === undefined) tell(begin);
  if (flushedFrom !== undefined) tell(flushedFrom);
  if (hasPutbacks && flushedLater !== undefined) tell(flushedLater);
  times.sort(byTime);
  const spans: FolioSpan[] = [];
  let last: Writable<FolioSpan> | undefined;
  let before: Nanoseconds | undefined;
  for (const at of times) {
    if (at === before || at < begin) continue;
    before = at;
    const moment: Moment = {
      at,
      isFlushed: flushedFrom !== undefined && flushedFrom <= at,
      isUnsettled: hasPutbacks && (flushedLater === undefined || flushedLater <= at),
    };
    const present = presentAt(folio, moment, around);
    const ledger = present === undefined ? undefined : ledgerOf(present, 'shown', []);
    const mayBeGone = present?.mayBeGone !== undefined;
    if (last !== undefined && last.mayBeGone === mayBeGone && ledger !== undefined && isSame(last.folio, ledger))
      continue;
    if (last !== undefined) last.to = at;
    last = ledger === undefined ? undefined : { from: at, to: undefined, folio: ledger, mayBeGone };
    if (last !== undefined) spans.push(last);
  }
  return spans;
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

const byTime = (a: Nanoseconds, b: Nanoseconds): number => (a < b ? -1 : a > b ? 1 : 0);

const earliest = (a: Nanoseconds | undefined, b: Nanoseconds | undefined): Nanoseconds | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a;

const latest = (a: Nanoseconds, b: Nanoseconds | undefined): Nanoseconds => (b !== undefined && b > a ? b : a);

function isSame(a: FolioLedger, b: FolioLedger): boolean {
  if (a.strength !== b.strength || a.holders.length !== b.holders.length) return false;
  return a.holders.every((holder, place) => {
    const other = b.holders[place];
    return (
      other?.kind === holder.kind &&
      other.references === holder.references &&
      other.cpu === holder.cpu &&
      other.task === holder.task &&
      other.since === holder.since
    );
  });
}

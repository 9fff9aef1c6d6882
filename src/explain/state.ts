// SPDX-License-Identifier: MIT
import {
  type Cpu,
  foldNumbers,
  type FolioIndex,
  type FolioLedger,
  formatTime,
  HOLDER_KINDS,
  type Holder,
  type Ledger,
  type Nanoseconds,
  nanoseconds,
  referencesOf,
  type Strength,
} from '../ledger/index.ts';
import type { CpuBatch } from './batch.ts';
import type { Gap } from './gap.ts';
import type { Flush } from './flush.ts';
import { type BatchStatus, type Generation, referencesAt, statusAt } from './generation.ts';
import type { IndexRange } from './answer.ts';
import type { ReferenceState } from './references.ts';
import { isWithin } from './unseen.ts';
import type { Hidden, KnownState } from './verdicts.ts';

/** What is seen of all CPUs, for every inode and moment. */
export interface Surroundings {
  readonly batches: ReadonlyMap<Cpu, CpuBatch>;
  /** Gaps that may hide folios. */
  readonly gaps: readonly Gap[];
  /** CPUs of the machine, by rising number. */
  readonly cpus: readonly Cpu[];
  /** When all CPUs had been drained for the first time, as work items show. */
  readonly drainedAt: Nanoseconds | undefined;
  /**
   * Why it is not known whether a folio waits still: insertions were surely not recorded, perhaps not, or events are not
   * in order.
   */
  readonly doubt: 'no insertions' | 'no insertion seen' | 'not sorted' | undefined;
  /** Whether adds were recorded. */
  readonly showsAdds: boolean;
  /** Whether deletes were recorded: else a folio may be gone that was there. */
  readonly showsDeletes: boolean;
  /** Whether the clock is so coarse that events of one stamp may have come in any order. */
  readonly isCoarse: boolean;
  /** Whether some call was refused while a folio waited. */
  readonly anyRefused: boolean;
  /** Up to when every CPU has flushed its batch later on: what was in one then was inserted after. Undefined where one never did. */
  readonly flushedLater: Nanoseconds | undefined;
  /** Whether a guest_memfd was made in the recording: which one does not show where other tasks added its folios. */
  readonly createdByOthers: boolean;
  /** When a conversion was answered last that was refused while a folio waited, as far as events show; undefined: never. */
  refusedAt(folio: Generation): Nanoseconds | undefined;
}

/** What is asked of an inode. */
export interface AskedInode {
  /** All folios of it that events told of, at any time, by rising index. */
  readonly folios: readonly Generation[];
  /** It may have had folios before the recording that no event tells of. */
  readonly isOlder: boolean;
  /** Folios were isolated and put back in the recording, of it or of another one. */
  readonly hasPutbacks: boolean;
  /** Whether an event of the recording told of a folio at an index: what was there before is known then. */
  isKnown(index: number): boolean;
  /** The lowest index from one on of which none did. */
  lowestUnknown(from: number): number;
}

/** An inode at a moment. */
export interface InodeState extends KnownState {
  /** As it is shown: the worst, with what is not known marked as such. */
  readonly folios: Ledger;
  /** Those of `folios` of which there is more to say than that they are on the LRU. */
  readonly notable: Ledger;
  /** Strengths of `folios`. */
  readonly strengths: ReadonlySet<Strength>;
  /** How many folios there are. */
  readonly count: number;
  /** Indexes of those of `notable` that may have left the page cache unseen. */
  readonly goneNotable: ReadonlySet<FolioIndex>;
  /** Indexes of folios that may have left the page cache unseen: how many, and which. */
  readonly staleCount: number;
  stale(): ReadonlySet<FolioIndex>;
  /** The folio of each index, for its events. */
  readonly generations: readonly Generation[];
}

/**
 * How long runs of folios on the LRU are cut short in `folios`, which then has only what a conversion asks of: whole batches of
 * them make no difference (`shortened` in verdicts.ts), and a list of all at each moment costs more than all else.
 */
export interface Folding {
  readonly range: IndexRange | undefined;
  readonly batchSize: number;
  /** Where a folio may be put in: a run ends before it. */
  readonly split: number;
  /** For each folio of the inode whether it has come, and whether it was calm at an earlier moment, and so is until it goes. */
  readonly calm: Uint8Array;
  /** Places of folios that have not come yet, the next one last. */
  readonly toCome: number[];
}

/** Marks what has come by a moment; moments rise. */
function come(fold: Folding, { folios }: AskedInode, at: Nanoseconds): void {
  const { toCome, calm } = fold;
  for (let place = toCome.at(-1); place !== undefined; place = toCome.at(-1)) {
    const add = folios[place]?.add;
    if (add !== undefined && add.at > at) return;
    calm[place] = NOT_CALM;
    toCome.pop();
  }
}

/** What {@link Folding} has of an inode before its first moment. */
export function folded({ folios }: AskedInode, of: Pick<Folding, 'range' | 'batchSize' | 'split'>): Folding {
  const timeOf = (place: number): Nanoseconds => folios[place]?.add?.at ?? BEFORE_ALL;
  const toCome = folios
    .map((_, place) => place)
    .toSorted((a, b) => Number(timeOf(b) > timeOf(a)) - Number(timeOf(b) < timeOf(a)));
  return { ...of, calm: new Uint8Array(folios.length).fill(NOT_YET), toCome };
}

const BEFORE_ALL = nanoseconds(-(1n << 64n));

const NOT_YET = 3;
const NOT_CALM = 0;
const CALM = 1;
const CALM_AND_STALE = 2;

/** The folios of an inode after every event stamped at or before `at`. */
export function stateAt(inode: AskedInode, at: Nanoseconds, around: Surroundings, folding?: Folding): InodeState {
  const { doubt } = around;
  // Where adds were not recorded, what no add tells of may have come at any time.
  const isOpen = doubt === 'no insertions' || doubt === 'not sorted' || !around.showsAdds;
  const unflushed = isOpen ? around.cpus : unflushedAt(at, around);
  const lostUpTo = lastLoss(around.gaps, at);
  /** Those of which more is to be said than that they are on the LRU, and of all which it is: nearly all are calm. */
  const present: (Present & { readonly place: number | undefined })[] = [];
  const shown: FolioLedger[] = [];
  const generations: Generation[] = [];
  const isUnsettled = inode.hasPutbacks && (around.flushedLater === undefined || around.flushedLater <= at);
  const mayBeCalm = around.gaps.length === 0 && !around.isCoarse && doubt === undefined && !isUnsettled;
  const fold = mayBeCalm ? folding : undefined;
  const isAsked = fold === undefined ? () => true : isWithin(fold.range);
  let run = 0;
  let runStart = 0;
  let isBeyond = false;
  const endRun = (): void => {
    if (fold !== undefined && run >= 2 * fold.batchSize)
      shown.length = runStart + fold.batchSize + (run % fold.batchSize);
    run = 0;
  };
  let count = 0;
  let staleCount = 0;
  let isNotable = false;
  let calm = 0;
  const notable: FolioLedger[] = [];
  const anyRefused = around.anyRefused;
  if (fold !== undefined) come(fold, inode, at);
  // By index: an iterator's pairs would be more garbage than all else.
  for (let place = 0; place < inode.folios.length; place++) {
    const folio = inode.folios[place];
    if (folio === undefined) continue;
    const was = fold?.calm[place] ?? NOT_CALM;
    if (was === NOT_YET) continue;
    if (fold === undefined && folio.add !== undefined && folio.add.at > at) continue;
    const staysCalm = was !== NOT_CALM && (folio.deletedAt === undefined || folio.deletedAt > at);
    if (staysCalm || (mayBeCalm && isCalmAt(folio, at))) {
      count++;
      if (fold === undefined) {
        shown.push(onLruLedger(folio));
        generations.push(folio);
      } else if (fold.range === undefined || isAsked(folio)) {
        if (!isBeyond && folio.index > fold.split) {
          isBeyond = true;
          endRun();
        }
        if (folio.order > 0) {
          endRun();
          shown.push(onLruLedger(folio));
        } else {
          if (run === 0) runStart = shown.length;
          if (++run < 2 * fold.batchSize) shown.push(onLruLedger(folio));
        }
      }
      calm++;
      const isStale =
        was === CALM_AND_STALE && !anyRefused
          ? true
          : !around.showsDeletes && at > folio.seenAt && mayBeGone(folio, at, lostUpTo, around) !== undefined;
      if (isStale) staleCount++;
      if (fold !== undefined) fold.calm[place] = isStale ? CALM_AND_STALE : CALM;
      continue;
    }
    const one = presentAt(folio, at, around, { unflushed, lostUpTo, isUnsettled });
    if (one === undefined) continue;
    endRun();
    count++;
    const ledger = ledgerOf(one, 'shown', unflushed);
    generations.push(folio);
    present.push({ ...one, place: isAsked(folio) ? shown.length : undefined });
    if (isAsked(folio)) shown.push(ledger);
    if (one.mayBeGone !== undefined) staleCount++;
    if (one.status.status !== 'on-lru' || one.mayBeGone === 'lost') notable.push(ledger);
    isNotable ||= ledger.strength !== 'derived';
  }
  endRun();
  const gaps = around.gaps.filter((gap) => gap.mayHideAt(at));
  const reason = reasonOf(present, gaps, around);
  const hidden = [...hiddenByGaps(gaps), ...hiddenFromBefore(inode, unflushed, around)];
  const ledger = (view: View): Ledger => {
    const all: (FolioLedger | undefined)[] = [...shown];
    for (const one of present)
      if (one.place !== undefined)
        all[one.place] = view === 'best' && one.mayBeGone !== undefined ? undefined : ledgerOf(one, view, unflushed);
    return all.filter((folio) => folio !== undefined);
  };
  const strengths = new Set<Strength>(calm > 0 ? ['derived'] : []);
  if (isNotable || calm === 0) for (const { strength } of [...shown, ...notable]) strengths.add(strength);
  return {
    folios: shown,
    count,
    goneNotable: new Set(present.flatMap((one) => (one.mayBeGone === undefined ? [] : [one.folio.index]))),
    notable,
    strengths,
    best: reason === undefined ? shown : ledger('best'),
    worst: reason === undefined ? shown : ledger('worst'),
    hidden,
    locked: new Set(present.flatMap(({ folio, status }) => (isLocked(status) ? [folio.index] : []))),
    reason,
    staleCount,
    stale: () => {
      const tied = present.flatMap((one) => (one.mayBeGone === 'tied' ? [one.folio] : []));
      const gone = generations.filter((folio) => mayBeGone(folio, at, lostUpTo, around) !== undefined);
      return new Set([...tied, ...gone].map(({ index }) => index));
    },
    generations,
  };
}

/** A folio as events show it at a moment; undefined where it is not in the page cache. */
function presentAt(
  folio: Generation,
  at: Nanoseconds,
  around: Surroundings,
  {
    unflushed,
    lostUpTo,
    isUnsettled,
  }: {
    readonly unflushed: readonly Cpu[];
    readonly lostUpTo: Nanoseconds | undefined;
    readonly isUnsettled: boolean;
  },
): Present | undefined {
  if (around.isCoarse && (isTied(folio, at) || (folio.isTangled && statusAt(folio, at) !== undefined)))
    return { folio, status: { status: 'tied', cpu: folio.insertion?.cpu ?? folio.add?.cpu }, mayBeGone: 'tied' };
  const known = statusAt(folio, at);
  if (known === undefined) return undefined;
  const seen: BatchStatus =
    isUnsettled && known.status === 'on-lru' && folio.order === 0 ? { status: 'may-be-back-unseen' } : known;
  const status = settle(folio, seen, {
    at,
    unflushed,
    isDoubted: isDoubted(folio, at, around),
    isSorted: around.doubt !== 'not sorted',
  });
  return { folio, status, mayBeGone: mayBeGone(folio, at, lostUpTo, around) };
}

/** Whether a folio is on the LRU, and nothing else is to be said of it. */
function isCalmAt(folio: Generation, at: Nanoseconds): boolean {
  const { insertion, deletedAt, putbacks, references, referencesBefore, flush, releasedAt } = folio;
  if (insertion === undefined || insertion.at > at || (deletedAt !== undefined && deletedAt <= at)) return false;
  if (putbacks.length > 0 || references !== undefined || referencesBefore.length > 0) return false;
  return flush === undefined || (releasedAt !== undefined && releasedAt <= at) || flush.holdsAt(at) === 'no';
}

function onLruLedger(folio: Generation): FolioLedger {
  const { index, pfn, order } = folio;
  folio.onLru ??= {
    index,
    pfn,
    order,
    strength: 'derived',
    holders: [{ kind: 'page-cache', references: 2 ** order }],
  };
  return folio.onLru;
}

/**
 * When an inode's state may change next after `at`: the first time, or some time up to `to` where there is one.
 * Undefined where nothing changes any more.
 */
export function nextChange(
  inode: AskedInode,
  at: Nanoseconds,
  to: Nanoseconds,
  around: Surroundings,
): Nanoseconds | undefined {
  let next: Nanoseconds | undefined;
  const consider = (time: Nanoseconds | undefined): void => {
    if (time !== undefined && time > at && (next === undefined || time < next)) next = time;
  };
  const after = (time: Nanoseconds | undefined): void => {
    consider(time);
    if (time !== undefined) consider(nanoseconds(time + 1n));
  };
  const ofFlush = (flush: Flush | undefined): void => {
    if (flush === undefined || (flush.over !== undefined && flush.over <= at)) return;
    consider(flush.over);
    consider(flush.lastSure);
    consider(flush.latestEnd);
  };
  for (const gap of around.gaps) {
    after(gap.from);
    after(gap.to);
    consider(gap.flushedAt);
  }
  for (const { firstFlush } of around.batches.values()) consider(firstFlush);
  consider(around.drainedAt);
  consider(around.flushedLater);
  // What came last is the likeliest to have changed.
  for (let place = inode.folios.length - 1; place >= 0; place--) {
    if (next !== undefined && next <= to) return next;
    const folio = inode.folios[place];
    if (folio === undefined) continue;
    const { add, insertion, deletedAt, doubtedAt, references, referencesBefore, putbacks, seenAt, releasedAt } = folio;
    if (deletedAt !== undefined && deletedAt < at) continue;
    after(add?.at);
    after(insertion?.at);
    after(deletedAt);
    after(seenAt);
    consider(doubtedAt);
    consider(releasedAt);
    ofFlush(folio.flush);
    for (const putback of putbacks) {
      after(putback.from);
      after(putback.insertion.at);
      ofFlush(putback.flush);
    }
    consider(references?.from);
    for (const { from } of referencesBefore) consider(from);
    after(around.refusedAt(folio));
  }
  return next;
}

/** A folio that is in the page cache as far as events show. */
interface Present {
  readonly folio: Generation;
  readonly status: Known;
  /** Why it may have left it unseen: deletes were lost, or never recorded, or the clock is too coarse to say. */
  readonly mayBeGone: 'lost' | 'not recorded' | 'tied' | undefined;
}

/** Up to when, of the time before `at`, deletes may have been lost; undefined where none were. */
function lastLoss(gaps: readonly Gap[], at: Nanoseconds): Nanoseconds | undefined {
  let last: Nanoseconds | undefined;
  for (const { from, to } of gaps) {
    if (from !== undefined && from > at) continue;
    const end = to === undefined || to > at ? at : to;
    if (last === undefined || end > last) last = end;
  }
  return last;
}

/** Whether a folio may have left the page cache unseen by `at`: no later event shows it there, and deletes may be missing. */
function mayBeGone(
  folio: Generation,
  at: Nanoseconds,
  lostUpTo: Nanoseconds | undefined,
  around: Surroundings,
): Present['mayBeGone'] {
  const { seenAt } = folio;
  if (at <= seenAt) return undefined;
  const isLost = lostUpTo !== undefined && lostUpTo > seenAt;
  if (around.showsDeletes && !isLost) return undefined;
  // Counts fall when it leaves.
  if (referencesAt(folio, at) !== undefined) return undefined;
  const refused = around.refusedAt(folio);
  if (refused !== undefined && refused >= at) return undefined;
  return isLost ? 'lost' : 'not recorded';
}

/** CPUs that have not flushed their batch since the recording began: whatever was in it then still is. */
export function unflushedAt(at: Nanoseconds, { batches, cpus, drainedAt }: Surroundings): readonly Cpu[] {
  if (drainedAt !== undefined && drainedAt <= at) return [];
  return cpus.filter((cpu) => {
    const first = batches.get(cpu)?.firstFlush;
    return first === undefined || first > at;
  });
}

function hiddenByGaps(gaps: readonly Gap[]): Hidden[] {
  const [gap] = gaps;
  if (gap === undefined) return [];
  return [{ cpus: [...new Set(gaps.map(({ cpu }) => cpu))], isKnown: undefined, reason: gapReason(gap) }];
}

function hiddenFromBefore(inode: AskedInode, cpus: readonly Cpu[], around: Surroundings): Hidden[] {
  if (!inode.isOlder || cpus.length === 0) return [];
  if (!around.showsAdds)
    return [
      {
        cpus,
        isKnown: (index) => inode.isKnown(index),
        lowest: (from) => inode.lowestUnknown(from),
        reason:
          'no mm_filemap_add_to_page_cache is in the recording: folios that no event tells of may wait in any batch; record filemap:mm_filemap_add_to_page_cache',
      },
    ];
  const where = `folios from before the recording may wait in the ${cpus.length === 1 ? 'batch' : 'batches'} of CPU ${foldNumbers(cpus)}, not flushed since`;
  const reason = around.createdByOthers
    ? `${where}: no task that made a guest_memfd in it added the first folio, so that it may be an older one; ask with --range of pages that were added in it`
    : `${where}: record from KVM_CREATE_GUEST_MEMFD on (syscalls:*_ioctl), or ask with --range of pages that were added in it`;
  return [{ cpus, isKnown: (index) => inode.isKnown(index), lowest: (from) => inode.lowestUnknown(from), reason }];
}

const gapReason = ({ cpu, from }: Gap): string =>
  `events of CPU ${cpu} were lost ${from === undefined ? 'from the start on' : `after ${formatTime(from)}`}: what waits in its batch is not known`;

/** What is shown of a doubtful folio is that it waits, if there is a batch to name. */
type View = 'shown' | 'best' | 'worst';

/** Where a folio is, or everybody who holds it where reference events say. */
type Known =
  | BatchStatus
  | { readonly status: 'counted'; readonly references: ReferenceState }
  /** Its events have the stamp of the moment: whether it came, left its batch or went before or after, does not show. */
  | { readonly status: 'tied'; readonly cpu: Cpu | undefined };

/** Whether something happened to a folio in the very tick of a moment. */
const isTied = ({ add, insertion, deletedAt, putbacks }: Generation, at: Nanoseconds): boolean =>
  add?.at === at || insertion?.at === at || deletedAt === at || putbacks.some((putback) => putback.insertion.at === at);

const isLocked = (status: Known): boolean => status.status === 'counted' && status.references.locked;

/**
 * Where no insertion was seen, its event was off or no batch was flushed. Nothing that is not recorded can be excluded
 * then: folios of other kinds fill a batch unseen, even at the moment of the add, and most drains leave no other trace. But
 * a call that was refused later shows that something was held until then, as a folio is that waits.
 */
function isDoubted(folio: Generation, at: Nanoseconds, around: Surroundings): boolean {
  if (around.doubt !== 'no insertion seen') return around.doubt !== undefined;
  // Counts tell more than that: one that fell shows a flush which a later refusal, of another folio, does not undo.
  if (referencesAt(folio, at) !== undefined) return true;
  const refused = around.refusedAt(folio);
  return refused === undefined || refused < at;
}

const doubted = (status: BatchStatus): BatchStatus =>
  status.status === 'waits' ? { ...status, status: 'may-wait' } : status;

function settle(
  folio: Generation,
  seen: BatchStatus,
  {
    at,
    unflushed,
    isDoubted: doubts,
    isSorted,
  }: {
    readonly at: Nanoseconds;
    readonly unflushed: readonly Cpu[];
    readonly isDoubted: boolean;
    readonly isSorted: boolean;
  },
): Known {
  const references = referencesAt(folio, at);
  if (references?.proved === true) return { status: 'counted', references };
  const status = doubts ? doubted(seen) : seen;
  if (isSorted && status.status === 'may-wait' && seen.status === 'waits' && references !== undefined)
    return { status: 'counted', references: withPlace(folio, references, { status: 'on-lru' }) };
  // A folio that was there before the recording waits nowhere once every CPU has flushed.
  const settled: BatchStatus =
    status.status === 'may-wait-anywhere' && unflushed.length === 0 ? { status: 'on-lru' } : status;
  if (references === undefined) return settled;
  switch (settled.status) {
    case 'on-lru':
    case 'waits':
      return { status: 'counted', references: withPlace(folio, references, settled) };
    case 'may-be-held':
    case 'may-be-back': {
      // The count tells whether something holds it, if not what: a batch is likely.
      const plain = withPlace(folio, references, { status: 'on-lru' });
      if (!plain.holders.some(({ kind }) => kind === 'unknown')) return { status: 'counted', references: plain };
      const { cpu } = settled;
      return {
        status: 'counted',
        references: withPlace(folio, references, { status: 'waits', cpu, since: undefined }),
      };
    }
    case 'may-wait':
    case 'may-wait-anywhere':
    case 'may-be-back-unseen':
      return settled;
  }
}

/**
 * References of which some were taken before their first event, or by functions that are not known: what add and
 * insertion events say of the folio's place names some of the unknown ones.
 */
function withPlace({ order }: Generation, state: ReferenceState, status: BatchStatus): ReferenceState {
  const missing: Holder[] = [];
  const has = (kind: Holder['kind']): boolean => state.holders.some((holder) => holder.kind === kind);
  if (!has('page-cache')) missing.push({ kind: 'page-cache', references: 2 ** order });
  if (status.status === 'waits' && !has('lru-add-batch'))
    missing.push({ kind: 'lru-add-batch', references: 1, cpu: status.cpu, ...sinceOf(status) });
  const unknown = referencesOf(state.holders.filter(({ kind }) => kind === 'unknown')) - referencesOf(missing);
  const known = [...missing, ...state.holders.filter(({ kind }) => kind !== 'unknown')].toSorted(byKind);
  return {
    ...state,
    holders: unknown > 0 ? [...known, { kind: 'unknown', references: unknown }] : known,
  };
}

const byKind = (a: Holder, b: Holder): number => HOLDER_KINDS.indexOf(a.kind) - HOLDER_KINDS.indexOf(b.kind);

function ledgerOf({ folio, status, mayBeGone: isStale }: Present, view: View, unflushed: readonly Cpu[]): FolioLedger {
  const ledger = placed(folio, status, view, unflushed);
  return isStale === 'lost' ? { ...ledger, strength: 'unknown' } : ledger;
}

function placed(folio: Generation, status: Known, view: View, unflushed: readonly Cpu[]): FolioLedger {
  const { index, pfn, order } = folio;
  const pageCache: Holder = { kind: 'page-cache', references: 2 ** order };
  const batch = { kind: 'lru-add-batch', references: 1 } as const;
  const plain = { index, pfn, order, holders: [pageCache] };
  switch (status.status) {
    case 'on-lru':
      return onLruLedger(folio);
    case 'counted': {
      const { holders, proved } = status.references;
      return { index, pfn, order, strength: proved ? 'proved' : 'derived', holders };
    }
    case 'waits':
    case 'may-wait': {
      const strength = status.status === 'waits' ? 'derived' : 'unknown';
      if (strength === 'unknown' && view === 'best') return { ...plain, strength };
      return { index, pfn, order, strength, holders: [pageCache, { ...batch, cpu: status.cpu, ...sinceOf(status) }] };
    }
    case 'may-be-held':
      // Its place on the LRU is known, and is what is shown.
      if (view !== 'worst') return { ...plain, strength: 'derived' };
      return { ...plain, strength: 'unknown', holders: [pageCache, { ...batch, cpu: status.cpu }] };
    case 'may-be-back':
      if (view === 'best') return { ...plain, strength: 'unknown' };
      return { ...plain, strength: 'unknown', holders: [pageCache, { ...batch, cpu: status.cpu }] };
    case 'may-be-back-unseen':
      // As with every reference that no event shows, a verdict is what the events show.
      return { ...plain, strength: 'unknown' };
    case 'tied':
      if (view === 'best' || status.cpu === undefined) return { ...plain, strength: 'unknown' };
      return { ...plain, strength: 'unknown', holders: [pageCache, { ...batch, cpu: status.cpu }] };
    case 'may-wait-anywhere': {
      const [somewhere] = unflushed;
      if (view !== 'worst' || somewhere === undefined) return { ...plain, strength: 'unknown' };
      return { ...plain, strength: 'unknown', holders: [pageCache, { ...batch, cpu: somewhere }] };
    }
  }
}

const sinceOf = ({ since }: { readonly since: Nanoseconds | undefined }): Pick<Holder, 'since'> =>
  since === undefined ? {} : { since };

const isPlaced = ({ status }: Present): boolean =>
  status.status === 'on-lru' ||
  status.status === 'waits' ||
  status.status === 'counted' ||
  status.status === 'may-be-back-unseen';

/** @returns undefined where every folio's place is known, and that it is there. */
function reasonOf(
  present: readonly Present[],
  gaps: readonly Gap[],
  { doubt, showsDeletes }: Surroundings,
): string | undefined {
  const doubtful =
    present.find((one) => !isPlaced(one)) ??
    present.find(
      ({ status, mayBeGone: isStale }) =>
        isStale !== undefined && status.status !== 'on-lru' && status.status !== 'may-be-back-unseen',
    );
  if (doubtful === undefined) return undefined;
  const { index } = doubtful.folio;
  const { status: place } = doubtful;
  if (place.status === 'tied')
    return `index ${index} came, was inserted or left in the very tick of this moment, and the recording's clock is too coarse to say which came first; another clock would (trace-cmd record -C mono)`;
  if (place.status === 'may-be-held')
    return `index ${index} was inserted just before, and the flush that did it may not have given the batch's reference back yet: no event of that CPU shows that it was over`;
  if (place.status === 'may-be-back' && doubtful.folio.add === undefined)
    return `index ${index} was inserted later and no event shows it come: whether it waited in that batch since before the recording, or was isolated and put back into it, is not known`;
  if (place.status === 'may-be-back')
    return `index ${index} was inserted before, and again later: it was isolated and put back (MADV_PAGEOUT, DAMON, migration, soft offline), and no event shows when it came into a batch again`;
  if (isPlaced(doubtful))
    return showsDeletes
      ? `index ${index} was there before events were lost: its delete may be among them`
      : `index ${index} was added, and no mm_filemap_delete_from_page_cache is in the recording: if that event was off, it may be gone; record filemap:mm_filemap_delete_from_page_cache`;
  const [gap] = gaps;
  if (gap !== undefined) return gapReason(gap);
  if (doubt === 'not sorted')
    return `index ${index} was added, and the recording is not sorted by time: whether it waits is not known`;
  if (doubt === 'no insertions')
    return `index ${index} was added, and mm_lru_insertion was not recorded: whether it still waits is not known`;
  if (doubt === 'no insertion seen' && place.status === 'may-wait')
    return `index ${index} was added, and no mm_lru_insertion is in the recording: if that event was off, it may have left its batch unseen`;
  return place.status === 'may-wait-anywhere'
    ? `index ${index} was in the page cache before its first event: whether it still waits in a batch is not known`
    : `index ${index} was not inserted although its batch filled up again: where it waits is not known`;
}

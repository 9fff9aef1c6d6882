// SPDX-License-Identifier: MIT
import {
  type FolioIndex,
  type FolioLedger,
  type Ledger,
  type Nanoseconds,
  nanoseconds,
  type Strength,
} from '../../ledger/index.ts';
import type { IndexRange } from '../answer.ts';
import type { Generation } from '../generation.ts';
import { isWithin } from '../unseen.ts';
import type { KnownState } from '../verdicts.ts';
import { hiddenByGaps, hiddenFromBefore, reasonOf } from './doubts.ts';
import { isLocked, lastLoss, mayBeGone, type Present, presentAt } from './standing.ts';
import { type AskedInode, type Surroundings, unflushedAt } from './surroundings.ts';
import { ledgerOf, onLruLedger, type View } from './views.ts';

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

/** Whether a folio is on the LRU, and nothing else is to be said of it. */
function isCalmAt(folio: Generation, at: Nanoseconds): boolean {
  const { insertion, deletedAt, putbacks, references, referencesBefore, flush, releasedAt } = folio;
  if (insertion === undefined || insertion.at > at || (deletedAt !== undefined && deletedAt <= at)) return false;
  if (putbacks.length > 0 || references !== undefined || referencesBefore.length > 0) return false;
  return flush === undefined || (releasedAt !== undefined && releasedAt <= at) || flush.holdsAt(at) === 'no';
}

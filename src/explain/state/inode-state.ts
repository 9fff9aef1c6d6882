// SPDX-License-Identifier: MIT
import type { FolioIndex, Ledger, Nanoseconds, Strength } from '../../ledger/index.ts';
import type { FolioLife, IndexRange } from '../answer.ts';
import type { Generation } from '../generation.ts';
import type { KnownState } from '../verdicts.ts';
import { type Moment, presentAt } from './standing.ts';
import { type AskedInode, type Surroundings, unflushedAt } from './surroundings.ts';
import { ledgerOf } from './views.ts';

/** An inode at a moment, reduced to what verdicts and reports need. */
export interface InodeState extends KnownState {
  /** The shown folios: the worst case, with unknown ones marked; of long runs of plain folios only the ends. */
  readonly folios: Ledger;
  /** Folios with other holders than the page cache. */
  readonly notable: Ledger;
  /** Strengths of all folios. */
  readonly strengths: ReadonlySet<Strength>;
  /** Number of folios. */
  readonly count: number;
  /** Indexes of those of `notable` that may have left the page cache unseen. */
  readonly goneNotable: ReadonlySet<FolioIndex>;
  /** Number of folios that may have left it unseen. */
  readonly staleCount: number;
  /** Indexes of folios on the LRU that may be back in a batch unseen, in runs. */
  readonly unsettled: readonly IndexRange[];
  /** The folios of `notable`, for their events. */
  readonly generations: readonly Generation[];
}

/** Every folio of an inode at a moment. */
export interface WholeState {
  readonly folios: Ledger;
  /** For each of `folios`. */
  readonly lives: readonly FolioLife[];
  /** Indexes of those that may have left the page cache unseen. */
  readonly stale: ReadonlySet<FolioIndex>;
}

/** Facts about all folios of an inode at a moment. */
export function momentOf(inode: AskedInode, at: Nanoseconds, around: Surroundings): Moment {
  const { flushedLater } = around;
  return {
    at,
    isFlushed: mayWaitIn(at, around).length === 0,
    isUnsettled: inode.hasPutbacks && (flushedLater === undefined || flushedLater <= at),
  };
}

/** CPUs whose batches may have folios without an event: if adds were not recorded, these may have come at any time. */
export function mayWaitIn(at: Nanoseconds, around: Surroundings): Surroundings['cpus'] {
  const { doubt, showsAdds, cpus } = around;
  const isOpen = doubt === 'no insertions' || doubt === 'not sorted' || !showsAdds;
  return isOpen ? cpus : unflushedAt(at, around);
}

/** The whole inode after every event stamped at or before `at`, folio by folio. */
export function wholeAt(inode: AskedInode, at: Nanoseconds, around: Surroundings): WholeState {
  const moment = momentOf(inode, at, around);
  const mayWait = mayWaitIn(at, around);
  const present = inode.folios.flatMap((folio) => presentAt(folio, moment, around) ?? []);
  return {
    folios: present.map((one) => ledgerOf(one, 'shown', mayWait)),
    lives: present.map(({ folio }) => folio.life),
    stale: new Set(present.flatMap(({ folio, mayBeGone }) => (mayBeGone === undefined ? [] : [folio.index]))),
  };
}

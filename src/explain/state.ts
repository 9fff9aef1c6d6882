// SPDX-License-Identifier: MIT
import {
  type Cpu,
  foldNumbers,
  type FolioLedger,
  formatTime,
  HOLDER_KINDS,
  type Holder,
  type Ledger,
  type Nanoseconds,
  referencesOf,
} from '../ledger/index.ts';
import type { CpuBatch, Gap } from './batch.ts';
import { type BatchStatus, type Generation, referencesAt, statusAt } from './generation.ts';
import type { ReferenceState } from './references.ts';
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
  /** When a conversion was answered last that was refused while a folio waited, as far as events show; undefined: never. */
  refusedAt(folio: Generation): Nanoseconds | undefined;
}

/** What is asked of an inode. */
export interface AskedInode {
  /** All folios of it that events told of, at any time. */
  readonly folios: readonly Generation[];
  /** It may have had folios before the recording that no event tells of. */
  readonly isOlder: boolean;
  /** Whether an event of the recording told of a folio at an index: what was there before is known then. */
  isKnown(index: number): boolean;
}

/** An inode at a moment. */
export interface InodeState extends KnownState {
  /** As it is shown: the worst, with what is not known marked as such. */
  readonly folios: Ledger;
  /** The folio of each index, for its events. */
  readonly generations: readonly Generation[];
}

/** The folios of an inode after every event stamped at or before `at`. */
export function stateAt(inode: AskedInode, at: Nanoseconds, around: Surroundings): InodeState {
  const { doubt } = around;
  const unflushed = doubt === 'no insertions' || doubt === 'not sorted' ? around.cpus : unflushedAt(at, around);
  const present = inode.folios
    .flatMap((folio) => {
      const status = statusAt(folio, at);
      return status === undefined
        ? []
        : [
            {
              folio,
              status: settle(folio, status, {
                at,
                unflushed,
                isDoubted: isDoubted(folio, at, around),
                isSorted: doubt !== 'not sorted',
              }),
            },
          ];
    })
    .toSorted((a, b) => a.folio.index - b.folio.index);
  const gaps = around.gaps.filter((gap) => gap.mayHideAt(at));
  const reason = reasonOf(present, gaps, around.doubt);
  const hidden = [...hiddenByGaps(gaps), ...hiddenFromBefore(inode, unflushed)];
  const ledger = (view: View): Ledger => present.map(({ folio, status }) => ledgerOf(folio, status, view, unflushed));
  const folios = ledger('shown');
  return {
    folios,
    best: reason === undefined ? folios : ledger('best'),
    worst: reason === undefined ? folios : ledger('worst'),
    hidden,
    locked: new Set(present.flatMap(({ folio, status }) => (isLocked(status) ? [folio.index] : []))),
    reason,
    generations: present.map(({ folio }) => folio),
  };
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

function hiddenFromBefore(inode: AskedInode, cpus: readonly Cpu[]): Hidden[] {
  if (!inode.isOlder || cpus.length === 0) return [];
  const reason = `folios from before the recording may wait in the ${cpus.length === 1 ? 'batch' : 'batches'} of CPU ${foldNumbers(cpus)}, not flushed since: record from KVM_CREATE_GUEST_MEMFD on (syscalls:*_ioctl), or ask with --range of pages that were added in it`;
  return [{ cpus, isKnown: (index) => inode.isKnown(index), reason }];
}

const gapReason = ({ cpu, from }: Gap): string =>
  `events of CPU ${cpu} were lost ${from === undefined ? 'from the start on' : `after ${formatTime(from)}`}: what waits in its batch is not known`;

/** What is shown of a doubtful folio is that it waits, if there is a batch to name. */
type View = 'shown' | 'best' | 'worst';

/** Where a folio is, or everybody who holds it where reference events say. */
type Known = BatchStatus | { readonly status: 'counted'; readonly references: ReferenceState };

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
  const isSure = settled.status === 'on-lru' || settled.status === 'waits';
  return references !== undefined && isSure
    ? { status: 'counted', references: withPlace(folio, references, settled) }
    : settled;
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

function ledgerOf(folio: Generation, status: Known, view: View, unflushed: readonly Cpu[]): FolioLedger {
  const { index, pfn, order } = folio;
  const pageCache: Holder = { kind: 'page-cache', references: 2 ** order };
  const batch = { kind: 'lru-add-batch', references: 1 } as const;
  const plain = { index, pfn, order, holders: [pageCache] };
  switch (status.status) {
    case 'on-lru':
      folio.onLru ??= { index, pfn, order, strength: 'derived', holders: [pageCache] };
      return folio.onLru;
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
    case 'may-wait-anywhere': {
      const [somewhere] = unflushed;
      if (view !== 'worst' || somewhere === undefined) return { ...plain, strength: 'unknown' };
      return { ...plain, strength: 'unknown', holders: [pageCache, { ...batch, cpu: somewhere }] };
    }
  }
}

const sinceOf = ({ since }: { readonly since: Nanoseconds | undefined }): Pick<Holder, 'since'> =>
  since === undefined ? {} : { since };

/** @returns undefined where every folio's place is known. */
function reasonOf(
  present: readonly { readonly folio: Generation; readonly status: Known }[],
  gaps: readonly Gap[],
  doubt: Surroundings['doubt'],
): string | undefined {
  const doubtful = present.find(({ status }) => status.status === 'may-wait' || status.status === 'may-wait-anywhere');
  if (doubtful === undefined) return undefined;
  const [gap] = gaps;
  if (gap !== undefined) return gapReason(gap);
  const { index } = doubtful.folio;
  if (doubt === 'not sorted')
    return `index ${index} was added, and the recording is not sorted by time: whether it waits is not known`;
  if (doubt === 'no insertions')
    return `index ${index} was added, and mm_lru_insertion was not recorded: whether it still waits is not known`;
  if (doubt === 'no insertion seen' && doubtful.status.status === 'may-wait')
    return `index ${index} was added, and no mm_lru_insertion is in the recording: if that event was off, it may have left its batch unseen`;
  return doubtful.status.status === 'may-wait-anywhere'
    ? `index ${index} was in the page cache before its first event: whether it still waits in a batch is not known`
    : `index ${index} was not inserted although its batch filled up again: where it waits is not known`;
}

// SPDX-License-Identifier: MIT
import { type Cpu, HOLDER_KINDS, type Holder, type Nanoseconds, referencesOf } from '../../ledger/index.ts';
import { type BatchStatus, type Generation, referencesAt, statusAt } from '../generation.ts';
import type { ReferenceState } from '../references.ts';
import type { Surroundings } from './surroundings.ts';

/** A folio in the page cache, as far as events show. */
export interface Present {
  readonly folio: Generation;
  readonly status: Known;
  /** Why it may have left unseen: deletes were lost, or never recorded, or the clock is too coarse. */
  readonly mayBeGone: 'lost' | 'not recorded' | 'tied' | undefined;
}

/** The place of a folio, or all its holders if reference events show them. */
export type Known =
  | BatchStatus
  | { readonly status: 'counted'; readonly references: ReferenceState }
  /** Its events have the stamp of the moment: their order relative to the moment is unknown. */
  | { readonly status: 'tied'; readonly cpu: Cpu | undefined };

/** The requested facts about a folio, and those about all folios at that moment. */
export interface Moment {
  readonly at: Nanoseconds;
  /** Whether every CPU has flushed its batch since the recording began. */
  readonly isFlushed: boolean;
  /** Whether a folio on the LRU may be back in a batch without an event. */
  readonly isUnsettled: boolean;
}

/** A folio at a moment, by its events; undefined if it is not in the page cache. */
export function presentAt(folio: Generation, moment: Moment, around: Surroundings): Present | undefined {
  const { at } = moment;
  if (around.isCoarse && (isTied(folio, at) || (folio.isTangled && statusAt(folio, at) !== undefined)))
    return { folio, status: { status: 'tied', cpu: folio.insertion?.cpu ?? folio.add?.cpu }, mayBeGone: 'tied' };
  const known = statusAt(folio, at);
  if (known === undefined) return undefined;
  const seen = folio.order === 0 ? inOrder(known, moment, around) : known;
  return { folio, status: settle(folio, seen, moment, around), mayBeGone: mayBeGone(folio, at, around) };
}

/** The place of a small folio, if the order of events shows it, and it cannot return to a batch unseen. */
function inOrder(known: BatchStatus, { isUnsettled }: Moment, { doubt }: Surroundings): BatchStatus {
  const wasInserted = known.status === 'on-lru' || known.status === 'may-be-held';
  // The insertion may belong to the frame's previous folio; another CPU's events follow later in the file.
  if (wasInserted && doubt === 'not sorted') return { status: 'may-wait-anywhere' };
  return known.status === 'on-lru' && isUnsettled ? { status: 'may-be-back-unseen' } : known;
}

/** Whether a folio may have left the page cache unseen by `at`: no later event shows it there, and deletes may be missing. */
function mayBeGone(folio: Generation, at: Nanoseconds, around: Surroundings): Present['mayBeGone'] {
  const { seenAt } = folio;
  if (at <= seenAt) return undefined;
  const lostFrom = around.losses.after(seenAt);
  const isLost = lostFrom !== undefined && lostFrom <= at;
  if (around.showsDeletes && !isLost) return undefined;
  // Counts fall when it leaves.
  if (referencesAt(folio, at) !== undefined) return undefined;
  const refused = around.refusedAt(folio);
  if (refused !== undefined && refused >= at) return undefined;
  return isLost ? 'lost' : 'not recorded';
}

/** Whether an event of a folio has the stamp of the moment. */
const isTied = ({ add, insertion, deletedAt, putbacks }: Generation, at: Nanoseconds): boolean =>
  add?.at === at || insertion?.at === at || deletedAt === at || putbacks.some((putback) => putback.insertion.at === at);

export const isLocked = (status: Known): boolean => status.status === 'counted' && status.references.locked;

/**
 * If no insertion was recorded, its event was off or no batch was flushed. Then an unrecorded flush cannot be excluded:
 * folios of other kinds fill a batch unseen, even at the moment of the add, and most drains leave no other trace. But a
 * later refused call shows that something was held until then, such as a waiting folio.
 */
function isDoubted(folio: Generation, at: Nanoseconds, around: Surroundings): boolean {
  if (around.doubt !== 'no insertion seen') return around.doubt !== undefined;
  // Counts show more: a fall shows a flush, and a later refusal, by another folio, does not undo that.
  if (referencesAt(folio, at) !== undefined) return true;
  const refused = around.refusedAt(folio);
  return refused === undefined || refused < at;
}

const doubted = (status: BatchStatus): BatchStatus =>
  status.status === 'waits' ? { ...status, status: 'may-wait' } : status;

function settle(folio: Generation, seen: BatchStatus, { at, isFlushed }: Moment, around: Surroundings): Known {
  const references = referencesAt(folio, at);
  if (references?.proved === true) return { status: 'counted', references };
  const status = isDoubted(folio, at, around) ? doubted(seen) : seen;
  if (
    around.doubt !== 'not sorted' &&
    status.status === 'may-wait' &&
    seen.status === 'waits' &&
    references !== undefined
  )
    return { status: 'counted', references: withPlace(folio, references, { status: 'on-lru' }) };
  // A folio from before the recording waits nowhere once every CPU has flushed.
  const settled: BatchStatus = status.status === 'may-wait-anywhere' && isFlushed ? { status: 'on-lru' } : status;
  if (references === undefined) return settled;
  switch (settled.status) {
    case 'on-lru':
    case 'waits':
      return { status: 'counted', references: withPlace(folio, references, settled) };
    case 'may-be-held':
    case 'may-be-back': {
      // The count shows that it has another holder, but not which: a batch is likely.
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
 * References that were partly taken before their first event, or by unknown functions: add and insertion events name
 * some of the unknown ones by the folio's place.
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

export const sinceOf = ({ since }: { readonly since: Nanoseconds | undefined }): Pick<Holder, 'since'> =>
  since === undefined ? {} : { since };

export const isPlaced = ({ status }: Present): boolean =>
  status.status === 'on-lru' ||
  status.status === 'waits' ||
  status.status === 'counted' ||
  status.status === 'may-be-back-unseen';

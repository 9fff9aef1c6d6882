// SPDX-License-Identifier: MIT
import { type Cpu, HOLDER_KINDS, type Holder, type Nanoseconds, referencesOf } from '../../ledger/index.ts';
import { type BatchStatus, type Generation, referencesAt, statusAt } from '../generation.ts';
import type { ReferenceState } from '../references.ts';
import type { Surroundings } from './surroundings.ts';

/** A folio that is in the page cache as far as events show. */
export interface Present {
  readonly folio: Generation;
  readonly status: Known;
  /** Why it may have left it unseen: deletes were lost, or never recorded, or the clock is too coarse to say. */
  readonly mayBeGone: 'lost' | 'not recorded' | 'tied' | undefined;
}

/** Where a folio is, or everybody who holds it where reference events say. */
export type Known =
  | BatchStatus
  | { readonly status: 'counted'; readonly references: ReferenceState }
  /** Its events have the stamp of the moment: whether it came, left its batch or went before or after, does not show. */
  | { readonly status: 'tied'; readonly cpu: Cpu | undefined };

/** What is asked about a folio, and what holds for all at that moment. */
export interface Moment {
  readonly at: Nanoseconds;
  /** Whether every CPU has flushed its batch since the recording began. */
  readonly isFlushed: boolean;
  /** Whether a folio on the LRU may be back in a batch without an event that tells. */
  readonly isUnsettled: boolean;
}

/** A folio as events show it at a moment; undefined where it is not in the page cache. */
export function presentAt(folio: Generation, moment: Moment, around: Surroundings): Present | undefined {
  const { at } = moment;
  if (around.isCoarse && (isTied(folio, at) || (folio.isTangled && statusAt(folio, at) !== undefined)))
    return { folio, status: { status: 'tied', cpu: folio.insertion?.cpu ?? folio.add?.cpu }, mayBeGone: 'tied' };
  const known = statusAt(folio, at);
  if (known === undefined) return undefined;
  const seen: BatchStatus =
    moment.isUnsettled && known.status === 'on-lru' && folio.order === 0 ? { status: 'may-be-back-unseen' } : known;
  return { folio, status: settle(folio, seen, moment, around), mayBeGone: mayBeGone(folio, at, around) };
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

/** Whether something happened to a folio in the very tick of a moment. */
const isTied = ({ add, insertion, deletedAt, putbacks }: Generation, at: Nanoseconds): boolean =>
  add?.at === at || insertion?.at === at || deletedAt === at || putbacks.some((putback) => putback.insertion.at === at);

export const isLocked = (status: Known): boolean => status.status === 'counted' && status.references.locked;

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
  // A folio that was there before the recording waits nowhere once every CPU has flushed.
  const settled: BatchStatus = status.status === 'may-wait-anywhere' && isFlushed ? { status: 'on-lru' } : status;
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

export const sinceOf = ({ since }: { readonly since: Nanoseconds | undefined }): Pick<Holder, 'since'> =>
  since === undefined ? {} : { since };

export const isPlaced = ({ status }: Present): boolean =>
  status.status === 'on-lru' ||
  status.status === 'waits' ||
  status.status === 'counted' ||
  status.status === 'may-be-back-unseen';

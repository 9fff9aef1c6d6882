// SPDX-License-Identifier: MIT
import type { Cpu, FolioLedger, Holder } from '../../ledger/index.ts';
import type { Generation } from '../generation.ts';
import { type Known, type Present, sinceOf } from './standing.ts';

/** A doubtful folio is shown as waiting, if there is a batch to name. */
export type View = 'shown' | 'best' | 'worst';

export function ledgerOf(
  { folio, status, mayBeGone: isStale }: Present,
  view: View,
  unflushed: readonly Cpu[],
): FolioLedger {
  const ledger = placed(folio, status, view, unflushed);
  return isStale === 'lost' ? { ...ledger, strength: 'unknown' } : ledger;
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
      // Its place on the LRU is known, and is shown.
      if (view !== 'worst') return { ...plain, strength: 'derived' };
      return { ...plain, strength: 'unknown', holders: [pageCache, { ...batch, cpu: status.cpu }] };
    case 'may-be-back':
      if (view === 'best') return { ...plain, strength: 'unknown' };
      return { ...plain, strength: 'unknown', holders: [pageCache, { ...batch, cpu: status.cpu }] };
    case 'may-be-back-unseen':
      // As with every unrecorded reference, a verdict is what the events show.
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

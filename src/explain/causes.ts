// SPDX-License-Identifier: MIT
import { type HolderKind, HOLDER_KINDS, type LruInsertion } from '../ledger/index.ts';
import type { BatchedFolio, HeldFolio, RefusalCause } from './answer.ts';
import { type CheckForm, drainsFirst } from './check-form.ts';

/** Facts from the events about one refused call. */
export interface Suspects {
  /** Whether it drained all CPUs; undefined if the events do not show it. */
  readonly drained: boolean | undefined;
  readonly form: CheckForm | undefined;
  /** Whether page_ref events show the looks of its check. */
  readonly looked: boolean;
  /** Folios that waited in batches; if it drained, those that still waited at its return. */
  readonly waited: readonly BatchedFolio[];
  /** Folios that were inserted while the flush may still have held their references. */
  readonly flushing: readonly BatchedFolio[];
  /** Folios that were inserted again later. */
  readonly back: readonly BatchedFolio[];
  /** Later insertions of unevictable folios without a recorded add. */
  readonly unadded: readonly LruInsertion[];
  /**
   * For each folio that its check looked at: the holders from the first look to the last, and those for a part of that
   * time.
   */
  readonly looks: readonly { readonly held: readonly HeldFolio[]; readonly wasGone: readonly HeldFolio[] }[];
  /** Other references at the call. */
  readonly held: readonly HeldFolio[];
  readonly showAdds: boolean;
}

/** All kinds of holders that no stock event shows. */
const UNRECORDED: readonly HolderKind[] = HOLDER_KINDS.filter(
  (kind) => kind !== 'page-cache' && kind !== 'safety-check' && kind !== 'lru-batch' && kind !== 'unknown',
);

/**
 * All possible causes of a refusal, known ones before possible ones. A cause is certain if page_ref events show that it
 * held the folio from the check's first look to its last.
 */
export function causesOf(of: Suspects): readonly RefusalCause[] {
  const seen = of.looks.flatMap(({ held }) => held);
  if (seen.length > 0) return grouped(seen, true).map((cause) => placed(cause, of));
  const passing = of.looks.flatMap(({ wasGone }) => wasGone);
  const causes: RefusalCause[] = grouped(passing, false).map((cause) => placed(cause, of));
  if (!of.looked) causes.push(...grouped(of.held, false, 'held when it was called'));
  // It would have drained if a batch had raised the count.
  if (of.drained === false && drainsFirst(of.form)) {
    const kinds = ['gup', 'user-mapping'] as const;
    return [...causes, { how: 'pinned or mapped', kinds, certain: false, batched: [], held: [], insertions: [] }];
  }
  const batch = (
    how: 'waited' | 'waited after the drain' | 'flush in progress' | 'put back',
    batched: readonly BatchedFolio[],
  ): void => {
    if (batched.length > 0)
      causes.push({ how, kinds: ['lru-add-batch'], certain: false, batched, held: [], insertions: [] });
  };
  batch(of.drained === true ? 'waited after the drain' : 'waited', of.waited);
  batch('flush in progress', of.flushing);
  batch('put back', of.back);
  if (of.unadded.length > 0)
    causes.push({
      how: 'no add seen',
      kinds: ['lru-add-batch'],
      certain: false,
      batched: [],
      held: [],
      insertions: of.unadded,
    });
  causes.push({ how: 'not recorded', kinds: UNRECORDED, certain: false, batched: [], held: [], insertions: [] });
  return causes;
}

/** A batch that held a folio of the check's looks, by add and insertion events. */
function placed(cause: RefusalCause, { waited, flushing }: Suspects): RefusalCause {
  if (!cause.kinds.every((kind) => kind === 'lru-add-batch')) return cause;
  const isMeant = ({ pfn }: BatchedFolio): boolean => cause.held.some((held) => held.pfn === pfn);
  const inBatch = waited.filter(isMeant);
  if (inBatch.length > 0) return { ...cause, how: 'waited', batched: inBatch };
  const inFlush = flushing.filter(isMeant);
  return inFlush.length > 0 ? { ...cause, how: 'flush in progress', batched: inFlush } : cause;
}

function grouped(
  held: readonly HeldFolio[],
  certain: boolean,
  how: 'held' | 'held when it was called' = 'held',
): readonly RefusalCause[] {
  const kinds = [...new Set(held.map(({ holder }) => holder.kind))];
  return kinds.map((kind) => ({
    how,
    // After an unmap the page table's reference is held until the translations are flushed: no count shows that.
    kinds: kind === 'user-mapping' ? [kind, 'mmu-gather'] : [kind],
    // Several folios may have had holders; the first of them refused the check.
    certain: certain && kinds.length === 1 && kind !== 'unknown' && kind !== 'user-mapping',
    batched: [],
    held: held.filter(({ holder }) => holder.kind === kind),
    insertions: [],
  }));
}

// SPDX-License-Identifier: MIT
import type { Holder } from '../ledger/index.ts';

/** Holders that are told otherwise, or that the conversion removes itself. */
const TOLD: ReadonlySet<Holder['kind']> = new Set(['page-cache', 'lru-add-batch', 'user-mapping', 'safety-check']);

/** Whether a holder is one that only page_ref events show. */
export const isUntold = ({ kind }: Pick<Holder, 'kind'>): boolean => !TOLD.has(kind);

/** Whether page_ref events show a folio held by more than is told otherwise. */
export const isHeld = (holders: readonly Pick<Holder, 'kind'>[]): boolean => holders.some(isUntold);

// SPDX-License-Identifier: MIT
import type { Holder } from '../ledger/index.ts';

/** Holders that other events show, or that the conversion removes itself. */
const TOLD: ReadonlySet<Holder['kind']> = new Set(['page-cache', 'lru-add-batch', 'user-mapping', 'safety-check']);

/** Whether only page_ref events show this holder. */
export const isUntold = ({ kind }: Pick<Holder, 'kind'>): boolean => !TOLD.has(kind);

/** Whether page_ref events show more holders of a folio than other events. */
export const isHeld = (holders: readonly Pick<Holder, 'kind'>[]): boolean => holders.some(isUntold);

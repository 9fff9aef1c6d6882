// SPDX-License-Identifier: MIT
import { type Holder, isStockVisible } from '../ledger/index.ts';

/** Whether only page_ref events show this holder. */
export const isStockHidden = ({ kind }: Pick<Holder, 'kind'>): boolean => !isStockVisible(kind);

/** Whether page_ref events show more holders of a folio than other events. */
export const isHeld = (holders: readonly Pick<Holder, 'kind'>[]): boolean => holders.some(isStockHidden);

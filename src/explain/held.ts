// SPDX-License-Identifier: MIT
import { type Holder, isTold } from '../ledger/index.ts';

/** Whether only page_ref events show this holder. */
export const isUntold = ({ kind }: Pick<Holder, 'kind'>): boolean => !isTold(kind);

/** Whether page_ref events show more holders of a folio than other events. */
export const isHeld = (holders: readonly Pick<Holder, 'kind'>[]): boolean => holders.some(isUntold);

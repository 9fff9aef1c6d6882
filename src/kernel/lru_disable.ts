// SPDX-License-Identifier: GPL-2.0-only
import { int, type Place, sharedScalar } from '../lang/index.ts';
import { hasPart, type K } from './kernel.ts';

/** mm/folio.c: lru_disable_count: while it is not 0 no folio stays in a batch. */
export const lruDisableCount = sharedScalar(
  'lru_disable_count',
  int(({ lru_disable = 0, lru_disables = 0 }) => lru_disable * lru_disables),
);

/**
 * include/linux/swap.h: lru_cache_disabled(), read after an entry has been added: then the batch is flushed at once.
 */
export function lru_cache_disabled(k: K, flush: Place<'bool'>): void {
  if (hasPart(k, 'lru_disable'))
    k.step('lru_cache_disabled', () => k.when(lruDisableCount.gt(0), () => flush.set(true)));
}

// SPDX-License-Identifier: GPL-2.0-only
import type { Place, Value } from '../lang/index.ts';
import { folio_add_lru } from './folio.ts';
import { routine } from './kernel.ts';
import { checkedFolio, folio_get, folio_put } from './page_ref.ts';

interface OfFolio extends Readonly<Record<string, unknown>> {
  readonly folio: Value<'folio'>;
}

/**
 * mm/vmscan.c: folio_isolate_lru(): takes a folio off the LRU, with a reference. A folio in a batch is not on the LRU.
 * The caller already has a reference; from here on it claims one as `isolated`.
 */
export const folio_isolate_lru = routine(
  'folio_isolate_lru',
  (k, args: OfFolio & { readonly isolated: Place<'bool'> }) => {
    const lru = checkedFolio.lru.at(args.folio);
    k.step('folio_test_clear_lru', () => {
      args.isolated.set(lru);
      lru.set(false);
    });
    k.if(args.isolated, () => k.call(folio_get, { folio: args.folio }));
  },
);

/** mm/vmscan.c: folio_putback_lru(): back through lru_add, where the batch has its own reference to it. */
export const folio_putback_lru = routine('folio_putback_lru', (k, args: OfFolio) => {
  k.claiming('isolated', args.folio, {}, () => {
    k.call(folio_add_lru, { ...args, putBack: true });
    k.call(folio_put, args);
  });
});

// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, type Value } from '../lang/index.ts';
import { lru_add_drain_all } from './folio.ts';
import { routine } from './kernel.ts';
import { folio, folio_put, folio_try_get } from './page_ref.ts';
import { folio_isolate_lru, folio_putback_lru } from './vmscan.ts';

/** mm/memory-failure.c: how often get_any_page() drains and looks again. */
const MOST_SHAKES = 3;

/**
 * mm/memory-failure.c: soft_offline_page() of a guest_memfd folio, by page frame: it is isolated, but its mapping
 * refuses to let it migrate, so it is put back. What happens to page-table entries meanwhile is left out.
 */
export const soft_offline_page = routine('soft_offline_page', (k, args: { readonly folio: Value<'folio'> }) => {
  const got = k.local('got', bool);
  const isolated = k.local('isolated', bool);
  const shakes = k.let('shakes', int(MOST_SHAKES), 0);
  k.loop(() => {
    k.step('folio_test_lru', () => got.set(folio.lru.at(args.folio)));
    k.if(got, () => k.call(folio_try_get, { folio: args.folio, got }));
    k.if(got, () => k.break());
    k.if(shakes.eq(MOST_SHAKES), () => k.return());
    shakes.add(1);
    k.call(lru_add_drain_all, {});
  });
  k.claiming('walker', args.folio, {}, () => k.call(folio_isolate_lru, { folio: args.folio, isolated }));
  k.if(
    isolated,
    () => {
      k.claiming('isolated', args.folio, {}, () => {
        k.claiming('walker', args.folio, {}, () => k.call(folio_put, { folio: args.folio }));
      });
      k.call(folio_putback_lru, { folio: args.folio });
    },
    () => k.claiming('walker', args.folio, {}, () => k.call(folio_put, { folio: args.folio })),
  );
});

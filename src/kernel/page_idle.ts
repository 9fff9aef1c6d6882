// SPDX-License-Identifier: GPL-2.0-only
import { bool, type Value } from '../lang/index.ts';
import { routine } from './kernel.ts';
import { folio, folio_put, folio_try_get } from './page_ref.ts';

interface OfFolio extends Readonly<Record<string, unknown>> {
  readonly folio: Value<'folio'>;
}

/**
 * mm/page_idle.c: page_idle_get_folio() and the put that follows; compaction looks at unevictable folios in the
 * same way. By page frame, without any lock: only folios on the LRU.
 */
export const page_idle_get_folio = routine('page_idle_get_folio', (k, args: OfFolio) => {
  const got = k.local('got', bool);
  k.step('folio_test_lru', () => got.set(folio.lru.at(args.folio)));
  k.if(got, () => k.call(folio_try_get, { folio: args.folio, got }));
  k.if(got, () => k.claiming('walker', args.folio, {}, () => k.call(folio_put, args)));
});

/**
 * mm/damon/ops-common.c: damon_get_folio() and the put: it takes the reference first, so it also meets folios in
 * batches.
 */
export const damon_get_folio = routine('damon_get_folio', (k, args: OfFolio) => {
  const got = k.local('got', bool);
  k.call(folio_try_get, { folio: args.folio, got });
  k.if(got, () => k.claiming('walker', args.folio, {}, () => k.call(folio_put, args)));
});

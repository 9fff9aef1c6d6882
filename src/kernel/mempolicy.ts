// SPDX-License-Identifier: GPL-2.0-only
import { bool, none, optional, type Value } from '../lang/index.ts';
import { FOLIO, INDEX, routine } from './kernel.ts';
import { lru_cache_disable, lru_cache_enable } from './lru_cache.ts';
import { folio_isolate_lru, folio_putback_lru } from './vmscan.ts';
import { pte, pte_lock, pte_unlock } from './zap.ts';

/**
 * mm/mempolicy.c: do_mbind() with MPOL_MF_MOVE: what the task has mapped is isolated, cannot migrate, and is put
 * back, all while nothing stays in a batch. The kernel gathers the pages first; here they go one by one.
 */
export const do_mbind = routine(
  'do_mbind',
  (
    k,
    args: {
      readonly mm: Value<'mm'>;
      readonly inode: Value<'inode'>;
      readonly start: Value<'index'>;
      readonly end: Value<'index'>;
    },
  ) => {
    const { mm, inode } = args;
    const found = k.local('found', optional(FOLIO));
    const isolated = k.local('isolated', bool);
    k.call(lru_cache_disable, {});
    k.for('index', optional(INDEX), args.start, args.end, (index) => {
      isolated.set(false);
      k.call(pte_lock, { mm });
      k.step('ptep_get', () => found.set(pte.at(mm, inode, index)));
      k.if(found.ne(none(FOLIO)), () => k.call(folio_isolate_lru, { folio: found, isolated }));
      k.if(
        isolated,
        () => {
          k.claiming('isolated', found, {}, () => k.call(pte_unlock, { mm }));
          k.call(folio_putback_lru, { folio: found });
        },
        () => k.call(pte_unlock, { mm }),
      );
    });
    k.call(lru_cache_enable, {});
  },
);

// SPDX-License-Identifier: GPL-2.0-only
import { bool, first, none, optional, type Place, type Value } from '../lang/index.ts';
import { lru_add_drain } from './folio.ts';
import { FOLIO, hasPart, INDEX, routine } from './kernel.ts';
import { folio } from './page_ref.ts';
import { resultCode } from './sched.ts';
import { folio_isolate_lru, folio_putback_lru } from './vmscan.ts';
import { pte, pte_lock, pte_unlock, vmLocked } from './zap.ts';

/**
 * mm/madvise.c: madvise_pageout() and madvise_cold_or_pageout_pte_range(): a page on the LRU that only this mapping has
 * is isolated. It is unevictable, so it is put back at once, through lru_add, with the page-table lock still held.
 * Write access to the file is enough privilege. At the first mapping that is locked it ends with -EINVAL.
 */
export const madvise_pageout = routine(
  'madvise_pageout',
  (
    k,
    args: {
      readonly mm: Value<'mm'>;
      readonly inode: Value<'inode'>;
      readonly start: Value<'index'>;
      readonly end: Value<'index'>;
      readonly ret: Place<'int'>;
    },
  ) => {
    const { mm, inode, start, end, ret } = args;
    const locked = k.local('locked', bool);
    const found = k.local('found', optional(FOLIO));
    const alone = k.local('alone', bool);
    const isolated = k.local('isolated', bool);
    // Up to the first mapping that is locked.
    const until = hasPart(k, 'mlock') ? k.let('until', optional(INDEX), end) : undefined;
    if (until !== undefined) {
      k.step('can_madv_lru_vma', () => {
        locked.set(vmLocked.at(mm, inode, start, 0));
        until.set(first(start, end, end, (i) => vmLocked.at(mm, inode, i, 0)));
      });
      k.if(until.ne(end), () => ret.set(resultCode('EINVAL')));
      k.if(locked, () => k.return());
    }
    k.call(lru_add_drain, {});
    k.for('index', optional(INDEX), start, until ?? end, (index) => {
      isolated.set(false);
      k.call(pte_lock, { mm });
      k.step('ptep_get', () => found.set(pte.at(mm, inode, index)));
      k.if(found.ne(none(FOLIO)), () => {
        // PG_lru, then the mapcount: one step, since the isolation tests PG_lru again, and its earlier value decides
        // nothing else.
        k.step('folio_mapcount', () => alone.set(folio.lru.at(found).and(folio.mapcount.at(found).eq(1))));
        k.if(alone, () => k.call(folio_isolate_lru, { folio: found, isolated }));
      });
      k.if(isolated, () => k.call(folio_putback_lru, { folio: found }));
      k.call(pte_unlock, { mm });
    });
  },
);

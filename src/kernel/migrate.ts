// SPDX-License-Identifier: GPL-2.0-only
import { bool, none, optional, type Value } from '../lang/index.ts';
import { FOLIO, routine } from './kernel.ts';
import { folio_isolate_lru, folio_putback_lru } from './vmscan.ts';
import { pte, pte_lock, pte_unlock } from './zap.ts';

/**
 * mm/migrate.c: the effect of migrating a mapped page here: isolated under the page-table lock, refused by its mapping
 * (-EOPNOTSUPP), and put back. The changes of page-table entries meanwhile are left out.
 */
export const migrate_pages = routine(
  'migrate_pages',
  (
    k,
    { mm, inode, index }: { readonly mm: Value<'mm'>; readonly inode: Value<'inode'>; readonly index: Value<'index'> },
  ) => {
    const found = k.local('found', optional(FOLIO));
    const isolated = k.let('isolated', bool, false);
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
  },
);

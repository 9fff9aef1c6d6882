// SPDX-License-Identifier: GPL-2.0-only
import { none, optional, type Value } from '../lang/index.ts';
import { filemap_get_entry } from './filemap.ts';
import { FOLIO, routine } from './kernel.ts';
import { folio_put } from './page_ref.ts';
import { pte, pte_lock, pte_unlock } from './zap.ts';

/**
 * mm/mincore.c: mincore_pte_range() of one page: if nothing is mapped, it asks the page cache, and takes a reference
 * for a moment. No invalidate_lock, no folio lock, no privilege.
 */
export const mincore_pte_range = routine(
  'mincore_pte_range',
  (k, args: { readonly mm: Value<'mm'>; readonly inode: Value<'inode'>; readonly index: Value<'index'> }) => {
    const { mm, inode, index } = args;
    const found = k.local('found', optional(FOLIO));
    k.call(pte_lock, { mm });
    k.step('ptep_get', () => found.set(pte.at(mm, inode, index)));
    k.if(found.eq(none(FOLIO)), () => {
      k.call(filemap_get_entry, { inode, index, found });
      k.if(found.ne(none(FOLIO)), () => k.claiming('lookup', found, {}, () => k.call(folio_put, { folio: found })));
    });
    k.call(pte_unlock, { mm });
  },
);

// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, none, optional, type Place, type Value } from '../lang/index.ts';
import {
  find_get_entry,
  type FolioBatch,
  filemap_lock_folio,
  folio_batch_release,
  folio_lock,
  folio_unlock,
  folioBatch,
  iPages,
  pagesHeld,
} from './filemap.ts';
import { FOLIO, INDEX, INODE, type K, routine } from './kernel.ts';
import { folio, folio_put, folioNrPages, putReferences } from './page_ref.ts';
import { unmap_mapping_pages } from './zap.ts';

interface OfFolio extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly folio: Value<'folio'>;
}
interface Entries extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly start: Place<'index'>;
  readonly end: Value<'index'>;
  readonly batch: FolioBatch;
}

/**
 * Folios of one round. guest_memfd has only small ones; with large ones a round takes one, so that one number describes
 * what the page cache held of it.
 */
const mostEntries = (k: K): number => (k.sizes['order'] === 0 ? k.config.profile.batchSize : 1);

/** Applies a text to each folio of a batch, while all of them are held. */
function forEach(k: K, batch: FolioBatch, text: (of: Value<'folio'>) => void): void {
  k.for('i', int(k.config.profile.batchSize), 0, batch.count, (i) => text(batch.folios.at(i)));
}

/** mm/truncate.c: truncate_cleanup_folio(): a folio is unmapped before it leaves the page cache. */
const truncate_cleanup_folio = routine('truncate_cleanup_folio', (k, { inode, folio: of }: OfFolio) => {
  const mapped = k.local('mapped', bool);
  const start = k.local('start', optional(INDEX));
  const end = k.local('end', optional(INDEX));
  k.step('folio_mapped', () => {
    mapped.set(folio.mapcount.at(of).gt(0));
    start.set(folio.index.at(of));
    end.set(folio.index.at(of).plus(folioNrPages(of)));
  });
  k.if(mapped, () => k.call(unmap_mapping_pages, { inode, start, end }));
});

/** mm/filemap.c: page_cache_delete(): lookups find nothing from here on; the references still exist. */
export const page_cache_delete = routine('page_cache_delete', (k, { inode, folio: of }: OfFolio) => {
  // The entry, then the mapping: one step, since a reader of the mapping has the folio locked, and here the caller has
  // it locked.
  k.step('xas_store', () => {
    const index = folio.index.at(of);
    k.each(index, index.plus(folioNrPages(of)), (i) => iPages.at(inode, i).set(none(FOLIO)));
    folio.mapping.at(of).set(none(INODE));
  });
});

/** mm/filemap.c: filemap_free_folio(): puts the page cache's references. */
export const filemap_free_folio = routine('filemap_free_folio', (k, args: { readonly folio: Value<'folio'> }) => {
  k.step('folio_put_refs', () => putReferences(k, args.folio, folioNrPages(args.folio)));
});

/**
 * mm/filemap.c: find_lock_entries(): fills the batch with unlocked folios within the range, each with a reference, and
 * locks them. Moves `start` past the last one.
 */
const find_lock_entries = routine('find_lock_entries', (k, { inode, start, end, batch }: Entries) => {
  const at = k.let('at', optional(INDEX), start);
  const found = k.local('found', optional(FOLIO));
  const got = k.local('got', bool);
  batch.count.set(0);
  k.claimingList(batch.holder, batch.folios, 0, batch.count, {}, () => {
    k.while(batch.count.lt(mostEntries(k)), () => {
      k.call(find_get_entry, { inode, at, end, found });
      k.if(found.eq(none(FOLIO)), () => k.break());
      k.claiming('lookup', found, {}, () => {
        k.step('folio_trylock', () => {
          got.set(folio.locked.at(found).not());
          k.when(got, () => folio.locked.at(found).set(true));
        });
        k.if(got, () => {
          k.step('recheck_mapping', () => got.set(folio.mapping.at(found).eq(inode)));
          k.if(got.not(), () => k.call(folio_unlock, { folio: found }));
        });
        k.if(got.not(), () => k.call(folio_put, { folio: found }));
      });
      k.if(got, () => {
        batch.folios.at(batch.count).set(found);
        batch.count.add(1);
        start.set(at);
      });
    });
  });
});

/** mm/filemap.c: find_get_entries(): fills the batch, each folio with a reference. Moves `start` past the last one. */
const find_get_entries = routine('find_get_entries', (k, { inode, start, end, batch }: Entries) => {
  const found = k.local('found', optional(FOLIO));
  batch.count.set(0);
  k.claimingList(batch.holder, batch.folios, 0, batch.count, {}, () => {
    k.while(batch.count.lt(mostEntries(k)), () => {
      k.call(find_get_entry, { inode, at: start, end, found });
      k.if(found.eq(none(FOLIO)), () => k.break());
      batch.folios.at(batch.count).set(found);
      batch.count.add(1);
    });
  });
});

/** mm/filemap.c: delete_from_page_cache_batch(): all leave the page cache, then their references are put. */
const delete_from_page_cache_batch = routine(
  'delete_from_page_cache_batch',
  (k, { inode, batch }: Pick<Entries, 'inode' | 'batch'>) => {
    const held = (from: Value<'int'> | number, to: Value<'int'>, text: () => void): void =>
      k.claimingList('page-cache', batch.folios, from, to, { amount: pagesHeld(k, batch.folios.at(0)) }, text);
    k.for('i', int(k.config.profile.batchSize), 0, batch.count, (i) => {
      held(0, i, () => k.call(page_cache_delete, { inode, folio: batch.folios.at(i) }));
    });
    k.for('i', int(k.config.profile.batchSize), 0, batch.count, (i) => {
      held(i, batch.count, () => k.call(filemap_free_folio, { folio: batch.folios.at(i) }));
    });
  },
);

/** mm/truncate.c: truncate_inode_folio(): a locked folio, unless another task has already removed it. */
const truncate_inode_folio = routine('truncate_inode_folio', (k, args: OfFolio) => {
  const { inode, folio: of } = args;
  const gone = k.local('gone', bool);
  k.step('recheck_mapping', () => gone.set(folio.mapping.at(of).ne(inode)));
  k.if(gone, () => k.return());
  k.call(truncate_cleanup_folio, args);
  k.call(page_cache_delete, args);
  k.claiming('page-cache', of, { amount: pagesHeld(k, of) }, () => k.call(filemap_free_folio, { folio: of }));
});

/**
 * mm/truncate.c: truncate_inode_pages_range(), the first and the last page of a range between its two passes: waits for
 * the folio's lock, and removes it. Its reference is put without a drain: a folio that a fault had locked until now can
 * be in any CPU's batch, also its own, and outlive the hole there.
 */
const truncate_edge = routine(
  '__filemap_get_folio',
  (k, { inode, index }: { readonly inode: Value<'inode'>; readonly index: Value<'index'> }) => {
    const found = k.local('folio', optional(FOLIO));
    k.call(filemap_lock_folio, { inode, index, found });
    k.if(found.ne(none(FOLIO)), () =>
      k.claiming('lookup', found, {}, () => {
        k.call(truncate_inode_folio, { inode, folio: found });
        k.call(folio_unlock, { folio: found });
        k.call(folio_put, { folio: found });
      }),
    );
  },
);

/**
 * mm/truncate.c: truncate_inode_pages_range(), whole pages: first the unlocked folios, a batch at a time; then the
 * first and the last page of the range, which a fault may have had locked; then, one by one, the folios that faults
 * still hold. The references of a round of a pass are put after a drain of the own CPU's batches. The kernel leaves an
 * empty mapping at once: here its lookups find nothing.
 */
export const truncate_inode_pages_range = routine(
  'truncate_inode_pages_range',
  (
    k,
    args: {
      readonly inode: Value<'inode'>;
      readonly start: Value<'index'>;
      readonly end: Value<'index'>;
      /** The range has no last page: all of a file that is gone. */
      readonly toEnd?: boolean;
    },
  ) => {
    const { inode, toEnd = false } = args;
    const start = k.let('start', optional(INDEX), args.start);
    const end = k.let('end', optional(INDEX), args.end);
    const batch = folioBatch(k, 'lookup');
    if (k.sizes['order'] !== 0) k.call(truncate_inode_partial_folio, { inode, start, end });
    const index = k.let('index', optional(INDEX), start);
    k.while(index.lt(end), () => {
      k.call(find_lock_entries, { inode, start: index, end, batch });
      k.if(batch.count.eq(0), () => k.break());
      k.claimingList(batch.holder, batch.folios, 0, batch.count, {}, () => {
        forEach(k, batch, (of) => k.call(truncate_cleanup_folio, { inode, folio: of }));
        k.call(delete_from_page_cache_batch, { inode, batch });
        forEach(k, batch, (of) => k.call(folio_unlock, { folio: of }));
      });
      k.call(folio_batch_release, { batch });
    });
    k.if(start.lt(end), () => {
      k.call(truncate_edge, { inode, index: start });
      if (!toEnd)
        k.if(start.plus(1).lt(end), () => {
          const last = k.let('last', optional(INDEX), end.minus(1));
          k.call(truncate_edge, { inode, index: last });
        });
    });
    index.set(start);
    k.while(index.lt(end), () => {
      const found = k.let('from', optional(INDEX), index);
      k.call(find_get_entries, { inode, start: index, end, batch });
      k.if(
        batch.count.eq(0),
        () => {
          k.if(found.eq(start), () => k.break());
          // Once more from the start, to verify that all are gone.
          index.set(start);
        },
        () => {
          k.claimingList(batch.holder, batch.folios, 0, batch.count, {}, () => {
            forEach(k, batch, (of) => {
              k.call(folio_lock, { folio: of });
              k.call(truncate_inode_folio, { inode, folio: of });
              k.call(folio_unlock, { folio: of });
            });
          });
          k.call(folio_batch_release, { batch });
        },
      );
    });
  },
);

/**
 * mm/truncate.c: truncate_inode_partial_folio() at both ends: a large folio that reaches out of the range stays, as if
 * it cannot be split, and the range shrinks.
 */
const truncate_inode_partial_folio = routine(
  'truncate_inode_partial_folio',
  (k, { inode, start, end }: { inode: Value<'inode'>; start: Place<'index'>; end: Place<'index'> }) => {
    const of = k.local('folio', optional(FOLIO));
    const next = (): Value<'index'> => folio.index.at(of).plus(folioNrPages(of));
    k.step('partial_start', () => {
      of.set(iPages.at(inode, start));
      k.when(of.ne(none(FOLIO)), () => k.when(folio.index.at(of).lt(start), () => start.set(next())));
    });
    k.step('partial_end', () => {
      of.set(iPages.at(inode, end.minus(1)));
      k.when(of.ne(none(FOLIO)), () => k.when(next().gt(end), () => end.set(folio.index.at(of))));
    });
  },
);

// SPDX-License-Identifier: GPL-2.0-only
import {
  bool,
  choose,
  element,
  first,
  int,
  literal,
  type LocalArray,
  none,
  optional,
  ordinal,
  type Place,
  shared,
  size,
  type Value,
} from '../lang/index.ts';
import type { HolderKind } from '../ledger/index.ts';
import { folio_add_lru, lru_add_drain_within } from './folio.ts';
import { hwpoison } from './hwpoison.ts';
import { FOLIO, hasPart, INDEX, INODE, type K, routine } from './kernel.ts';
import { REF_SET } from './observations.ts';
import { folio, folio_put, folio_try_get, folioNrPages, putReferences } from './page_ref.ts';

/** mapping->i_pages: the folio at each offset; a large folio is at each of its pages' offsets. */
export const iPages = shared('mapping.i_pages', [INODE, INDEX], optional(FOLIO));

interface At extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly index: Value<'index'>;
}

/**
 * A new folio from the page allocator with the caller's reference, or none if memory is used up. It prefers the folio
 * with the number of its page, so that equal states look equal.
 */
export const filemap_alloc_folio = routine(
  'filemap_alloc_folio',
  (k, { inode, index, order, got }: At & { readonly order: number; readonly got: Place<'folio'> }) => {
    const pages = k.sizes['index'] ?? 0;
    let base: Value<'int'> = literal(0);
    for (let i = 1; i < (k.sizes['inode'] ?? 1); i++) base = choose(inode.eq(i), i * pages, base);
    const preferred = k.let('preferred', optional(FOLIO), element(FOLIO, ordinal(index).plus(base).mod(size(FOLIO))));
    const free = (candidate: Value<'folio'>): Value<'bool'> => folio.allocated.at(candidate).not();
    k.step('alloc_folio', () => {
      got.set(first(preferred, none(FOLIO), first(0, preferred, none(FOLIO), free), free));
      k.when(got.ne(none(FOLIO)), () => {
        k.observe(REF_SET, { folio: got });
        folio.allocated.at(got).set(true);
        folio.refcount.at(got).set(1);
        folio.order.at(got).set(order);
        if (hasPart(k, 'memory_failure')) hwpoison.dirty.at(got, 0).set(false);
      });
    });
  },
);

/**
 * mm/filemap.c: filemap_add_folio(). Only the caller holds the folio; on success it is in the page cache, locked, and
 * queued for the LRU.
 */
export const filemap_add_folio = routine(
  'filemap_add_folio',
  (k, args: At & { readonly folio: Value<'folio'>; readonly added: Place<'bool'> }) => {
    const { inode, index, added } = args;
    const pages = folioNrPages(args.folio);
    const end = index.plus(pages);
    k.step('folio_ref_add', () => {
      folio.locked.at(args.folio).set(true);
      folio.refcount.at(args.folio).add(pages);
      folio.mapping.at(args.folio).set(inode);
      folio.index.at(args.folio).set(index);
    });
    k.claiming('page-cache', args.folio, { amount: pagesHeld(k, args.folio) }, () => {
      k.step('xas_store', () => {
        const conflict = first(index, end, none(INDEX), (i) => iPages.at(inode, i).ne(none(FOLIO)));
        added.set(conflict.eq(none(INDEX)));
        k.when(added, () => k.each(index, end, (i) => iPages.at(inode, i).set(args.folio)));
      });
    });
    k.if(
      added,
      () => {
        if (k.config.patch.skipsLru !== true) k.call(folio_add_lru, { folio: args.folio });
      },
      () =>
        k.claiming('page-cache', args.folio, { amount: pagesHeld(k, args.folio) }, () => {
          k.step('folio_ref_sub', () => {
            folio.mapping.at(args.folio).set(none(INODE));
            folio.locked.at(args.folio).set(false);
            putReferences(k, args.folio, pages);
          });
        }),
    );
  },
);

/** mm/filemap.c: filemap_get_entry(): the folio at an offset with a reference, or none. */
export const filemap_get_entry = routine(
  'filemap_get_entry',
  (k, { inode, index, found }: At & { readonly found: Place<'folio'> }) => {
    const got = k.local('got', bool);
    const moved = k.local('moved', bool);
    k.loop(() => {
      k.step('xas_load', () => found.set(iPages.at(inode, index)));
      k.if(found.eq(none(FOLIO)), () => k.return());
      k.call(folio_try_get, { folio: found, got });
      k.if(got, () => {
        k.claiming('lookup', found, {}, () => {
          k.step('xas_reload', () => moved.set(iPages.at(inode, index).ne(found)));
        });
        k.if(moved.not(), () => k.return());
        k.claiming('lookup', found, {}, () => k.call(folio_put, { folio: found }));
      });
    });
  },
);

/** include/linux/pagemap.h: folio_lock(). */
export const folio_lock = routine('folio_lock', (k, args: { readonly folio: Value<'folio'> }) => {
  const locked = folio.locked.at(args.folio);
  k.await('folio_lock', locked.not(), () => locked.set(true));
});

/** mm/filemap.c: folio_unlock(). */
export const folio_unlock = routine('folio_unlock', (k, args: { readonly folio: Value<'folio'> }) => {
  k.step('folio_unlock', () => folio.locked.at(args.folio).set(false));
});

/** mm/filemap.c: filemap_lock_folio(): the folio at an offset, locked and with a reference, or none. */
export const filemap_lock_folio = routine(
  'filemap_lock_folio',
  (k, { inode, index, found }: At & { readonly found: Place<'folio'> }) => {
    const gone = k.local('gone', bool);
    k.loop(() => {
      k.call(filemap_get_entry, { inode, index, found });
      k.if(found.eq(none(FOLIO)), () => k.return());
      k.claiming('lookup', found, {}, () => {
        k.call(folio_lock, { folio: found });
        k.step('recheck_mapping', () => gone.set(folio.mapping.at(found).ne(inode)));
      });
      k.if(gone.not(), () => k.return());
      k.claiming('lookup', found, {}, () => {
        k.call(folio_unlock, { folio: found });
        k.call(folio_put, { folio: found });
      });
    });
  },
);

/** include/linux/pagemap.h: folio_trylock(). */
export const folio_trylock = routine(
  'folio_trylock',
  (k, args: { readonly folio: Value<'folio'>; readonly locked: Place<'bool'> }) => {
    const locked = folio.locked.at(args.folio);
    k.step('folio_trylock', () => {
      args.locked.set(locked.not());
      locked.set(true);
    });
  },
);

/** include/linux/pagemap.h: filemap_get_folio(): the folio at an offset with a reference, or none. */
export const filemap_get_folio = routine('filemap_get_folio', (k, args: At & { readonly found: Place<'folio'> }) =>
  k.call(filemap_get_entry, args),
);

/**
 * mm/filemap.c: __filemap_get_folio() with FGP_LOCK | FGP_CREAT: the folio at an offset, locked and with a reference,
 * created if it is absent; none if memory is used up. guest_memfd looks the folio up twice before it creates one
 * (kvm_gmem_get_folio()). A lookup without a result has no effect, so the two are as if only the second had been made.
 */
export const filemap_get_folio_create = routine(
  '__filemap_get_folio',
  (k, { inode, index, found, order }: At & { readonly found: Place<'folio'>; readonly order: number }) => {
    const added = k.local('added', bool);
    k.loop(() => {
      k.call(filemap_lock_folio, { inode, index, found });
      k.if(found.ne(none(FOLIO)), () => k.return());
      // If a large folio does not fit between its neighbours, a smaller one is tried before the lookup is repeated.
      for (let smaller = order; smaller >= 0; smaller--) {
        const aligned = index
          .mod(2 ** smaller)
          .eq(0)
          .and(index.plus(2 ** smaller).le(none(INDEX)));
        k.if(smaller === 0 ? literal(1) : aligned, () => {
          k.call(filemap_alloc_folio, { inode, index, order: smaller, got: found });
          k.if(found.eq(none(FOLIO)), () => k.return());
          k.claiming('lookup', found, {}, () => k.call(filemap_add_folio, { inode, index, folio: found, added }));
          k.if(added, () => k.return());
          k.claiming('lookup', found, {}, () => k.call(folio_put, { folio: found }));
        });
      }
    });
  },
);

/** A task's folio_batch, each of its folios with a reference. */
export interface FolioBatch {
  /** Kind of holder that the task is while the folios are in the batch. */
  readonly holder: HolderKind;
  readonly folios: LocalArray<'folio'>;
  readonly count: Place<'int'>;
  /** percpu_pvec_drained: a release has already drained its CPU. */
  readonly drained: Place<'bool'>;
}

/** include/linux/folio_batch.h: folio_batch_init(). */
export function folioBatch(k: K, holder: HolderKind = 'safety-check'): FolioBatch {
  const capacity = k.config.profile.batchSize;
  return {
    holder,
    folios: k.localArray('fbatch', capacity, optional(FOLIO)),
    count: k.let('fbatch.nr', int(capacity), 0),
    drained: k.let('fbatch.drained', bool, false),
  };
}

/**
 * mm/filemap.c: find_get_entry(): the first folio from `at` up to and without `end`, with a reference, or none. Moves
 * `at` past it.
 */
export const find_get_entry = routine(
  'find_get_entry',
  (
    k,
    args: {
      readonly inode: Value<'inode'>;
      readonly at: Place<'index'>;
      readonly end: Value<'index'>;
      readonly found: Place<'folio'>;
    },
  ) => {
    const { inode, at, end, found } = args;
    const index = k.local('index', optional(INDEX));
    const ok = k.local('ok', bool);
    const next = k.local('next', optional(INDEX));
    k.loop(() => {
      k.step('xas_find', () => {
        index.set(first(at, end, none(INDEX), (i) => iPages.at(inode, i).ne(none(FOLIO))));
        k.when(
          index.eq(none(INDEX)),
          () => found.set(none(FOLIO)),
          () => found.set(iPages.at(inode, index)),
        );
      });
      k.if(found.eq(none(FOLIO)), () => k.return());
      k.call(folio_try_get, { folio: found, got: ok });
      k.if(ok, () => {
        k.claiming('lookup', found, {}, () => {
          k.step('xas_reload', () => {
            ok.set(iPages.at(inode, index).eq(found));
            next.set(folio.index.at(found).plus(folioNrPages(found)));
          });
        });
        k.if(
          ok,
          () => {
            at.set(next);
            k.return();
          },
          () => k.claiming('lookup', found, {}, () => k.call(folio_put, { folio: found })),
        );
      });
    });
  },
);

/**
 * mm/filemap.c: filemap_get_folios(): adds to the batch, behind what it has, the folios from `start` up to and including `last`, each
 * with a reference, and moves `start` past the last one taken. It retries while a folio is frozen.
 */
export const filemap_get_folios = routine(
  'filemap_get_folios',
  (
    k,
    args: {
      readonly inode: Value<'inode'>;
      readonly start: Place<'index'>;
      readonly last: Value<'index'>;
      readonly batch: FolioBatch;
    },
  ) => {
    const { inode, start, last, batch } = args;
    const found = k.local('found', optional(INDEX));
    const entry = k.local('entry', optional(FOLIO));
    const ok = k.local('ok', bool);
    const next = k.local('next', optional(INDEX));
    k.claimingList(batch.holder, batch.folios, 0, batch.count, {}, () => {
      k.while(batch.count.lt(k.config.profile.batchSize), () => {
        k.step('xas_find', () => {
          found.set(first(start, last.plus(1), none(INDEX), (i) => iPages.at(inode, i).ne(none(FOLIO))));
          // What the previous turn found is forgotten in both cases: it would split states that are equal.
          k.when(
            found.ne(none(INDEX)),
            () => entry.set(iPages.at(inode, found)),
            () => entry.set(none(FOLIO)),
          );
        });
        k.if(found.eq(none(INDEX)), () => {
          start.set(last.plus(1));
          k.return();
        });
        k.call(folio_try_get, { folio: entry, got: ok });
        k.if(ok, () => {
          k.claiming(batch.holder, entry, {}, () => {
            k.step('xas_reload', () => {
              ok.set(iPages.at(inode, found).eq(entry));
              next.set(folio.index.at(entry).plus(folioNrPages(entry)));
            });
          });
          k.if(
            ok,
            () => {
              batch.folios.at(batch.count).set(entry);
              batch.count.add(1);
              start.set(next);
            },
            () => k.claiming(batch.holder, entry, {}, () => k.call(folio_put, { folio: entry })),
          );
        });
      });
    });
  },
);

/**
 * include/linux/folio_batch.h: folio_batch_release(), mm/folio.c: __folio_batch_release(): the first time it drains the
 * CPU on which it runs; then it puts every folio.
 */
export const folio_batch_release = routine('folio_batch_release', (k, { batch }: { readonly batch: FolioBatch }) => {
  k.if(batch.count.eq(0), () => k.return());
  k.claimingList(batch.holder, batch.folios, 0, batch.count, {}, () => {
    k.if(batch.drained.not(), () => {
      k.call(lru_add_drain_within, {});
      batch.drained.set(true);
    });
  });
  k.for('i', int(k.config.profile.batchSize), 0, batch.count, (i) => {
    const entry = batch.folios.at(i);
    k.claimingList(batch.holder, batch.folios, i, batch.count, {}, () => {
      k.step('folios_put', () => {
        putReferences(k, entry);
        entry.set(none(FOLIO));
      });
    });
  });
  batch.count.set(0);
});

/** Number of references that the page cache takes to, or puts of, a folio. */
export const pagesHeld = (k: K, of: Value<'folio'>): Value<'int'> | number =>
  k.sizes['order'] === 0 ? 1 : folioNrPages(of);

// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, literal, none, optional, type Place, type Value } from '../lang/index.ts';
import { folio_lock, folio_unlock, iPages } from './filemap.ts';
import { lru_add_drain_all } from './folio.ts';
import { hwpoison } from './hwpoison.ts';
import { FOLIO, hasPart, INDEX, INODE, type K, MM, routine } from './kernel.ts';
import { invalidating } from './kvm_mmu.ts';
import { mlock_drain_local, munlock_folio } from './mlock.ts';
import { folio, folio_put, folio_try_get, folioNrPages, freeFolio } from './page_ref.ts';
import { filemap_invalidate_lock_shared, filemap_invalidate_unlock_shared } from './rwsem.ts';
import { resultCode } from './sched.ts';
import { folio_isolate_lru, folio_putback_lru } from './vmscan.ts';
import { pte, pte_lock, pte_unlock, pteDirty, tlb, vmLocked } from './zap.ts';

/** mm/memory-failure.c: GET_PAGE_MAX_RETRY_NUM: number of retries of get_any_page(). */
const MOST_RETRIES = 3;

interface OfFolio extends Readonly<Record<string, unknown>> {
  readonly folio: Value<'folio'>;
}

/** mf_mutex around the whole of memory_failure() and soft_offline_page(); each of their exits unlocks it. */
const mf_lock = (k: K): void => k.await('mutex_lock', hwpoison.mutex.not(), () => hwpoison.mutex.set(true));
const mf_unlock = (k: K): void => k.step('mutex_unlock', () => hwpoison.mutex.set(false));

/**
 * mm/memory-failure.c: get_hwpoison_page() and its get_any_page(): a reference by page frame, but only to a folio on
 * the LRU. If it is not on the LRU, all CPUs are drained and it is looked at again, first without and once more with
 * the reference. A free page needs no drain.
 */
const get_hwpoison_page = routine('get_hwpoison_page', (k, args: OfFolio & { readonly got: Place<'bool'> }) => {
  const { folio: of, got } = args;
  const pass = k.let('pass', int(MOST_RETRIES), 0);
  const handlable = k.local('handlable', bool);
  const isHandlable = (): Value<'bool'> => folio.lru.at(of).or(folio.allocated.at(of).not());
  const retry = (): void => {
    k.if(pass.eq(MOST_RETRIES), () => k.return());
    pass.add(1);
  };
  got.set(false);
  k.loop(() => {
    k.step('folio_test_lru', () => handlable.set(isHandlable()));
    k.if(
      handlable,
      () => {
        k.call(folio_try_get, { folio: of, got });
        k.if(
          got,
          () => {
            k.claiming('walker', of, {}, () => k.step('HWPoisonHandlable', () => handlable.set(isHandlable())));
            k.if(handlable, () => k.return());
            k.claiming('walker', of, {}, () => k.call(folio_put, { folio: of }));
            got.set(false);
            retry();
            k.call(lru_add_drain_all, {});
          },
          () => {
            const isFree = k.local('is_free', bool);
            k.step('is_free_buddy_page', () => isFree.set(folio.allocated.at(of).not()));
            k.if(isFree, () => k.return());
            retry();
          },
        );
      },
      () => {
        retry();
        k.call(lru_add_drain_all, {});
      },
    );
  });
});

/**
 * mm/truncate.c: mapping_evict_folio() and remove_mapping() of a locked folio: removes it from the page cache if it is
 * clean and has no other holder. It uses neither the invalidate lock nor the guest's invalidation.
 */
const mapping_evict_folio = routine('mapping_evict_folio', (k, args: OfFolio & { readonly evicted: Place<'bool'> }) => {
  const { folio: of, evicted } = args;
  const inode = k.local('inode', optional(INODE));
  const refused = k.local('refused', bool);
  const expected = (): Value<'bool'> => folio.refcount.at(of).eq(folioNrPages(of).plus(1));
  evicted.set(false);
  k.step('folio_mapping', () => inode.set(folio.mapping.at(of)));
  k.if(inode.eq(none(INODE)), () => k.return());
  k.step('folio_test_dirty', () => refused.set(hwpoison.dirty.at(of, 0)));
  k.if(refused, () => k.return());
  k.step('folio_ref_count', () => refused.set(expected().not()));
  k.if(refused, () => k.return());
  // Frozen, then removed, then left with the caller's reference: one step, since a folio with this count has no other
  // holder, and a lookup meanwhile retries until it is gone.
  k.step('remove_mapping', () => {
    evicted.set(expected().and(hwpoison.dirty.at(of, 0).not()));
    k.when(evicted, () => {
      const index = folio.index.at(of);
      k.each(index, index.plus(folioNrPages(of)), (i) => iPages.at(inode, i).set(none(FOLIO)));
      folio.mapping.at(of).set(none(INODE));
      folio.refcount.at(of).set(1);
    });
  });
});

/**
 * mm/memory-failure.c: page_handle_poison() of a page without users: it is poisoned and freed, but the allocator does
 * not get it, and a reference to it is kept. One step: once it is poisoned, all walkers by page frame leave it alone.
 */
const page_handle_poison = routine('page_handle_poison', (k, { folio: of }: OfFolio) => {
  k.step('SetPageHWPoison', () => {
    hwpoison.flag.at(of, 0).set(true);
    freeFolio(of);
    folio.allocated.at(of).set(true);
    hwpoison.kept.at(of, 0).set(of);
  });
});

/**
 * mm/memory-failure.c: soft_offline_in_use_page(): a clean page without users leaves the page cache for ever. Any other
 * page is isolated, but its mapping refuses the migration, so it is put back. The changes of page-table entries
 * meanwhile are left out. Called with the reference, which it puts.
 */
const soft_offline_in_use_page = routine(
  'soft_offline_in_use_page',
  (k, args: OfFolio & { readonly ret: Place<'int'> }) => {
    const { folio: of, ret } = args;
    const already = k.local('already', bool);
    const lru = k.local('lru', bool);
    const evicted = k.let('evicted', bool, false);
    const isolated = k.local('isolated', bool);
    const walking = (text: () => void): void => k.claiming('walker', of, {}, text);
    if (k.sizes['order'] !== 0) {
      // The kernel would first split it, which fails.
      walking(() => k.step('folio_test_large', () => already.set(folio.order.at(of).ne(0))));
      k.if(already, () => {
        walking(() => k.call(folio_put, { folio: of }));
        ret.set(resultCode('EBUSY'));
        k.return();
      });
    }
    walking(() => {
      k.call(folio_lock, { folio: of });
      k.step('PageHWPoison', () => already.set(hwpoison.flag.at(of, 0)));
    });
    k.if(already, () => {
      walking(() => {
        k.call(folio_unlock, { folio: of });
        k.call(folio_put, { folio: of });
      });
      k.return();
    });
    walking(() => {
      k.step('folio_test_lru', () => lru.set(folio.lru.at(of)));
      k.if(lru, () => k.call(mapping_evict_folio, { folio: of, evicted }));
      k.call(folio_unlock, { folio: of });
    });
    k.if(evicted, () => {
      walking(() => k.call(page_handle_poison, { folio: of }));
      k.return();
    });
    ret.set(resultCode('EBUSY'));
    walking(() => k.call(folio_isolate_lru, { folio: of, isolated }));
    k.if(
      isolated,
      () => {
        k.claiming('isolated', of, {}, () => walking(() => k.call(folio_put, { folio: of })));
        k.call(folio_putback_lru, { folio: of });
      },
      () => walking(() => k.call(folio_put, { folio: of })),
    );
  },
);

/**
 * mm/memory-failure.c: soft_offline_page(), by page frame. -EBUSY if the page stays, also for the kernel's -EIO; a free
 * page is left alone, while the kernel would take it from the allocator.
 */
export const soft_offline_page = routine('soft_offline_page', (k, args: OfFolio & { readonly ret: Place<'int'> }) => {
  const { folio: of, ret } = args;
  const got = k.local('got', bool);
  const already = k.local('already', bool);
  const isFree = k.local('is_free', bool);
  mf_lock(k);
  k.step('PageHWPoison', () => already.set(hwpoison.flag.at(of, 0)));
  k.if(already.not(), () => {
    k.call(get_hwpoison_page, { folio: of, got });
    k.if(
      got,
      () => k.call(soft_offline_in_use_page, { folio: of, ret }),
      () => {
        k.step('is_free_buddy_page', () => isFree.set(folio.allocated.at(of).not()));
        k.if(isFree.not(), () => ret.set(resultCode('EBUSY')));
      },
    );
  });
  mf_unlock(k);
});

interface UserEntry extends OfFolio {
  readonly mm: Value<'mm'>;
  readonly inode: Value<'inode'>;
  readonly index: Value<'index'>;
}

/**
 * mm/rmap.c: try_to_unmap_one() with TTU_HWPOISON: the entry is removed, the TLB is flushed, and only then the
 * reference is put. The entry that marks the page as poisoned is left out: the next fault finds the folio, and
 * PG_hwpoison.
 */
const try_to_unmap_one = routine('try_to_unmap_one', (k, args: UserEntry) => {
  const { mm, inode, index } = args;
  const mapped = k.local('mapped', bool);
  const locked = k.let('locked', bool, false);
  k.call(pte_lock, { mm });
  k.step('page_vma_mapped_walk', () => mapped.set(pte.at(mm, inode, index).eq(args.folio)));
  k.if(mapped, () => {
    k.step('ptep_get_and_clear', () => {
      pte.at(mm, inode, index).set(none(FOLIO));
      if (hasPart(k, 'mmap')) pteDirty.at(mm, inode, index, 0).set(false);
    });
    k.claiming('mmu-gather', args.folio, {}, () => {
      if (hasPart(k, 'mmap')) k.step('flush_tlb_page', () => tlb.at(mm, inode, index, 0).set(none(FOLIO)));
      k.step('folio_remove_rmap_pte', () => folio.mapcount.at(args.folio).sub(1));
      if (hasPart(k, 'mlock')) {
        k.step('munlock_vma_folio', () => locked.set(vmLocked.at(mm, inode, index, 0)));
        k.if(locked, () => {
          k.call(munlock_folio, { folio: args.folio });
          k.call(mlock_drain_local, {});
        });
      }
      k.call(folio_put, { folio: args.folio });
    });
  });
  k.call(pte_unlock, { mm });
});

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_error_folio(): the guest's page tables are zapped under the shared invalidate
 * lock, with the folio locked all the while; the folio stays in the page cache.
 */
const kvm_gmem_error_folio = routine(
  'kvm_gmem_error_folio',
  (k, range: { readonly inode: Value<'inode'>; readonly start: Value<'index'>; readonly end: Value<'index'> }) => {
    k.call(filemap_invalidate_lock_shared, { inode: range.inode });
    invalidating(k, range, () => {});
    k.call(filemap_invalidate_unlock_shared, { inode: range.inode });
  },
);

/** PG_mlocked, inferred from the mappings: the batches of munlock(), which clear it later, have just been flushed. */
function isMlocked(k: K, of: Value<'folio'>, inode: Value<'inode'>, index: Value<'index'>): Value<'bool'> {
  let mlocked = literal<'bool'>(0);
  for (let mm = 0; mm < (k.sizes['mm'] ?? 0); mm++)
    mlocked = mlocked.or(
      pte
        .at(mm, inode, index)
        .eq(of)
        .and(vmLocked.at(mm, inode, index, 0)),
    );
  return mlocked;
}

/**
 * mm/memory-failure.c: hwpoison_user_mappings(): removes the page from all page tables. If it was mlocked, all CPUs are
 * drained once more, with the folio locked.
 */
const hwpoison_user_mappings = routine(
  'hwpoison_user_mappings',
  (
    k,
    args: OfFolio & {
      readonly inode: Value<'inode'>;
      readonly start: Value<'index'>;
      readonly end: Value<'index'>;
    },
  ) => {
    const { folio: of, inode, start, end } = args;
    const mlocked = k.let('mlocked', bool, false);
    const goesOn = k.local('goes_on', bool);
    if (hasPart(k, 'mlock')) k.step('folio_test_mlocked', () => mlocked.set(isMlocked(k, of, inode, start)));
    k.step('folio_test_lru', () => goesOn.set(folio.lru.at(of)));
    k.if(goesOn.not(), () => k.return());
    k.step('folio_mapped', () => goesOn.set(folio.mapcount.at(of).gt(0)));
    k.if(goesOn.not(), () => k.return());
    k.for('mm', optional(MM), 0, none(MM), (mm) => {
      k.for('index', optional(INDEX), start, end, (index) => k.call(try_to_unmap_one, { mm, inode, index, folio: of }));
    });
    if (hasPart(k, 'mlock')) k.if(mlocked, () => k.call(lru_add_drain_all, {}));
  },
);

/**
 * mm/memory-failure.c: me_pagecache_clean(): off the LRU for ever (delete_from_lru_cache()), then the mapping's own
 * handler, kvm_gmem_error_folio(), if it is still in a mapping.
 */
const me_pagecache_clean = routine('me_pagecache_clean', (k, { folio: of }: OfFolio) => {
  const isolated = k.local('isolated', bool);
  const inode = k.local('inode', optional(INODE));
  const start = k.local('start', optional(INDEX));
  const end = k.local('end', optional(INDEX));
  k.call(folio_isolate_lru, { folio: of, isolated });
  k.if(isolated, () => k.claiming('isolated', of, {}, () => k.call(folio_put, { folio: of })));
  k.step('folio_mapping', () => {
    inode.set(folio.mapping.at(of));
    start.set(folio.index.at(of));
    end.set(folio.index.at(of).plus(folioNrPages(of)));
  });
  k.if(inode.ne(none(INODE)), () => k.call(kvm_gmem_error_folio, { inode, start, end }));
});

/**
 * mm/memory-failure.c: memory_failure() of a guest_memfd folio, by page frame. The reference that it takes is kept for
 * ever. -EBUSY: truncate_error_folio() takes kvm_gmem_error_folio()'s MF_DELAYED for a failure; -EHWPOISON if the folio
 * is already poisoned. A free page is left alone, while the kernel would take it from the allocator.
 */
export const memory_failure = routine('memory_failure', (k, args: OfFolio & { readonly ret: Place<'int'> }) => {
  const { ret } = args;
  const of = args.folio;
  const got = k.local('got', bool);
  const already = k.local('already', bool);
  const lru = k.local('lru', bool);
  const gone = k.let('gone', bool, false);
  const inode = k.local('inode', optional(INODE));
  const start = k.local('start', optional(INDEX));
  const end = k.local('end', optional(INDEX));
  mf_lock(k);
  k.step('TestSetPageHWPoison', () => {
    already.set(hwpoison.flag.at(of, 0));
    hwpoison.flag.at(of, 0).set(true);
  });
  k.if(already, () => {
    ret.set(resultCode('EHWPOISON'));
    mf_unlock(k);
    k.return();
  });
  ret.set(resultCode('EBUSY'));
  k.call(get_hwpoison_page, { folio: of, got });
  k.if(got.not(), () => {
    k.step('is_free_buddy_page', () => k.when(folio.allocated.at(of).not(), () => hwpoison.flag.at(of, 0).set(false)));
    mf_unlock(k);
    k.return();
  });
  k.claiming('walker', of, {}, () => {
    // For hwpoison_filter(), which passes everything outside its own tests.
    k.call(folio_lock, { folio: of });
    k.call(folio_unlock, { folio: of });
    k.call(lru_add_drain_all, {});
    k.call(folio_lock, { folio: of });
    k.step('folio_test_lru', () => {
      lru.set(folio.lru.at(of));
      // Stable until the folio is unlocked: they change only under that lock.
      inode.set(folio.mapping.at(of));
      start.set(folio.index.at(of));
      end.set(folio.index.at(of).plus(folioNrPages(of)));
    });
    k.if(lru, () => {
      k.if(inode.ne(none(INODE)), () => k.call(hwpoison_user_mappings, { folio: of, inode, start, end }));
      k.step('torn_down', () => gone.set(folio.lru.at(of).and(folio.mapping.at(of).eq(none(INODE)))));
    });
    k.if(gone.not(), () => k.call(me_pagecache_clean, { folio: of }));
    k.call(folio_unlock, { folio: of });
    k.step('action_result', () => hwpoison.kept.at(of, 0).set(of));
  });
  mf_unlock(k);
});

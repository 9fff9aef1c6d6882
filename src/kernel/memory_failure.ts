// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, none, optional, type Place, type Value } from '../lang/index.ts';
import { folio_lock, folio_unlock } from './filemap.ts';
import { lru_add_drain_all } from './folio.ts';
import { hwpoison } from './hwpoison.ts';
import { FOLIO, hasPart, INDEX, INODE, MM, routine } from './kernel.ts';
import { invalidating } from './kvm_mmu.ts';
import { mlock_drain_local, munlock_folio } from './mlock.ts';
import { folio, folio_put, folio_try_get, folioNrPages } from './page_ref.ts';
import { filemap_invalidate_lock_shared, filemap_invalidate_unlock_shared } from './rwsem.ts';
import { resultCode } from './sched.ts';
import { folio_isolate_lru, folio_putback_lru } from './vmscan.ts';
import { pte, pte_lock, pte_unlock, pteDirty, tlb, vmLocked } from './zap.ts';

/** mm/memory-failure.c: how often get_any_page() drains and looks again. */
const MOST_SHAKES = 3;

interface OfFolio extends Readonly<Record<string, unknown>> {
  readonly folio: Value<'folio'>;
}

/**
 * mm/memory-failure.c: get_hwpoison_page(): a reference by page frame, but only to a folio on the LRU; where it is on
 * none all CPUs are drained and it is looked at again.
 */
const get_hwpoison_page = routine('get_hwpoison_page', (k, args: OfFolio & { readonly got: Place<'bool'> }) => {
  const { got } = args;
  const shakes = k.let('shakes', int(MOST_SHAKES), 0);
  k.loop(() => {
    k.step('folio_test_lru', () => got.set(folio.lru.at(args.folio)));
    k.if(got, () => k.call(folio_try_get, { folio: args.folio, got }));
    k.if(got.or(shakes.eq(MOST_SHAKES)), () => k.return());
    shakes.add(1);
    k.call(lru_add_drain_all, {});
  });
});

/**
 * mm/memory-failure.c: soft_offline_page() of a guest_memfd folio, by page frame: it is isolated, but its mapping
 * refuses to let it migrate, so it is put back. What happens to page-table entries meanwhile is left out.
 */
export const soft_offline_page = routine('soft_offline_page', (k, args: OfFolio) => {
  const got = k.local('got', bool);
  const isolated = k.local('isolated', bool);
  k.call(get_hwpoison_page, { ...args, got });
  k.if(got.not(), () => k.return());
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

interface UserEntry extends OfFolio {
  readonly mm: Value<'mm'>;
  readonly inode: Value<'inode'>;
  readonly index: Value<'index'>;
}

/**
 * mm/rmap.c: try_to_unmap_one() with TTU_HWPOISON: the entry goes, the TLB is flushed, and only then the reference. The
 * entry that marks the page as poisoned is left out: the next fault finds the folio, and PG_hwpoison.
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

/**
 * mm/memory-failure.c: memory_failure() of a guest_memfd folio, by page frame. The reference that it takes is kept for good.
 * -EBUSY: truncate_error_folio() takes the MF_DELAYED that kvm_gmem_error_folio() answers for a failure; -EHWPOISON
 * where the folio is poisoned already. A free page is left alone; the kernel would take it from the allocator.
 */
export const memory_failure = routine('memory_failure', (k, args: OfFolio & { readonly ret: Place<'int'> }) => {
  const { ret } = args;
  const of = args.folio;
  const got = k.local('got', bool);
  const already = k.local('already', bool);
  const inode = k.local('inode', optional(INODE));
  const start = k.local('start', optional(INDEX));
  const end = k.local('end', optional(INDEX));
  k.step('TestSetPageHWPoison', () => {
    already.set(hwpoison.flag.at(of, 0));
    hwpoison.flag.at(of, 0).set(true);
  });
  k.if(already, () => {
    ret.set(resultCode('EHWPOISON'));
    k.return();
  });
  ret.set(resultCode('EBUSY'));
  k.call(get_hwpoison_page, { folio: of, got });
  k.if(got.not(), () => {
    k.step('is_free_buddy_page', () => k.when(folio.refcount.at(of).eq(0), () => hwpoison.flag.at(of, 0).set(false)));
    k.return();
  });
  k.claiming('walker', of, {}, () => {
    k.call(lru_add_drain_all, {});
    k.call(folio_lock, { folio: of });
    k.step('folio_mapping', () => {
      inode.set(folio.mapping.at(of));
      start.set(folio.index.at(of));
      end.set(folio.index.at(of).plus(folioNrPages(of)));
    });
    k.if(inode.ne(none(INODE)), () => {
      k.for('mm', optional(MM), 0, none(MM), (mm) => {
        k.for('index', optional(INDEX), start, end, (index) =>
          k.call(try_to_unmap_one, { mm, inode, index, folio: of }),
        );
      });
      k.call(kvm_gmem_error_folio, { inode, start, end });
    });
    k.call(folio_unlock, { folio: of });
    k.step('action_result', () => hwpoison.kept.at(of, 0).set(of));
  });
});

// SPDX-License-Identifier: GPL-2.0-only
import { bool, choose, first, int, none, optional, ordinal, type Place, shared, type Value } from '../lang/index.ts';
import { type Access, accessContents, markUptodate } from './contents.ts';
import {
  filemap_get_folio_create,
  filemap_get_folios,
  folio_batch_release,
  folio_unlock,
  folioBatch,
} from './filemap.ts';
import { FOLIO, hasPart, INDEX, INODE, isMutant, type K, routine } from './kernel.ts';
import { hwpoison } from './hwpoison.ts';
import { invalidating, kvm, kvm_tdp_mmu_map, mmu_invalidate_retry, read_lock_mmu, read_unlock_mmu } from './kvm_mmu.ts';
import { mlock_folio } from './mlock.ts';
import { CHECK, FAULT, REF_MOD_NOTHING, REFUSED, STORED } from './observations.ts';
import { changesMappings, mmap_read_lock, mmap_read_unlock } from './mmap_lock.ts';
import { folio, folio_put, folioNrPages, putReferences } from './page_ref.ts';
import {
  filemap_invalidate_lock,
  filemap_invalidate_lock_shared,
  filemap_invalidate_unlock,
  filemap_invalidate_unlock_shared,
} from './rwsem.ts';
import { resultCode, resultType } from './sched.ts';
import { truncate_inode_pages_range } from './truncate.ts';
import { pte, pte_lock, pte_unlock, pteDirty, tlb, unmap_mapping_pages, vmaGone, vmLocked } from './zap.ts';

/** struct gmem_inode. */
export const gmemInode = {
  /** i_size in pages; 0 is no inode. */
  pages: shared(
    'gmem_inode.pages',
    [INODE],
    int(({ index = 0 }) => index),
  ),
  /** KVM_MEMORY_ATTRIBUTE_PRIVATE of each page. */
  private: shared('gmem_inode.private', [INODE, INDEX], bool),
};

/** A routine with the lookups of a fault: the folio that it holds will be mapped. */
const fault = <A extends Readonly<Record<string, unknown>>>(name: string, text: (k: K, args: A) => void) =>
  routine(name, (k, args: A) => k.claimsMean('lookup', FAULT, () => text(k, args)));

interface At extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly index: Value<'index'>;
}

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_get_folio(): always order 0 in the kernel; `order` exists for what its comments
 * plan.
 */
export const kvm_gmem_get_folio = routine(
  'kvm_gmem_get_folio',
  (k, args: At & { readonly found: Place<'folio'>; readonly order: number }) => {
    k.call(filemap_get_folio_create, args);
  },
);

/**
 * Folios that a user's fault does not map: a large one, for which guest_memfd warns (virt/kvm/guest_memfd.c), and a
 * poisoned one (mm/memory.c: __do_fault()). Puts the folio and leaves the routine.
 */
function refusing(k: K, of: Value<'folio'>, refuse: () => void): void {
  const refused = k.local('refused', bool);
  const unlessRefused = (): void =>
    k.if(refused, () => {
      refuse();
      k.claiming('lookup', of, {}, () => {
        k.call(folio_unlock, { folio: of });
        k.call(folio_put, { folio: of });
      });
      k.return();
    });
  // 7.3 and v8 of the series warn of a large folio and answer SIGBUS; the series' comments plan to map its pages.
  if (k.sizes['order'] !== 0 && !k.config.profile.mapsLargeFolios) {
    k.claiming('lookup', of, {}, () => k.step('folio_test_large', () => refused.set(folio.order.at(of).ne(0))));
    unlessRefused();
  }
  if (hasPart(k, 'memory_failure')) {
    k.claiming('lookup', of, {}, () => k.step('PageHWPoison', () => refused.set(hwpoison.flag.at(of, 0))));
    unlessRefused();
  }
}

/** virt/kvm/guest_memfd.c: kvm_gmem_fault_user_mapping(), then mm/memory.c: finish_fault(). */
const kvm_gmem_fault_user_mapping = fault(
  'kvm_gmem_fault_user_mapping',
  (k, { mm, inode, index, ret }: At & { readonly mm: Value<'mm'>; readonly ret: Place<'int'> }) => {
    const found = k.let('folio', optional(FOLIO), none(FOLIO));
    const inaccessible = k.local('inaccessible', bool);
    const empty = k.local('empty', bool);
    const locked = k.local('locked', bool);
    k.step('i_size_read', () => inaccessible.set(gmemInode.pages.at(inode).le(ordinal(index))));
    k.if(inaccessible, () => {
      ret.set(resultCode('SIGBUS'));
      k.return();
    });
    const locks = !isMutant(k, 'fault-without-lock');
    if (locks) k.call(filemap_invalidate_lock_shared, { inode });
    k.step('kvm_gmem_is_private', () => inaccessible.set(gmemInode.private.at(inode, index)));
    k.if(inaccessible.not(), () => k.call(kvm_gmem_get_folio, { inode, index, found, order: 0 }));
    if (locks) k.claiming('lookup', found, {}, () => k.call(filemap_invalidate_unlock_shared, { inode }));
    k.if(inaccessible, () => {
      ret.set(resultCode('SIGBUS'));
      k.return();
    });
    k.if(found.eq(none(FOLIO)), () => {
      ret.set(resultCode('ENOMEM'));
      k.return();
    });
    refusing(k, found, () => ret.set(resultCode('SIGBUS')));
    k.claiming('lookup', found, {}, () => {
      markUptodate(k, found);
      k.call(pte_lock, { mm });
      k.step('pte_none', () => empty.set(pte.at(mm, inode, index).eq(none(FOLIO))));
      k.if(empty, () => {
        k.step('folio_add_file_rmap_ptes', () => folio.mapcount.at(found).add(1));
        if (hasPart(k, 'mlock')) {
          k.step('mlock_vma_folio', () => locked.set(vmLocked.at(mm, inode, index, 0)));
          k.if(locked, () => k.call(mlock_folio, { folio: found }));
        }
      });
      // The lookup's reference becomes the page table's.
      k.if(empty, () =>
        k.step('set_pte_at', () => {
          k.observe(REF_MOD_NOTHING, { folio: found });
          pte.at(mm, inode, index).set(found);
        }),
      );
    });
    k.claiming('lookup', found, { amount: choose<'int'>(empty, 0, 1) }, () => {
      k.call(pte_unlock, { mm });
      k.call(folio_unlock, { folio: found });
    });
    k.if(empty.not(), () => k.claiming('lookup', found, {}, () => k.call(folio_put, { folio: found })));
    ret.set(resultCode('ok'));
  },
);

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_allocate(), one turn of its loop: the folio at `index`, of `order` if that fits.
 * Moves `index` past it. The caller holds the invalidate lock shared.
 */
export const kvm_gmem_allocate = routine(
  'kvm_gmem_allocate',
  (
    k,
    args: {
      readonly inode: Value<'inode'>;
      readonly index: Place<'index'>;
      readonly order: number;
      readonly ret: Place<'int'>;
    },
  ) => {
    const { inode, index, order, ret } = args;
    const found = k.let('folio', optional(FOLIO), none(FOLIO));
    k.call(kvm_gmem_get_folio, { inode, index, found, order });
    k.if(
      found.eq(none(FOLIO)),
      () => ret.set(resultCode('ENOMEM')),
      () => {
        k.claiming('lookup', found, {}, () => {
          k.call(folio_unlock, { folio: found });
          k.step('folio_next_index', () => index.set(folio.index.at(found).plus(folioNrPages(found))));
          k.call(folio_put, { folio: found });
        });
        ret.set(resultCode('ok'));
      },
    );
  },
);

/** virt/kvm/guest_memfd.c: kvm_gmem_punch_hole(): the attributes are unchanged. */
export const kvm_gmem_punch_hole = routine('kvm_gmem_punch_hole', (k, { inode, start, nr }: Range) => {
  k.call(filemap_invalidate_lock, { inode });
  const end = start.plus(nr);
  invalidating(k, { inode, start, end }, () => k.call(truncate_inode_pages_range, { inode, start, end }));
  k.call(filemap_invalidate_unlock, { inode });
});

interface UserPage extends At {
  readonly mm: Value<'mm'>;
  readonly ret: Place<'int'>;
}

/**
 * Faults until the page is mapped, or ends with SIGBUS, SIGSEGV or ENOMEM.
 * @param look the step that looks, and sets whether the page is mapped.
 */
function untilMapped(k: K, name: string, args: UserPage, look: (mapped: Place<'bool'>) => void): void {
  const { mm, inode, index, ret } = args;
  const mapped = k.local('mapped', bool);
  const gone = k.local('gone', bool);
  ret.set(resultCode('ok'));
  k.loop(() => {
    k.step(name, () => look(mapped));
    k.if(mapped, () => k.break());
    if (changesMappings(k)) k.call(mmap_read_lock, { mm });
    if (hasPart(k, 'mmap')) {
      k.step('find_vma', () => gone.set(vmaGone.at(mm, inode, index, 0)));
      k.if(
        gone,
        () => ret.set(resultCode('SIGSEGV')),
        () => k.call(kvm_gmem_fault_user_mapping, args),
      );
    } else k.call(kvm_gmem_fault_user_mapping, args);
    if (changesMappings(k)) k.call(mmap_read_unlock, { mm });
    k.if(ret.ne(resultCode('ok')), () => k.break());
  });
}

/** An access by the CPU: it uses its translation if it has one, and only otherwise the page table. */
function access(
  k: K,
  { mm, inode, index }: UserPage,
  write: boolean,
  contents?: Access,
): (mapped: Place<'bool'>) => void {
  const entry = pte.at(mm, inode, index);
  const reach = (of: Value<'folio'>): void => {
    if (contents !== undefined) k.when(of.ne(none(FOLIO)), () => accessContents(k, of, contents));
  };
  /** The entry becomes dirty, and the folio when the entry is removed; until then soft offline sees its reference. */
  const dirties = (): void => {
    if (write && hasPart(k, 'memory_failure'))
      k.when(entry.ne(none(FOLIO)), () => hwpoison.dirty.at(entry, 0).set(true));
  };
  if (!hasPart(k, 'mmap'))
    return (mapped) => {
      mapped.set(entry.ne(none(FOLIO)));
      reach(entry);
      dirties();
    };
  const translation = tlb.at(mm, inode, index, 0);
  return (mapped) => {
    k.when(translation.eq(none(FOLIO)), () => translation.set(entry));
    mapped.set(translation.ne(none(FOLIO)));
    reach(translation);
    if (write) k.when(entry.ne(none(FOLIO)), () => pteDirty.at(mm, inode, index, 0).set(true));
    dirties();
  };
}

/** One user access to a mapped page. */
export const touch = routine('touch', (k, args: UserPage) => untilMapped(k, 'access', args, access(k, args, false)));

/** A writing access, which makes the page-table entry dirty. */
export const write = routine('write', (k, args: UserPage) => untilMapped(k, 'store', args, access(k, args, true)));

/** A reading access, whose value goes into the task's loaded value. */
export const load = routine('load', (k, args: UserPage) =>
  untilMapped(k, 'load', args, access(k, args, false, { kind: 'load' })),
);

/** An access that writes `value`. */
export const store = routine('store', (k, args: UserPage & { readonly value: Value<'int'> }) =>
  untilMapped(k, 'store', args, access(k, args, true, { kind: 'store', value: args.value })),
);

/** mm/gup.c: __get_user_pages() of one page, without keeping a reference: the page is mapped when it returns. */
export const faultin_page = routine('faultin_page', (k, args: UserPage) =>
  untilMapped(k, 'follow_page_pte', args, (mapped) =>
    mapped.set(pte.at(args.mm, args.inode, args.index).ne(none(FOLIO))),
  ),
);

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_get_pfn(): the folio at an offset, with a reference or, in the newest form, without:
 * the folio then stays because every change begins with an invalidation.
 */
const kvm_gmem_get_pfn = routine(
  'kvm_gmem_get_pfn',
  (k, args: At & { readonly found: Place<'folio'>; readonly error: Place<'int'> | undefined }) => {
    const { inode, index, found } = args;
    const putsAtOnce = k.config.patch.guestFaultPutsAtOnce === true;
    const closed = k.local('closed', bool);
    if (hasPart(k, 'memslots')) {
      k.step('kvm_gmem_get_file', () => closed.set(gmemInode.pages.at(inode).eq(0)));
      k.if(closed, () => {
        args.error?.set(resultCode('EFAULT'));
        k.return();
      });
    }
    k.call(filemap_invalidate_lock_shared, { inode });
    if (hasPart(k, 'memslots')) {
      // The kernel's fault keeps the file open, so a close waits for it; here the close may pass, and the fault sees
      // that.
      k.step('slot_gmem_file', () => closed.set(gmemInode.pages.at(inode).eq(0)));
      k.if(closed, () => {
        args.error?.set(resultCode('EFAULT'));
        k.call(filemap_invalidate_unlock_shared, { inode });
        k.return();
      });
    }
    k.call(kvm_gmem_get_folio, { inode, index, found, order: 0 });
    if (hasPart(k, 'memory_failure')) {
      const poisoned = k.let('poisoned', bool, false);
      k.if(found.ne(none(FOLIO)), () => {
        k.claiming('lookup', found, {}, () =>
          k.step('folio_test_hwpoison', () => poisoned.set(hwpoison.flag.at(found, 0))),
        );
      });
      k.if(poisoned, () => {
        k.claiming('lookup', found, {}, () => {
          k.call(folio_unlock, { folio: found });
          k.call(folio_put, { folio: found });
        });
        found.set(none(FOLIO));
        args.error?.set(resultCode('EHWPOISON'));
        k.call(filemap_invalidate_unlock_shared, { inode });
        k.return();
      });
    }
    k.if(found.ne(none(FOLIO)), () =>
      k.claiming('lookup', found, {}, () => {
        markUptodate(k, found);
        k.call(folio_unlock, { folio: found });
        if (putsAtOnce) k.call(folio_put, { folio: found });
      }),
    );
    if (putsAtOnce) k.call(filemap_invalidate_unlock_shared, { inode });
    else k.claiming('lookup', found, {}, () => k.call(filemap_invalidate_unlock_shared, { inode }));
  },
);

/**
 * arch/x86/kvm/mmu/mmu.c: kvm_tdp_page_fault(), until the page is mapped. -EFAULT is KVM_EXIT_MEMORY_FAULT, if the
 * access is of another kind than the page; MMIO is KVM_EXIT_MMIO, if no memory slot has the page.
 */
export const kvm_tdp_page_fault = fault(
  'kvm_tdp_page_fault',
  (
    k,
    args: At & {
      readonly private: Value<'bool'>;
      readonly ret: Place<'int'>;
      readonly contents: Access | undefined;
    },
  ) => {
    const { inode, index, ret } = args;
    const keeps = k.config.patch.guestFaultPutsAtOnce !== true;
    const mapped = k.local('mapped', bool);
    const mismatch = k.local('mismatch', bool);
    const stale = k.local('stale', bool);
    const found = k.local('folio', optional(FOLIO));
    ret.set(resultCode('ok'));
    k.loop(() => {
      k.step('guest_access', () => {
        const here = kvm.spte.at(inode, index, 0).ne(none(FOLIO));
        mapped.set(here.and(kvm.sptePrivate.at(inode, index, 0).eq(args.private)));
        if (args.contents !== undefined)
          k.when(mapped, () => accessContents(k, kvm.spte.at(inode, index, 0), args.contents));
      });
      k.if(mapped, () => k.return());
      k.step('mmu_invalidate_seq', () => kvm.sameSeq.at(inode, k.self, 0).set(true));
      k.step('kvm_mem_is_private', () => mismatch.set(gmemInode.private.at(inode, index).ne(args.private)));
      k.if(mismatch, () => {
        ret.set(resultCode('EFAULT'));
        k.return();
      });
      if (hasPart(k, 'memslots')) {
        const absent = k.local('absent', bool);
        // The kernel looks the slot up first, and its deletion waits for this fault (SRCU), which is as if the deletion
        // came later.
        k.step('gfn_to_memslot', () => absent.set(kvm.unbound.at(inode, index, 0)));
        k.if(absent, () => {
          ret.set(resultCode('MMIO'));
          k.return();
        });
      }
      // Pairs with the check under the mmu_lock: a task that waits for an invalidation holds none of the locks that it
      // needs.
      k.step('mmu_invalidate_retry_gfn_unsafe', () => stale.set(mmu_invalidate_retry(k, inode)));
      k.if(stale, () => k.continue());
      found.set(none(FOLIO));
      const error =
        hasPart(k, 'memory_failure') || hasPart(k, 'memslots')
          ? k.let('error', resultType, resultCode('ENOMEM'))
          : undefined;
      k.call(kvm_gmem_get_pfn, { inode, index, found, error });
      k.if(found.eq(none(FOLIO)), () => {
        ret.set(error ?? resultCode('ENOMEM'));
        k.return();
      });
      const holding = (text: () => void): void => (keeps ? k.claiming('lookup', found, {}, text) : text());
      const release = (): void => {
        if (keeps) holding(() => k.step('kvm_release_faultin_page', () => putReferences(k, found)));
      };
      holding(() => k.step('mmu_invalidate_retry_gfn_unsafe', () => stale.set(mmu_invalidate_retry(k, inode))));
      k.if(stale, () => {
        release();
        k.continue();
      });
      holding(() => {
        k.call(read_lock_mmu, { inode });
        k.call(kvm_tdp_mmu_map, { inode, index, folio: found, private: args.private, stale });
      });
      release();
      k.call(read_unlock_mmu, { inode });
      // Without contents, the mapped page is enough; otherwise the access is repeated.
      if (args.contents === undefined) k.if(stale.not(), () => k.return());
    });
  },
);

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_release(), then the inode's end if this was its last file: first the guest loses the
 * pages, then the page cache does. A holder of a reference keeps its folio, which is then no longer the file's.
 */
export const kvm_gmem_release = routine('kvm_gmem_release', (k, { inode }: { readonly inode: Value<'inode'> }) => {
  const whole = { inode, start: k.let('start', optional(INDEX), 0), end: k.let('end', optional(INDEX), none(INDEX)) };
  k.call(filemap_invalidate_lock, { inode });
  invalidating(k, whole, () =>
    k.step('slot_gmem_file', () => {
      k.each<'index'>(0, none(INDEX), (i) => kvm.unbound.at(inode, i, 0).set(true));
      gmemInode.pages.at(inode).set(0);
    }),
  );
  k.call(filemap_invalidate_unlock, { inode });
  k.call(truncate_inode_pages_range, { ...whole, toEnd: true });
});

interface Range extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  /** First page. */
  readonly start: Value<'index'>;
  readonly nr: Value<'int'>;
}

/**
 * virt/kvm/guest_memfd.c: the architecture's hook for each folio of a range that becomes shared
 * (HAVE_KVM_ARCH_GMEM_INVALIDATE in v6 and v8): it changes no folio, but the release of the batch drains the local CPU.
 */
const kvm_gmem_make_shared = routine(
  'kvm_gmem_make_shared',
  (k, { inode, start, end }: { inode: Value<'inode'>; start: Value<'index'>; end: Value<'index'> }) => {
    const next = k.let('next', optional(INDEX), start);
    const last = k.let('last', optional(INDEX), end.minus(1));
    const batch = folioBatch(k, 'lookup');
    k.loop(() => {
      k.call(filemap_get_folios, { inode, start: next, last, batch });
      k.if(batch.count.eq(0), () => k.break());
      k.call(folio_batch_release, { batch });
    });
  },
);

/**
 * virt/kvm/guest_memfd.c: __kvm_gmem_set_attributes(): converts a range as a whole, or leaves its attributes unchanged.
 * `err_index` is written with -EAGAIN, and with -ENOMEM, where it is the start.
 */
const kvm_gmem_set_attributes = routine(
  '__kvm_gmem_set_attributes',
  (
    k,
    args: Range & {
      readonly toPrivate: Value<'bool'>;
      readonly ret: Place<'int'>;
      readonly err_index: Place<'index'>;
      /** Allocation of the attributes fails (fault injection). */
      readonly outOfMemory: boolean;
    },
  ) => {
    const { inode, start, nr, toPrivate, ret, err_index, outOfMemory } = args;
    const end = start.plus(nr);
    const same = k.local('same', bool);
    const safe = k.let('safe', bool, true);
    ret.set(resultCode('ok'));
    k.call(filemap_invalidate_lock, { inode });
    k.step('mas_find', () => {
      const other = first(start, end, none(INDEX), (i) => gmemInode.private.at(inode, i).ne(toPrivate));
      same.set(other.eq(none(INDEX)));
    });
    if (outOfMemory)
      k.if(same.not(), () => {
        k.step('mas_preallocate', () => ret.set(resultCode('ENOMEM')));
        err_index.set(start);
        k.call(filemap_invalidate_unlock, { inode });
        k.return();
      });
    k.if(same.not(), () => {
      k.if(toPrivate, () => {
        const unmapsFirst = !isMutant(k, 'checks-before-unmap');
        if (unmapsFirst) k.call(unmap_mapping_pages, { inode, start, end });
        k.observe(CHECK, {});
        k.call(k.config.patch.check, { inode, start, nr, safe, err_index });
        if (!unmapsFirst) k.call(unmap_mapping_pages, { inode, start, end });
      });
      k.if(
        safe,
        () =>
          invalidating(k, { inode, start, end }, () => {
            k.if(toPrivate.not(), () => k.call(kvm_gmem_make_shared, { inode, start, end }));
            k.step('mas_store', () => {
              k.observe(STORED, {});
              k.each(start, end, (i) => gmemInode.private.at(inode, i).set(toPrivate));
            });
          }),
        () => {
          k.observe(REFUSED, { index: err_index });
          ret.set(resultCode('EAGAIN'));
        },
      );
    });
    k.call(filemap_invalidate_unlock, { inode });
  },
);

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_ioctl(KVM_SET_MEMORY_ATTRIBUTES2) after its argument checks
 * (guest_memfd_arguments.ts). If the caller's struct cannot be written, an error becomes -EFAULT.
 */
export const kvm_gmem_ioctl = routine(
  'kvm_gmem_ioctl',
  (
    k,
    args: Range & {
      readonly toPrivate: Value<'bool'>;
      readonly writable: Value<'bool'>;
      readonly ret: Place<'int'>;
      readonly err_index: Place<'index'>;
      readonly outOfMemory: boolean;
    },
  ) => {
    k.call(kvm_gmem_set_attributes, args);
    k.if(args.ret.ne(resultCode('ok')).and(args.writable.not()), () => {
      args.ret.set(resultCode('EFAULT'));
      args.err_index.set(none(INDEX));
    });
  },
);

// SPDX-License-Identifier: GPL-2.0-only
import { bool, first, int, none, optional, type Place, shared, type Value } from '../lang/index.ts';
import { FOLIO, GUEST, hasPart, INDEX, INODE, type K, MEMSLOTS, routine } from './kernel.ts';
import { filemap_invalidate_lock, filemap_invalidate_unlock } from './rwsem.ts';
import { resultCode } from './sched.ts';

/** struct kvm of the one virtual machine that an inode belongs to, as far as faults and invalidation go. */
export const kvm = {
  mmuLock: shared('kvm.mmu_lock', [INODE, GUEST], bool),
  /** Ranges that are being invalidated: nothing is mapped meanwhile. */
  invalidateInProgress: shared(
    'kvm.mmu_invalidate_in_progress',
    [INODE, GUEST],
    int(({ task = 0 }) => task),
  ),
  /** Counts invalidations that have ended, modulo `generations`: who saw an older one looks again. */
  invalidateSeq: shared(
    'kvm.mmu_invalidate_seq',
    [INODE, GUEST],
    int(({ generations = 1 }) => generations - 1),
  ),
  /** The guest's page tables: they hold no reference. */
  spte: shared('kvm.spte', [INODE, INDEX, GUEST], optional(FOLIO)),
  /** Whether an entry is for private accesses. */
  sptePrivate: shared('kvm.spte.private', [INODE, INDEX, GUEST], bool),
  /** No memory slot has the page; kept so that a machine begins with all of every file bound. */
  unbound: shared('kvm.memslot.gone', [INODE, INDEX, MEMSLOTS], bool),
};

interface OfInode extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
}
interface Range extends OfInode {
  readonly start: Value<'index'>;
  readonly end: Value<'index'>;
}

/** include/linux/kvm_host.h: KVM_MMU_LOCK(). */
export const kvm_mmu_lock = routine('kvm_mmu_lock', (k, { inode }: OfInode) => {
  const locked = kvm.mmuLock.at(inode, 0);
  k.await('write_lock', locked.not(), () => locked.set(true));
});

/** include/linux/kvm_host.h: KVM_MMU_UNLOCK(). */
export const kvm_mmu_unlock = routine('kvm_mmu_unlock', (k, { inode }: OfInode) => {
  k.step('write_unlock', () => kvm.mmuLock.at(inode, 0).set(false));
});

/** virt/kvm/guest_memfd.c: kvm_gmem_invalidate_start(): from here to the end the guest maps nothing, and the range is unmapped. */
const kvm_gmem_invalidate_start = routine('kvm_gmem_invalidate_start', (k, { inode, start, end }: Range) => {
  k.call(kvm_mmu_lock, { inode });
  k.step('kvm_mmu_invalidate_start', () => kvm.invalidateInProgress.at(inode, 0).add(1));
  k.step('kvm_mmu_unmap_gfn_range', () =>
    k.each(start, end, (i) => {
      kvm.spte.at(inode, i, 0).set(none(FOLIO));
      kvm.sptePrivate.at(inode, i, 0).set(false);
    }),
  );
  k.call(kvm_mmu_unlock, { inode });
});

/** virt/kvm/guest_memfd.c: kvm_gmem_invalidate_end(). */
const kvm_gmem_invalidate_end = routine('kvm_gmem_invalidate_end', (k, { inode }: OfInode) => {
  k.call(kvm_mmu_lock, { inode });
  // One step: the mmu_lock keeps faults from seeing one without the other.
  k.step('kvm_mmu_invalidate_end', () => {
    const seq = kvm.invalidateSeq.at(inode, 0);
    seq.set(seq.plus(1).mod(k.sizes['generations'] ?? 1));
    kvm.invalidateInProgress.at(inode, 0).sub(1);
  });
  k.call(kvm_mmu_unlock, { inode });
});

/** Puts a change of an inode's pages between the two, where there is a guest. */
export function invalidating(k: K, range: Range, change: () => void): void {
  if (hasPart(k, 'guest')) k.call(kvm_gmem_invalidate_start, range);
  change();
  if (hasPart(k, 'guest')) k.call(kvm_gmem_invalidate_end, { inode: range.inode });
}

/**
 * arch/x86/kvm/mmu/mmu.c: is_page_fault_stale() and the installing of the entry, under the mmu_lock: nothing is
 * mapped that an invalidation may have passed by since `seq` was read.
 */
export const kvm_tdp_mmu_map = routine(
  'kvm_tdp_mmu_map',
  (
    k,
    args: OfInode & {
      readonly index: Value<'index'>;
      readonly folio: Value<'folio'>;
      readonly private: Value<'bool'>;
      readonly seq: Value<'int'>;
      readonly stale: Place<'bool'>;
    },
  ) => {
    const { inode, index, seq, stale } = args;
    k.step('is_page_fault_stale', () => {
      const moved = kvm.invalidateSeq.at(inode, 0).ne(seq);
      stale.set(kvm.invalidateInProgress.at(inode, 0).gt(0).or(moved));
    });
    k.if(stale.not(), () =>
      k.step('tdp_mmu_set_spte', () => {
        kvm.spte.at(inode, index, 0).set(args.folio);
        kvm.sptePrivate.at(inode, index, 0).set(args.private);
      }),
    );
  },
);

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_bind() of these pages to a memory slot, then virt/kvm/kvm_main.c:
 * kvm_replace_memslot(). -EEXIST where one of them has a slot.
 */
export const kvm_gmem_bind = routine('kvm_gmem_bind', (k, args: Range & { readonly ret: Place<'int'> }) => {
  const { inode, start, end, ret } = args;
  const taken = k.local('taken', bool);
  k.call(filemap_invalidate_lock, { inode });
  k.step('xa_find', () => {
    const other = first(start, end, none(INDEX), (i) => kvm.unbound.at(inode, i, 0).not());
    taken.set(other.ne(none(INDEX)));
  });
  k.if(
    taken,
    () => ret.set(resultCode('EEXIST')),
    () => k.step('xa_store_range', () => k.each(start, end, (i) => kvm.unbound.at(inode, i, 0).set(false))),
  );
  k.call(filemap_invalidate_unlock, { inode });
});

/**
 * virt/kvm/kvm_main.c: kvm_set_memslot(KVM_MR_DELETE): faults do not find the slot any more, then what they have mapped
 * goes, then the file forgets it: virt/kvm/guest_memfd.c: kvm_gmem_unbind(). Who holds the slot's memory of the guest is
 * told by the invalidation's sequence.
 */
export const kvm_delete_memslot = routine('kvm_delete_memslot', (k, range: Range) => {
  const { inode, start, end } = range;
  k.step('kvm_invalidate_memslot', () => k.each(start, end, (i) => kvm.unbound.at(inode, i, 0).set(true)));
  if (hasPart(k, 'guest')) {
    k.call(kvm_gmem_invalidate_start, range);
    k.call(kvm_gmem_invalidate_end, { inode });
  }
  k.call(filemap_invalidate_lock, { inode });
  k.call(filemap_invalidate_unlock, { inode });
});

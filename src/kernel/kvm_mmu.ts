// SPDX-License-Identifier: GPL-2.0-only
import { bool, first, int, none, optional, type Place, shared, TASK, type Value } from '../lang/index.ts';
import { hwpoison } from './hwpoison.ts';
import { FOLIO, GUEST, hasPart, INDEX, INODE, type K, MEMSLOTS, routine } from './kernel.ts';
import {
  filemap_invalidate_lock,
  filemap_invalidate_unlock,
  lockAsWriter,
  readersWhere,
  type ReaderWriterLock,
  waitingWhere,
} from './rwsem.ts';
import { eachUserTask, resultCode } from './sched.ts';

/** struct kvm of the one virtual machine that an inode belongs to, as far as faults and invalidation go. */
export const kvm = {
  /** kvm->mmu_lock: faults take it shared, invalidations take it exclusively. */
  mmuLock: {
    readers: shared(
      'kvm.mmu_lock.readers',
      [INODE, GUEST],
      readersWhere(() => 1),
    ),
    writer: shared('kvm.mmu_lock.writer', [INODE, GUEST], int(1)),
    waiting: shared(
      'kvm.mmu_lock.waiting',
      [INODE, GUEST],
      waitingWhere(() => 1),
    ),
  },
  /** Ranges that are being invalidated: nothing is mapped during that time. */
  invalidateInProgress: shared(
    'kvm.mmu_invalidate_in_progress',
    [INODE, GUEST],
    int(({ task = 0 }) => task),
  ),
  /**
   * kvm->mmu_invalidate_seq, reduced to what is compared: no invalidation has ended since the task's fault read it. A
   * number would have to be bounded, and could wrap.
   */
  sameSeq: shared('kvm.mmu_invalidate_seq.same', [INODE, TASK, GUEST], bool),
  /** The guest's page tables: they hold no reference. */
  spte: shared('kvm.spte', [INODE, INDEX, GUEST], optional(FOLIO)),
  /** Whether an entry is for private accesses. */
  sptePrivate: shared('kvm.spte.private', [INODE, INDEX, GUEST], bool),
  /** No memory slot has the page; inverted so that a machine begins with every page of every file bound. */
  unbound: shared('kvm.memslot.gone', [INODE, INDEX, MEMSLOTS], bool),
};

interface OfInode extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
}
interface Range extends OfInode {
  readonly start: Value<'index'>;
  readonly end: Value<'index'>;
}

const lockOf = (inode: Value<'inode'>): ReaderWriterLock => ({
  readers: kvm.mmuLock.readers.at(inode, 0),
  writer: kvm.mmuLock.writer.at(inode, 0),
  waiting: kvm.mmuLock.waiting.at(inode, 0),
});

/** include/linux/kvm_host.h: KVM_MMU_LOCK(): write_lock() of a queued rwlock. */
const kvm_mmu_lock = routine('kvm_mmu_lock', (k, { inode }: OfInode) => {
  lockAsWriter(k, 'write_lock', 'queued_write_lock_slowpath', lockOf(inode));
});

/** include/linux/kvm_host.h: KVM_MMU_UNLOCK(). */
const kvm_mmu_unlock = routine('kvm_mmu_unlock', (k, { inode }: OfInode) => {
  k.step('write_unlock', () => kvm.mmuLock.writer.at(inode, 0).sub(1));
});

/**
 * kernel/locking/qrwlock.c: read_lock() of kvm->mmu_lock: queues behind a waiting writer, so that vCPUs that fault repeatedly
 * do not keep an invalidation out. The kernel's queue is first come, first served among writers and readers.
 */
export const read_lock_mmu = routine('read_lock', (k, { inode }: OfInode) => {
  const { readers, writer, waiting } = lockOf(inode);
  k.await('read_lock', writer.eq(0).and(waiting.eq(0)), () => readers.add(1));
});

/** kernel/locking/qrwlock.c: read_unlock() of kvm->mmu_lock. */
export const read_unlock_mmu = routine('read_unlock', (k, { inode }: OfInode) => {
  k.step('read_unlock', () => kvm.mmuLock.readers.at(inode, 0).sub(1));
});

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_invalidate_start(): from here to the end the guest maps nothing, and the range is
 * unmapped.
 */
const kvm_gmem_invalidate_start = routine('kvm_gmem_invalidate_start', (k, { inode, start, end }: Range) => {
  k.call(kvm_mmu_lock, { inode });
  k.step('kvm_mmu_invalidate_start', () => kvm.invalidateInProgress.at(inode, 0).add(1));
  // The kernel does it entry by entry: the mmu_lock keeps faults out, and a guest may use its translations until the
  // flush after the last entry.
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
    eachUserTask(k, (task) => kvm.sameSeq.at(inode, task, 0).set(false));
    kvm.invalidateInProgress.at(inode, 0).sub(1);
  });
  k.call(kvm_mmu_unlock, { inode });
});

/** Wraps a change of an inode's pages into an invalidation, if there is a guest. */
export function invalidating(k: K, range: Range, change: () => void): void {
  if (hasPart(k, 'guest')) k.call(kvm_gmem_invalidate_start, range);
  change();
  if (hasPart(k, 'guest')) k.call(kvm_gmem_invalidate_end, { inode: range.inode });
}

/**
 * include/linux/kvm_host.h: mmu_invalidate_retry_gfn() and its unsafe form, within a step: whether an invalidation is
 * in progress, or one has ended since the fault read the sequence. Without the mmu_lock the kernel reads the two one
 * after the other; the result equals that of one read, at the time of the deciding one. The kernel lets faults outside
 * the range in progress pass.
 */
export function mmu_invalidate_retry(k: K, inode: Value<'inode'>): Value<'bool'> {
  return kvm.invalidateInProgress
    .at(inode, 0)
    .gt(0)
    .or(kvm.sameSeq.at(inode, k.self, 0).not());
}

/**
 * arch/x86/kvm/mmu/mmu.c: is_page_fault_stale() and the store of the entry, under the mmu_lock: no page is mapped that
 * an invalidation may have missed since the fault read its sequence.
 */
export const kvm_tdp_mmu_map = routine(
  'kvm_tdp_mmu_map',
  (
    k,
    args: OfInode & {
      readonly index: Value<'index'>;
      readonly folio: Value<'folio'>;
      readonly private: Value<'bool'>;
      readonly stale: Place<'bool'>;
    },
  ) => {
    const { inode, index, stale } = args;
    k.step('is_page_fault_stale', () => {
      stale.set(mmu_invalidate_retry(k, inode));
      kvm.sameSeq.at(inode, k.self, 0).set(false);
    });
    k.if(stale.not(), () =>
      k.step('tdp_mmu_set_spte', () => {
        kvm.spte.at(inode, index, 0).set(args.folio);
        kvm.sptePrivate.at(inode, index, 0).set(args.private);
        // kvm_release_faultin_page() does it, if the fault still has the page to put; until then no count is low enough
        // for its only reader.
        if (hasPart(k, 'memory_failure') && k.config.patch.guestFaultPutsAtOnce !== true)
          hwpoison.dirty.at(args.folio, 0).set(true);
      }),
    );
  },
);

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_bind() of these pages to a memory slot, then virt/kvm/kvm_main.c:
 * kvm_replace_memslot(). -EEXIST if one of them has a slot.
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
 * virt/kvm/kvm_main.c: kvm_set_memslot(KVM_MR_DELETE): faults no longer find the slot, then their mappings are removed,
 * then the file forgets it: virt/kvm/guest_memfd.c: kvm_gmem_unbind(). The invalidation's sequence notifies every user
 * of the slot's guest memory.
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

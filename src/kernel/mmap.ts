// SPDX-License-Identifier: GPL-2.0-only
import { bool, first, none, optional, type Place, type Value } from '../lang/index.ts';
import { hasPart, INDEX, INODE, routine } from './kernel.ts';
import {
  mmap_read_lock,
  mmap_read_unlock,
  mmap_write_downgrade,
  mmap_write_lock,
  mmap_write_unlock,
} from './mmap_lock.ts';
import { resultCode } from './sched.ts';
import { vmaGone, vmLocked, zap_vma_range } from './zap.ts';

interface UserRange extends Readonly<Record<string, unknown>> {
  readonly mm: Value<'mm'>;
  readonly inode: Value<'inode'>;
  readonly start: Value<'index'>;
  readonly end: Value<'index'>;
}

/** mm/mmap.c: do_mmap() of these pages of the file, at the address space's place for them. */
export const do_mmap = routine('do_mmap', (k, { mm, inode, start, end }: UserRange) => {
  k.call(mmap_write_lock, { mm });
  k.step('vma_link', () => k.each(start, end, (i) => vmaGone.at(mm, inode, i, 0).set(false)));
  k.call(mmap_write_unlock, { mm });
});

/**
 * mm/vma.c: do_vmi_align_munmap(): the mappings are removed, so no task faults there any more; then the lock is
 * downgraded, entries are zapped, the TLB is flushed, and their references are put.
 */
export const do_munmap = routine('do_vmi_align_munmap', (k, range: UserRange) => {
  const { mm, inode, start, end } = range;
  k.call(mmap_write_lock, { mm });
  k.step('vma_iter_clear_gfp', () => k.each(start, end, (i) => vmaGone.at(mm, inode, i, 0).set(true)));
  k.call(mmap_write_downgrade, { mm });
  k.call(zap_vma_range, range);
  if (hasPart(k, 'mlock'))
    k.step('remove_vma', () => k.each(start, end, (i) => vmLocked.at(mm, inode, i, 0).set(false)));
  k.call(mmap_read_unlock, { mm });
});

/** mm/mmap.c: exit_mmap(): every mapping of an address space. */
export const exit_mmap = routine('exit_mmap', (k, { mm }: { readonly mm: Value<'mm'> }) => {
  const end = k.let('end', optional(INDEX), none(INDEX));
  const start = k.let('start', optional(INDEX), 0);
  k.for('inode', optional(INODE), 0, none(INODE), (inode) => k.call(do_munmap, { mm, inode, start, end }));
});

/**
 * mm/madvise.c: madvise_walk_vmas() and madvise_dontneed_free(): the mappings stay, their entries are removed. At the first one
 * that is locked it ends with -EINVAL; what stands before it is removed.
 */
export const madvise_dontneed = routine(
  'madvise_dontneed',
  (k, { ret, ...range }: UserRange & { readonly ret: Place<'int'> }) => {
    const { mm, inode, start, end } = range;
    k.call(mmap_read_lock, { mm });
    if (hasPart(k, 'mlock')) {
      const index = k.let('index', optional(INDEX), start);
      const next = k.local('next', optional(INDEX));
      const locked = k.local('locked', bool);
      k.while(index.lt(end), () => {
        k.step('find_vma', () => {
          const flag = vmLocked.at(mm, inode, index, 0);
          next.set(first(index, end, end, (i) => vmLocked.at(mm, inode, i, 0).ne(flag)));
          locked.set(flag);
        });
        k.if(locked, () => {
          ret.set(resultCode('EINVAL'));
          k.break();
        });
        k.call(zap_vma_range, { ...range, start: index, end: next });
        index.set(next);
      });
    } else k.call(zap_vma_range, { ...range, start, end });
    k.call(mmap_read_unlock, { mm });
  },
);

/**
 * mm/mmap.c: dup_mmap(): the child has the parent's mappings, none of them locked. Page tables of a shared file are not
 * copied: the child faults its pages in. -EBUSY if the child's address space is in use.
 */
export const dup_mmap = routine(
  'dup_mmap',
  (k, args: { readonly mm: Value<'mm'>; readonly child: Value<'mm'>; readonly ret: Place<'int'> }) => {
    const { mm, child, ret } = args;
    const used = k.let('used', bool, false);
    k.call(mmap_write_lock, { mm });
    k.for('inode', optional(INODE), 0, none(INODE), (inode) => {
      k.step('mm_init', () => {
        const there = first(0, none(INDEX), none(INDEX), (i) => vmaGone.at(child, inode, i, 0).not());
        k.when(there.ne(none(INDEX)), () => used.set(true));
      });
    });
    k.if(used.not(), () =>
      k.for('inode', optional(INODE), 0, none(INODE), (inode) =>
        k.step('vm_area_dup', () =>
          k.each<'index'>(0, none(INDEX), (i) => vmaGone.at(child, inode, i, 0).set(vmaGone.at(mm, inode, i, 0))),
        ),
      ),
    );
    k.if(used, () => ret.set(resultCode('EBUSY')));
    k.call(mmap_write_unlock, { mm });
  },
);

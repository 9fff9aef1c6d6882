// SPDX-License-Identifier: GPL-2.0-only
import { bool, first, none, optional, type Place, type Value } from '../lang/index.ts';
import { lru_add_drain } from './folio.ts';
import { faultin_page } from './guest_memfd.ts';
import { FOLIO, hasPart, INDEX, routine } from './kernel.ts';
import { mlock_folio, munlock_folio } from './mlock.ts';
import { mmap_write_lock, mmap_write_unlock } from './mmap_lock.ts';
import { resultCode } from './sched.ts';
import { pte, pte_lock, pte_unlock, vmaGone, vmLocked } from './zap.ts';

interface UserRange extends Readonly<Record<string, unknown>> {
  readonly mm: Value<'mm'>;
  readonly inode: Value<'inode'>;
  readonly start: Value<'index'>;
  readonly end: Value<'index'>;
}

/** mm/mlock.c: mlock_pte_range(): adds an entry to the mlock batch for every mapped page. */
const mlock_pte_range = routine(
  'mlock_pte_range',
  (k, { mm, inode, start, end, lock }: UserRange & { readonly lock: boolean }) => {
    const found = k.local('found', optional(FOLIO));
    k.call(pte_lock, { mm });
    k.for('index', optional(INDEX), start, end, (index) => {
      k.step('ptep_get', () => found.set(pte.at(mm, inode, index)));
      k.if(found.ne(none(FOLIO)), () => k.call(lock ? mlock_folio : munlock_folio, { folio: found }));
    });
    k.call(pte_unlock, { mm });
  },
);

/** mm/mlock.c: mlock_vma_pages_range() of one mapping. The caller holds the mmap_lock for writing. */
const mlock_vma_pages_range = routine('mlock_vma_pages_range', (k, args: UserRange & { readonly lock: boolean }) => {
  const { mm, inode, start, end, lock } = args;
  k.step('vm_flags_reset_once', () =>
    k.each(start, end, (i) => {
      const set = (): void => vmLocked.at(mm, inode, i, 0).set(lock);
      if (hasPart(k, 'mmap')) k.when(vmaGone.at(mm, inode, i, 0).not(), set);
      else set();
    }),
  );
  // Drained before, so that its pages are on the LRU list, and after, so that none of them stays in a batch.
  k.call(lru_add_drain, {});
  k.call(mlock_pte_range, args);
  k.call(lru_add_drain, {});
});

/** mm/mlock.c: apply_vma_lock_flags(): mapping by mapping; mappings that already have the flags are skipped. */
const apply_vma_lock_flags = routine('apply_vma_lock_flags', (k, args: UserRange & { readonly lock: boolean }) => {
  const { mm, inode, end, lock } = args;
  const index = k.let('index', optional(INDEX), args.start);
  const next = k.local('next', optional(INDEX));
  const same = k.local('same', bool);
  k.while(index.lt(end), () => {
    k.step('mlock_fixup', () => {
      const flag = vmLocked.at(mm, inode, index, 0);
      next.set(first(index, end, end, (i) => vmLocked.at(mm, inode, i, 0).ne(flag)));
      same.set(flag.eq(lock));
    });
    k.if(same.not(), () => k.call(mlock_vma_pages_range, { mm, inode, start: index, end: next, lock }));
    index.set(next);
  });
});

/**
 * mm/gup.c: populate_vma_page_range(): maps every page. A page that cannot be mapped ends it; mlock() reports that with
 * errors of its own.
 */
const populate_vma_page_range = routine(
  'populate_vma_page_range',
  (k, { mm, inode, start, end, ret }: UserRange & { readonly ret: Place<'int'> }) => {
    k.for('index', optional(INDEX), start, end, (index) => {
      k.call(faultin_page, { mm, inode, index, ret });
      k.if(ret.ne(resultCode('ok')), () => k.break());
    });
    k.call(lru_add_drain, {});
    k.if(
      // Without the part `mmap` there is no SIGSEGV, and no number for it.
      hasPart(k, 'mmap')
        ? ret.eq(resultCode('SIGBUS')).or(ret.eq(resultCode('SIGSEGV')))
        : ret.eq(resultCode('SIGBUS')),
      () => ret.set(resultCode('ENOMEM')),
      () => k.if(ret.eq(resultCode('ENOMEM')), () => ret.set(resultCode('EAGAIN'))),
    );
  },
);

/** mm/mlock.c: do_mlock(): marks the mappings and queues their pages, then maps the rest. */
export const do_mlock = routine('do_mlock', (k, args: UserRange & { readonly ret: Place<'int'> }) => {
  const { mm, inode, start, end } = args;
  k.call(mmap_write_lock, { mm });
  k.call(apply_vma_lock_flags, { mm, inode, start, end, lock: true });
  k.call(mmap_write_unlock, { mm });
  k.call(populate_vma_page_range, args);
});

/** mm/mlock.c: munlock(). */
export const munlock = routine('munlock', (k, args: UserRange & { readonly ret: Place<'int'> }) => {
  const { mm, inode, start, end } = args;
  k.call(mmap_write_lock, { mm });
  k.call(apply_vma_lock_flags, { mm, inode, start, end, lock: false });
  k.call(mmap_write_unlock, { mm });
});

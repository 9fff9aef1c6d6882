// SPDX-License-Identifier: GPL-2.0-only
import { bool, choose, first, int, none, optional, ordinal, type Place, shared, type Value } from '../lang/index.ts';
import { filemap_get_folio_create, folio_unlock } from './filemap.ts';
import { FOLIO, INDEX, INODE, routine } from './kernel.ts';
import { folio, folio_put, folioNrPages } from './page_ref.ts';
import {
  filemap_invalidate_lock,
  filemap_invalidate_lock_shared,
  filemap_invalidate_unlock,
  filemap_invalidate_unlock_shared,
} from './rwsem.ts';
import { resultCode } from './sched.ts';
import { pte, pte_lock, pte_unlock, unmap_mapping_pages } from './zap.ts';

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

interface At extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly index: Value<'index'>;
}

/** virt/kvm/guest_memfd.c: kvm_gmem_get_folio(): always order 0 in the kernel; `order` is there for what its comments plan. */
export const kvm_gmem_get_folio = routine(
  'kvm_gmem_get_folio',
  (k, args: At & { readonly found: Place<'folio'>; readonly order: number }) => {
    k.call(filemap_get_folio_create, args);
  },
);

/** virt/kvm/guest_memfd.c: kvm_gmem_fault_user_mapping(), then mm/memory.c: finish_fault(). */
export const kvm_gmem_fault_user_mapping = routine(
  'kvm_gmem_fault_user_mapping',
  (k, { mm, inode, index, ret }: At & { readonly mm: Value<'mm'>; readonly ret: Place<'int'> }) => {
    const found = k.let('folio', optional(FOLIO), none(FOLIO));
    const inaccessible = k.local('inaccessible', bool);
    const empty = k.local('empty', bool);
    k.step('i_size_read', () => inaccessible.set(gmemInode.pages.at(inode).le(ordinal(index))));
    k.if(inaccessible, () => {
      ret.set(resultCode('SIGBUS'));
      k.return();
    });
    k.call(filemap_invalidate_lock_shared, { inode });
    k.step('kvm_gmem_is_private', () => inaccessible.set(gmemInode.private.at(inode, index)));
    k.if(inaccessible.not(), () => k.call(kvm_gmem_get_folio, { inode, index, found, order: 0 }));
    k.claiming('lookup', found, {}, () => k.call(filemap_invalidate_unlock_shared, { inode }));
    k.if(inaccessible, () => {
      ret.set(resultCode('SIGBUS'));
      k.return();
    });
    k.if(found.eq(none(FOLIO)), () => {
      ret.set(resultCode('ENOMEM'));
      k.return();
    });
    k.claiming('lookup', found, {}, () => {
      k.step('folio_mark_uptodate', () => folio.uptodate.at(found).set(true));
      k.call(pte_lock, { mm });
      k.step('pte_none', () => empty.set(pte.at(mm, inode, index).eq(none(FOLIO))));
      k.if(empty, () => k.step('folio_add_file_rmap_ptes', () => folio.mapcount.at(found).add(1)));
      // The lookup's reference becomes the page table's.
      k.if(empty, () => k.step('set_pte_at', () => pte.at(mm, inode, index).set(found)));
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
 * virt/kvm/guest_memfd.c: kvm_gmem_allocate(), one turn of its loop: the folio at `index`, of `order` where one
 * fits. Moves `index` behind it.
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
    k.call(filemap_invalidate_lock_shared, { inode });
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
    k.call(filemap_invalidate_unlock_shared, { inode });
  },
);

/** One user access to a mapped page: faults until the page is there, or ends with SIGBUS or ENOMEM. */
export const touch = routine(
  'touch',
  (k, { mm, inode, index, ret }: At & { readonly mm: Value<'mm'>; readonly ret: Place<'int'> }) => {
    const mapped = k.local('mapped', bool);
    ret.set(resultCode('ok'));
    k.loop(() => {
      k.step('access', () => mapped.set(pte.at(mm, inode, index).ne(none(FOLIO))));
      k.if(mapped, () => k.return());
      k.call(kvm_gmem_fault_user_mapping, { mm, inode, index, ret });
      k.if(ret.ne(resultCode('ok')), () => k.return());
    });
  },
);

interface Range extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  /** First page. */
  readonly start: Value<'index'>;
  readonly nr: Value<'int'>;
}

/**
 * virt/kvm/guest_memfd.c: __kvm_gmem_set_attributes(): converts a range as a whole, or leaves its
 * attributes alone. `err_index` is written with -EAGAIN only.
 */
export const kvm_gmem_set_attributes = routine(
  '__kvm_gmem_set_attributes',
  (
    k,
    args: Range & {
      readonly toPrivate: Value<'bool'>;
      readonly ret: Place<'int'>;
      readonly err_index: Place<'index'>;
    },
  ) => {
    const { inode, start, nr, toPrivate, ret, err_index } = args;
    const end = start.plus(nr);
    const same = k.local('same', bool);
    const safe = k.let('safe', bool, true);
    ret.set(resultCode('ok'));
    k.call(filemap_invalidate_lock, { inode });
    k.step('mas_find', () => {
      const other = first(start, end, none(INDEX), (i) => gmemInode.private.at(inode, i).ne(toPrivate));
      same.set(other.eq(none(INDEX)));
    });
    k.if(same.not(), () => {
      k.if(toPrivate, () => {
        k.call(unmap_mapping_pages, { inode, start, end });
        k.call(k.config.patch.check, { inode, start, nr, safe, err_index });
      });
      k.if(
        safe,
        () => k.step('mas_store', () => k.each(start, end, (i) => gmemInode.private.at(inode, i).set(toPrivate))),
        () => ret.set(resultCode('EAGAIN')),
      );
    });
    k.call(filemap_invalidate_unlock, { inode });
  },
);

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_ioctl(KVM_SET_MEMORY_ATTRIBUTES2) once its arguments have passed
 * (guest_memfd_abi.ts). Where the caller's struct cannot be written, an error becomes -EFAULT.
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
    },
  ) => {
    k.call(kvm_gmem_set_attributes, args);
    k.if(args.ret.ne(resultCode('ok')).and(args.writable.not()), () => {
      args.ret.set(resultCode('EFAULT'));
      args.err_index.set(none(INDEX));
    });
  },
);

// SPDX-License-Identifier: GPL-2.0-only
import { bool, none, optional, type Place, type Value } from '../lang/index.ts';
import { contents, markUptodate } from './contents.ts';
import { folio_unlock } from './filemap.ts';
import { gmemInode, kvm_gmem_get_folio, touch } from './guest_memfd.ts';
import { gup_fast, gup_fast_fallback, pins, unpin } from './gup.ts';
import { FOLIO, hasPart, type K, routine } from './kernel.ts';
import { folio_put } from './page_ref.ts';
import { filemap_invalidate_lock, filemap_invalidate_unlock } from './rwsem.ts';
import { resultCode } from './sched.ts';

/** A page by its file and its place there. */
interface Page extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly index: Value<'index'>;
}

/** The task's reference to one of its own pages, as `pin`; -EFAULT if it fails. */
export const get_user_page = (
  k: K,
  args: Page & { readonly mm: Value<'mm'>; readonly pin: Value<'pin'>; readonly ret: Place<'int'> },
  kind: 'get' | 'pin',
): void => {
  if (hasPart(k, 'gup')) {
    k.call(gup_fast_fallback, { ...args, kind });
    return;
  }
  k.call(touch, args);
  k.if(
    args.ret.eq(resultCode('ok')),
    () => k.call(gup_fast, { ...args, kind }),
    // GUP takes no signal: a fault that fails is a bad address.
    () => args.ret.set(resultCode('EFAULT')),
  );
};

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_populate() of one page, as a VM's launch fills its private memory. The source is the
 * task's own page, with a reference (`pin`) during the copy; it may be a shared page of the same file. With the
 * invalidate lock held for writing the page must be private (-EINVAL). It is created and filled.
 */
export const kvm_gmem_populate = routine(
  'kvm_gmem_populate',
  (
    k,
    args: Page & {
      readonly mm: Value<'mm'>;
      readonly source: Page;
      readonly pin: Value<'pin'>;
      readonly ret: Place<'int'>;
    },
  ) => {
    const { mm, inode, index, source, pin, ret } = args;
    const isPrivate = k.local('is_private', bool);
    const found = k.let('folio', optional(FOLIO), none(FOLIO));
    get_user_page(k, { mm, inode: source.inode, index: source.index, pin, ret }, 'get');
    k.if(ret.ne(resultCode('ok')), () => k.return());
    k.call(filemap_invalidate_lock, { inode });
    k.step('kvm_gmem_range_is_private', () => isPrivate.set(gmemInode.private.at(inode, index)));
    k.if(
      isPrivate,
      () => {
        k.call(kvm_gmem_get_folio, { inode, index, found, order: 0 });
        k.if(
          found.eq(none(FOLIO)),
          () => ret.set(resultCode('ENOMEM')),
          () =>
            k.claiming('lookup', found, {}, () => {
              markUptodate(k, found);
              if (hasPart(k, 'contents'))
                k.step('post_populate', () => contents.data.at(found, 0).set(contents.data.at(pins.folio.at(pin), 0)));
              k.call(folio_unlock, { folio: found });
              k.call(folio_put, { folio: found });
            }),
        );
      },
      () => ret.set(resultCode('EINVAL')),
    );
    k.call(filemap_invalidate_unlock, { inode });
    k.call(unpin, { pin });
  },
);

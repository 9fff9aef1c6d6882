// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, literal, observed, optional, one, type Place, shared, type Value } from '../lang/index.ts';
import { FOLIO, FREEZE, INDEX, INODE, type K, LARGE, routine } from './kernel.ts';
import { COUNT, LOOK, REF_MOD_UNLESS } from './observations.ts';

/** struct folio, as far as references are concerned. */
export const folio = {
  /** _refcount; 0 is free or frozen. */
  refcount: shared(
    'folio.refcount',
    [FOLIO],
    int(({ references = 0 }) => references),
  ),
  /** Number of user page-table entries that map it. */
  mapcount: shared(
    'folio.mapcount',
    [FOLIO],
    int(({ mm = 0, order = 0 }) => mm * 2 ** order),
  ),
  order: shared(
    'folio.order',
    [FOLIO],
    int(({ order = 0 }) => order),
  ),
  mapping: shared('folio.mapping', [FOLIO], optional(INODE)),
  index: shared('folio.index', [FOLIO], one(INDEX)),
  locked: shared('folio.locked', [FOLIO], bool),
  uptodate: shared('folio.uptodate', [FOLIO], bool),
  /** _pincount of a large folio; a small one counts pins in its reference count. */
  pincount: shared(
    'folio.pincount',
    [FOLIO, LARGE],
    int(({ pin = 0 }) => pin),
  ),
  /** PG_lru: it is on an LRU list. */
  lru: shared('folio.lru', [FOLIO], bool),
  /** folio_ref_freeze() has frozen it: `refcount` is what its thaw restores, and reads as 0 meanwhile. */
  frozen: shared('folio.frozen', [FOLIO, FREEZE], bool),
  /** The folio is not free in the page allocator. */
  allocated: shared('folio.allocated', [FOLIO], bool),
};

/**
 * The same memory as a safety check reads it: a read that shows whether a folio is in use is a look at it, in any step.
 * The kernel's own routines read in passing from {@link folio}.
 */
export const checkedFolio = {
  ...folio,
  refcount: observed(folio.refcount, 'folio', [LOOK, COUNT]),
  mapcount: observed(folio.mapcount, 'folio', [LOOK]),
  pincount: observed(folio.pincount, 'folio', [LOOK]),
  lru: observed(folio.lru, 'folio', [LOOK]),
};

/** include/linux/mm.h: folio_nr_pages(). */
export const folioNrPages = (of: Value<'folio'>): Value<'int'> => literal<'int'>(1).shiftedLeft(folio.order.at(of));

/** mm/folio.c: __folio_put() of a folio whose count has reached 0, within the step that did it. */
export function freeFolio(of: Value<'folio'>): void {
  folio.allocated.at(of).set(false);
  folio.lru.at(of).set(false);
  folio.uptodate.at(of).set(false);
  // A free folio keeps no state, so that equal states look equal.
  folio.index.at(of).set(0);
  folio.order.at(of).set(0);
}

/** The atomic sub-and-test of folio_put(), within a step: frees the folio with the last reference. */
export function putReferences(k: K, of: Value<'folio'>, references: Value<'int'> | number = 1): void {
  folio.refcount.at(of).sub(references);
  k.when(folio.refcount.at(of).eq(0), () => freeFolio(of));
}

interface OfFolio extends Readonly<Record<string, unknown>> {
  readonly folio: Value<'folio'>;
}

/** include/linux/mm.h: folio_get(). */
export const folio_get = routine('folio_get', (k, args: OfFolio) => {
  k.step('folio_get', () => folio.refcount.at(args.folio).add(1));
});

/** include/linux/mm.h: folio_put(). */
export const folio_put = routine('folio_put', (k, args: OfFolio) => {
  k.step('folio_put', () => putReferences(k, args.folio));
});

/** Type of a local for the result of folio_ref_count(). @example const count = k.local('count', refcountType); */
export const refcountType = int(({ references = 0 }) => references);

/** include/linux/page_ref.h: folio_ref_count(). */
export const folio_ref_count = routine(
  'folio_ref_count',
  (k, { folio: of, count }: OfFolio & { readonly count: Place<'int'> }) => {
    k.step('folio_ref_count', () => count.set(checkedFolio.refcount.at(of)));
  },
);

/** include/linux/mm.h: folio_mapped(). */
export const folio_mapped = routine(
  'folio_mapped',
  (k, { folio: of, mapped }: OfFolio & { readonly mapped: Place<'bool'> }) => {
    k.step('folio_mapped', () => mapped.set(checkedFolio.mapcount.at(of).gt(0)));
  },
);

/** include/linux/page-flags.h: folio_test_lru(). */
export const folio_test_lru = routine(
  'folio_test_lru',
  (k, { folio: of, lru }: OfFolio & { readonly lru: Place<'bool'> }) => {
    k.step('folio_test_lru', () => lru.set(checkedFolio.lru.at(of)));
  },
);

/** include/linux/page_ref.h: folio_ref_freeze(): from `expected` references to a frozen folio, or no change. */
export const folio_ref_freeze = routine(
  'folio_ref_freeze',
  (k, args: OfFolio & { readonly expected: Value<'int'> | number; readonly frozen: Place<'bool'> }) => {
    k.step('folio_ref_freeze', () => {
      args.frozen.set(checkedFolio.refcount.at(args.folio).eq(args.expected));
      k.when(args.frozen, () => folio.frozen.at(args.folio, 0).set(true));
    });
  },
);

/** include/linux/page_ref.h: folio_ref_unfreeze(). */
export const folio_ref_unfreeze = routine('folio_ref_unfreeze', (k, args: OfFolio) => {
  k.step('folio_ref_unfreeze', () => folio.frozen.at(args.folio, 0).set(false));
});

/** include/linux/page_ref.h: folio_try_get(): fails on a folio that is free or frozen. */
export const folio_try_get = routine('folio_try_get', (k, args: OfFolio & { readonly got: Place<'bool'> }) => {
  k.step('folio_try_get', () => {
    const there = folio.refcount.at(args.folio).ne(0);
    const isReachable = k.config.patch.freezes === true ? there.and(folio.frozen.at(args.folio, 0).not()) : there;
    args.got.set(isReachable);
    k.when(args.got, () => {
      k.observe(REF_MOD_UNLESS, { folio: args.folio });
      folio.refcount.at(args.folio).add(1);
    });
  });
});

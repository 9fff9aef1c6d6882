// SPDX-License-Identifier: GPL-2.0-only
import { bool, choose, none, optional, type Place, type Value } from '../lang/index.ts';
import { cpuFbatches } from './cpu_fbatches.ts';
import { lru_add_drain, lru_add_drain_all, lru_add_drain_all_force } from './folio.ts';
import { CPU, hasPart, INODE, routine } from './kernel.ts';
import { lruDisableCount } from './lru_disable.ts';
import { LRU_DISABLED, LRU_ENABLED } from './observations.ts';
import { mlockFbatch } from './mlock.ts';
import { checkedFolio, folio, folio_ref_count, folioNrPages, refcountType } from './page_ref.ts';

/** enum lru_cache_drained. */
export const LRU_CACHE = { notDrained: 0, drained: 1, drainedAll: 2 } as const;

/**
 * include/linux/mm.h: folio_expected_ref_count() of a folio that is not anonymous: the page cache's references and the page
 * tables', mapping and mapcount read one after the other.
 */
export const folio_expected_ref_count = routine(
  'folio_expected_ref_count',
  (k, args: { readonly folio: Value<'folio'>; readonly expected: Place<'int'> }) => {
    const pages = k.local('pages', refcountType);
    k.step('folio_mapping', () =>
      pages.set(choose<'int'>(folio.mapping.at(args.folio).eq(none(INODE)), 0, folioNrPages(args.folio))),
    );
    k.step('folio_mapcount', () => args.expected.set(pages.plus(checkedFolio.mapcount.at(args.folio))));
  },
);

/**
 * mm/folio.c: lru_cache_drain_for_folio(): drains the local CPU, then all CPUs, until the count is as expected plus
 * `extraRefs`; each at most once while the caller keeps `drained`.
 */
export const lru_cache_drain_for_folio = routine(
  'lru_cache_drain_for_folio',
  (
    k,
    args: { readonly folio: Value<'folio'>; readonly extraRefs: Value<'int'> | number; readonly drained: Place<'int'> },
  ) => {
    const { drained } = args;
    const large = k.local('large', bool);
    const count = k.local('count', refcountType);
    const pages = k.local('pages', refcountType);
    const expected = k.local('expected', bool);
    if (k.sizes['order'] !== 0) {
      k.step('folio_test_large', () => large.set(folio.order.at(args.folio).ne(0)));
      k.if(large, () => k.return());
    }
    for (const [before, drain, after] of [
      [LRU_CACHE.notDrained, lru_add_drain, LRU_CACHE.drained],
      [LRU_CACHE.drained, lru_add_drain_all, LRU_CACHE.drainedAll],
    ] as const)
      k.if(drained.eq(before), () => {
        k.call(folio_ref_count, { folio: args.folio, count });
        // include/linux/mm.h: folio_expected_ref_count() of a folio that is not anonymous: mapping and mapcount, one by
        // one.
        k.step('folio_mapping', () =>
          pages.set(choose<'int'>(folio.mapping.at(args.folio).eq(none(INODE)), 0, folioNrPages(args.folio))),
        );
        k.step('folio_mapcount', () =>
          expected.set(count.eq(pages.plus(checkedFolio.mapcount.at(args.folio)).plus(args.extraRefs))),
        );
        k.if(expected, () => k.return());
        k.call(drain, {});
        drained.set(after);
      });
  },
);

/**
 * kernel/rcu/tree_exp.h: synchronize_rcu_expedited(), as far as batches are concerned: every CPU has left its present
 * local-lock section. A section that begins later sees what was written before.
 */
const synchronize_rcu_expedited = routine('synchronize_rcu_expedited', (k) => {
  k.for('cpu', optional(CPU), 0, none(CPU), (cpu) => {
    k.await('lru_add_section', cpuFbatches.lock.at(cpu).not());
    if (hasPart(k, 'lru_batches')) k.await('lru_move_tail_section', cpuFbatches.lockIrq.at(cpu).not());
    if (hasPart(k, 'mlock')) k.await('mlock_section', mlockFbatch.lock.at(cpu).not());
  });
});

/** mm/folio.c: lru_cache_disable(): from here on every addition flushes its batch at once. */
export const lru_cache_disable = routine('lru_cache_disable', (k) => {
  k.step('atomic_inc', () => {
    lruDisableCount.add(1);
    k.observe(LRU_DISABLED, {});
  });
  k.call(synchronize_rcu_expedited, {});
  k.call(lru_add_drain_all_force, {});
});

/**
 * mm/folio.c: lru_cache_enable(). Without an earlier disable, which every caller in the kernel makes, it does nothing
 * here.
 */
export const lru_cache_enable = routine('lru_cache_enable', (k) => {
  k.step('atomic_dec', () =>
    k.when(lruDisableCount.gt(0), () => {
      lruDisableCount.sub(1);
      k.observe(LRU_ENABLED, {});
    }),
  );
});

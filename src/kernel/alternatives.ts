// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, type Place } from '../lang/index.ts';
import { folio_may_be_lru_cached, lru_add_drain_all } from './folio.ts';
import { clamped, compareCount, FILEMAP_GET_FOLIOS_REFCOUNT, forEachFolio, safetyCheck } from './guest_memfd_check.ts';
import { folio_maybe_dma_pinned } from './gup.ts';
import type { K, Patch } from './kernel.ts';
import { lru_cache_disable, lru_cache_enable } from './lru_cache.ts';
import {
  checkedFolio,
  folio_mapped,
  folio_ref_freeze,
  folio_ref_unfreeze,
  folio_test_lru,
  folioNrPages,
  refcountType,
} from './page_ref.ts';
import { folio_isolate_lru, folio_putback_lru } from './vmscan.ts';

/** Number of looks at a folio in the form that tries again, as in memfd_wait_for_pins(). */
const MOST_SCANS = 5;

/** Drains every CPU unless `drained` is set, and sets it. */
function drainOnce(k: K, drained: Place<'bool'>): void {
  k.if(drained.not(), () => {
    k.call(lru_add_drain_all, {});
    drained.set(true);
  });
}

/** Forms of the check that were never proposed for merging, or were dropped, for comparison with the named forms. */
export const ALTERNATIVES: readonly Patch[] = [
  {
    name: 'drain-all-per-folio',
    summary: "drains all CPUs' batches for each folio with an unexpected count",
    check: safetyCheck((k, args) => {
      const mayDrain = k.local('may_be_lru_cached', bool);
      forEachFolio(k, args, clamped, (judgement) => {
        compareCount(k, judgement);
        k.if(judgement.safe.not(), () => {
          k.call(folio_may_be_lru_cached, { folio: judgement.folio, cached: mayDrain });
          k.if(mayDrain, () => {
            k.call(lru_add_drain_all, {});
            compareCount(k, judgement);
          });
        });
      });
    }),
  },
  {
    name: 'drain-all-first',
    summary: "drains all CPUs' batches before it looks at any folio",
    check: safetyCheck((k, args) => {
      k.call(lru_add_drain_all, {});
      forEachFolio(k, args, clamped, (judgement) => compareCount(k, judgement));
    }),
  },
  {
    name: 'lru-cache-disable',
    summary: 'keeps batches switched off while it looks',
    parts: ['lru_disable'],
    check: safetyCheck((k, args) => {
      k.call(lru_cache_disable, {});
      forEachFolio(k, args, clamped, (judgement) => compareCount(k, judgement));
      k.call(lru_cache_enable, {});
    }),
  },
  {
    name: 'isolate',
    summary: 'takes each folio off the LRU, which fails while it waits in lru_add, and puts it back',
    check: safetyCheck((k, args) => {
      const isolated = k.local('isolated', bool);
      forEachFolio(k, args, clamped, ({ folio: of, safe }) => {
        k.call(folio_isolate_lru, { folio: of, isolated });
        safe.set(isolated);
        k.if(isolated, () => {
          k.claiming('isolated', of, {}, () => {
            const expected = folioNrPages(of).plus(FILEMAP_GET_FOLIOS_REFCOUNT + 1);
            k.step('folio_ref_count', () => safe.set(checkedFolio.refcount.at(of).eq(expected)));
          });
          k.call(folio_putback_lru, { folio: of });
        });
      });
    }),
  },
  {
    name: 'pg-lru',
    summary: 'drains only if PG_lru says that the folio is not on the LRU',
    check: safetyCheck((k, args) => {
      const drained = k.let('lru_drained', bool, false);
      const lru = k.local('lru', bool);
      forEachFolio(k, args, clamped, (judgement) => {
        k.call(folio_test_lru, { folio: judgement.folio, lru });
        k.if(lru.not(), () => drainOnce(k, drained));
        compareCount(k, judgement);
      });
    }),
  },
  {
    name: 'try-again',
    summary: "drains all CPUs' batches once and looks up to five times, as memfd's F_SEAL_WRITE does",
    check: safetyCheck((k, args) => {
      const drained = k.let('lru_drained', bool, false);
      const scans = k.local('scans', int(MOST_SCANS));
      forEachFolio(k, args, clamped, (judgement) => {
        scans.set(0);
        k.loop(() => {
          compareCount(k, judgement);
          scans.add(1);
          k.if(judgement.safe.or(scans.eq(MOST_SCANS)), () => k.break());
          drainOnce(k, drained);
        });
      });
    }),
  },
  {
    name: 'ref-freeze',
    summary: "freezes each folio at the expected count, and thaws it; drains all CPUs' batches once if that fails",
    freezes: true,
    check: safetyCheck((k, args) => {
      const drained = k.let('lru_drained', bool, false);
      forEachFolio(k, args, clamped, ({ folio: of, safe, again }) => {
        const expected = k.let('expected', refcountType, 1 + FILEMAP_GET_FOLIOS_REFCOUNT);
        if (k.sizes['order'] !== 0)
          k.step('folio_nr_pages', () => expected.set(folioNrPages(of).plus(FILEMAP_GET_FOLIOS_REFCOUNT)));
        k.call(folio_ref_freeze, { folio: of, expected, frozen: safe });
        k.if(
          safe,
          () => k.call(folio_ref_unfreeze, { folio: of }),
          () =>
            k.if(drained.not(), () => {
              drainOnce(k, drained);
              again.set(true);
            }),
        );
      });
    }),
  },
  {
    name: 'known-references',
    summary: 'refuses only mapped or pinned pages, and ignores unknown holders',
    check: safetyCheck((k, args) =>
      forEachFolio(k, args, clamped, ({ folio: of, safe }) => {
        const used = k.local('used', bool);
        k.call(folio_maybe_dma_pinned, { folio: of, pinned: used });
        k.if(used.not(), () => k.call(folio_mapped, { folio: of, mapped: used }));
        safe.set(used.not());
      }),
    ),
  },
  {
    name: 'skip-lru',
    summary: 'keeps guest_memfd folios off the LRU, so that they enter no lru_add batch; no drain',
    skipsLru: true,
    check: safetyCheck((k, args) => forEachFolio(k, args, clamped, (judgement) => compareCount(k, judgement))),
  },
];

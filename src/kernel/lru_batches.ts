// SPDX-License-Identifier: GPL-2.0-only
import {
  bool,
  element,
  first,
  int,
  literal,
  none,
  one,
  optional,
  type Place,
  size,
  type Value,
} from '../lang/index.ts';
import { cpuFbatches, LRU_BATCHES } from './cpu_fbatches.ts';
import { CPU, FOLIO, type K, LRU_KIND, routine, SLOT } from './kernel.ts';
import { lru_cache_disabled } from './lru_disable.ts';
import { LRU_BATCH_EMPTIED, REF_SET } from './observations.ts';
import { folio, folio_get, folio_put, putReferences } from './page_ref.ts';
import { local_lock, local_unlock } from './sched.ts';

type LruBatch = (typeof LRU_BATCHES)[number];

interface OfCpu extends Readonly<Record<string, unknown>> {
  readonly cpu: Value<'cpu'>;
}
interface OfBatch extends OfCpu {
  readonly batch: LruBatch;
}

const kindOf = (batch: LruBatch): Value<'lru_kind'> => element(LRU_KIND, literal(LRU_BATCHES.indexOf(batch)));
const lockOf = (batch: LruBatch) => (batch === 'lru_move_tail' ? cpuFbatches.lockIrq : cpuFbatches.lock);

/**
 * mm/folio.c: folio_batch_move_lru() of a batch other than lru_add: an entry that was isolated meanwhile is left alone;
 * each loses its reference at the end. The caller holds the batch's lock.
 */
const folio_batch_move_lru = routine('folio_batch_move_lru', (k, { cpu, batch }: OfBatch) => {
  const { nr, folios } = cpuFbatches.others;
  const kind = kindOf(batch);
  const count = k.local('count', int(k.config.profile.batchSize));
  const on = k.local('on', bool);
  k.step('folio_batch_count', () => count.set(nr.at(cpu, kind)));
  k.for('i', optional(SLOT), 0, element(SLOT, count), (i) => {
    const lru = folio.lru.at(folios.at(cpu, kind, i));
    k.step('folio_test_clear_lru', () => {
      on.set(lru);
      lru.set(false);
    });
    // The move function's work on the lists concerns no reference.
    k.if(on, () => k.step('folio_set_lru', () => lru.set(true)));
  });
  k.for('i', optional(SLOT), 0, element(SLOT, count), (i) => {
    k.step('folios_put', () => {
      putReferences(k, folios.at(cpu, kind, i));
      folios.at(cpu, kind, i).set(none(FOLIO));
    });
  });
  k.step('folio_batch_reinit', () => {
    k.observe(LRU_BATCH_EMPTIED, { cpu, kind });
    nr.at(cpu, kind).set(0);
  });
});

/** mm/folio.c: the part of lru_add_drain_cpu() that follows lru_add. The caller holds the CPU's cpu_fbatches.lock. */
export const drain_other_batches = routine('drain_other_batches', (k, { cpu }: OfCpu) => {
  const pending = k.local('pending', bool);
  const here = k.local('here', one(CPU));
  for (const batch of batchesOf(k)) {
    k.step(`${batch}.nr`, () => pending.set(cpuFbatches.others.nr.at(cpu, kindOf(batch)).ne(0)));
    k.if(pending, () => {
      if (batch === 'lru_move_tail') {
        k.call(local_lock, { lock: cpuFbatches.lockIrq, cpu: here });
        k.call(folio_batch_move_lru, { cpu, batch });
        k.call(local_unlock, { lock: cpuFbatches.lockIrq, cpu: here });
      } else k.call(folio_batch_move_lru, { cpu, batch });
    });
  }
});

/** mm/folio.c: the part of cpu_needs_drain() that follows lru_add, in its order; each read without a lock. */
export const other_batches_need_drain = routine(
  'other_batches_need_drain',
  (k, { cpu, needs }: OfCpu & { readonly needs: Place<'bool'> }) => {
    for (const batch of batchesOf(k))
      k.if(needs.not(), () =>
        k.step(`${batch}.nr`, () => needs.set(cpuFbatches.others.nr.at(cpu, kindOf(batch)).ne(0))),
      );
  },
);

/** mm/folio.c: struct cpu_fbatches: without CONFIG_SMP there is no lru_activate (7.3). */
const batchesOf = (k: K): readonly LruBatch[] =>
  k.config.profile.smp ? LRU_BATCHES : LRU_BATCHES.filter((batch) => batch !== 'lru_activate');

/** mm/folio.c: __folio_batch_add_and_move() to a batch other than lru_add: only folios on the LRU. */
const folio_batch_add_and_move = routine(
  '__folio_batch_add_and_move',
  (k, { folio: of, batch }: { readonly folio: Value<'folio'>; readonly batch: LruBatch }) => {
    const { nr, folios } = cpuFbatches.others;
    const [kind, lock] = [kindOf(batch), lockOf(batch)];
    const cpu = k.local('cpu', one(CPU));
    const flush = k.local('flush', bool);
    const on = k.local('on', bool);
    k.step('folio_test_lru', () => on.set(folio.lru.at(of)));
    k.if(on.not(), () => k.return());
    k.call(folio_get, { folio: of });
    k.claiming('lru-batch', of, {}, () => {
      k.call(local_lock, { lock, cpu });
      k.step('folio_batch_add', () => {
        folios.at(cpu, kind, element(SLOT, nr.at(cpu, kind))).set(of);
        nr.at(cpu, kind).add(1);
        flush.set(nr.at(cpu, kind).eq(size(SLOT)));
      });
    });
    lru_cache_disabled(k, flush);
    k.if(flush, () => k.call(folio_batch_move_lru, { cpu, batch }));
    k.call(local_unlock, { lock, cpu });
  },
);

/**
 * Effects of users of other memory: a page on the LRU, of no guest_memfd, is queued to a batch, and its last user goes,
 * so that only the batch holds it. Causes: the end of a writeback (lru_move_tail), an invalidation
 * (lru_deactivate_file), MADV_COLD (lru_deactivate), MADV_FREE (lru_lazyfree), a second access (lru_activate).
 */
export const use_other_memory = routine(
  'use_other_memory',
  (k, { batch: number }: { readonly batch: Value<'int'> }) => {
    const of = k.local('folio', optional(FOLIO));
    k.step('alloc_folio', () => {
      of.set(first(0, none(FOLIO), none(FOLIO), (candidate) => folio.allocated.at(candidate).not()));
      k.when(of.ne(none(FOLIO)), () => {
        k.observe(REF_SET, { folio: of });
        folio.allocated.at(of).set(true);
        folio.refcount.at(of).set(1);
        folio.lru.at(of).set(true);
      });
    });
    k.if(of.eq(none(FOLIO)), () => k.return());
    k.claiming('lookup', of, {}, () => {
      for (const [i, batch] of batchesOf(k).entries())
        k.if(number.eq(i), () => k.call(folio_batch_add_and_move, { folio: of, batch }));
      k.call(folio_put, { folio: of });
    });
  },
);

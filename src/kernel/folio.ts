// SPDX-License-Identifier: GPL-2.0-only
import {
  bool,
  element,
  int,
  none,
  observed,
  one,
  optional,
  type Place,
  shared,
  sharedScalar,
  size,
  TASK,
  type Value,
} from '../lang/index.ts';
import { cpuFbatches } from './cpu_fbatches.ts';
import { CPU, FOLIO, hasPart, isMutant, type K, routine, SLOT } from './kernel.ts';
import { drain_other_batches, other_batches_need_drain } from './lru_batches.ts';
import { folio, folio_get, freeFolio, putReferences } from './page_ref.ts';
import { lru_cache_disabled } from './lru_disable.ts';
import { mlock_drain_local, need_mlock_drain } from './mlock.ts';
import {
  DRAIN_ALL,
  DRAIN_ASKS,
  DRAIN_GENERATION,
  DRAIN_LEFT_EARLY,
  DRAIN_LOCAL,
  DRAIN_UNDERTAKEN,
  INSERTED,
  LRU_ADD_EMPTIED,
  LRU_ADD_QUEUED,
  MAY_BE_LRU_CACHED,
  REF_FREEZE,
} from './observations.ts';
import { cpuMasks, eachUserTask, local_lock, local_unlock } from './sched.ts';
import { flush_work, queue_work_on } from './workqueue.ts';

/**
 * State that all calls of lru_add_drain_all() share.
 * @example
 * import { drainAll } from 'folioscope/kernel';
 * Object.keys(drainAll).includes('mutex'); // => true
 */
export const drainAll = {
  /**
   * lru_drain_gen, reduced to what is compared: whether it still has the value that the task loaded, from its load to
   * its comparison. A number would have to be bounded, and could wrap.
   */
  unchanged: shared('lru_drain_gen.unchanged', [TASK], bool),
  mutex: sharedScalar('lru_drain_all.mutex', bool),
  hasWork: shared('lru_drain_all.has_work', [CPU], bool),
};

interface OfCpu extends Readonly<Record<string, unknown>> {
  readonly cpu: Value<'cpu'>;
}
interface OfFolio extends Readonly<Record<string, unknown>> {
  readonly folio: Value<'folio'>;
}

/** mm/folio.c: folio_batch_move_lru(lru_add). The caller holds the CPU's cpu_fbatches.lock. */
const folio_batch_move_lru = routine('folio_batch_move_lru', (k, { cpu }: OfCpu) => {
  const { nr, folios } = cpuFbatches.lruAdd;
  const count = k.local('count', int(k.config.profile.batchSize));
  k.step('folio_batch_count', () => count.set(nr.at(cpu)));
  k.for('i', optional(SLOT), 0, element(SLOT, count), (i) => {
    const entry = folios.at(cpu, i);
    const dead = k.let('dead', bool, false);
    // 7.2 and 7.3; 6.18 inserts a folio of which the batch has the last reference, and frees it afterwards.
    if (k.config.profile.flushFreesLastReference)
      k.step('folio_ref_freeze', () => {
        dead.set(folio.refcount.at(entry).eq(1));
        // The kernel frees it after the lruvec lock is released; while it is frozen, no modelled task can distinguish
        // the two.
        k.when(dead, () => {
          k.observe(REF_FREEZE, { folio: entry });
          folio.refcount.at(entry).set(0);
          freeFolio(entry);
          entry.set(none(FOLIO));
        });
      });
    k.if(dead.not(), () =>
      k.step('lru_add', () => {
        k.observe(INSERTED, { folio: entry });
        folio.lru.at(entry).set(true);
      }),
    );
  });
  k.for('i', optional(SLOT), 0, element(SLOT, count), (i) => {
    const entry = folios.at(cpu, i);
    k.step('folios_put', () => {
      k.when(entry.ne(none(FOLIO)), () => {
        putReferences(k, entry);
        entry.set(none(FOLIO));
      });
    });
  });
  k.step('folio_batch_reinit', () => {
    k.observe(LRU_ADD_EMPTIED, { cpu });
    nr.at(cpu).set(0);
  });
});

/**
 * mm/folio.c: folio_add_lru() and its __folio_batch_add_and_move().
 * @param args.putBack the folio was isolated, and is not new in the page cache.
 */
export const folio_add_lru = routine('folio_add_lru', (k, args: OfFolio & { readonly putBack?: boolean }) => {
  const { lock, lruAdd } = cpuFbatches;
  const cpu = k.local('cpu', one(CPU));
  const flush = k.local('flush', bool);
  // Taken before the lock: for a moment the reference is in no batch, and no drain can find it (SC-24).
  k.call(folio_get, { folio: args.folio });
  k.claiming('lru-add-batch', args.folio, {}, () => {
    k.call(local_lock, { lock, cpu });
    k.step('folio_batch_add', () => {
      k.observe(LRU_ADD_QUEUED, { folio: args.folio, putBack: args.putBack === true });
      lruAdd.folios.at(cpu, element(SLOT, lruAdd.nr.at(cpu))).set(args.folio);
      lruAdd.nr.at(cpu).add(1);
      const full = lruAdd.nr.at(cpu).eq(size(SLOT));
      flush.set(full.or(folio.order.at(args.folio).ne(0)));
    });
  });
  lru_cache_disabled(k, flush);
  k.if(flush, () => k.call(folio_batch_move_lru, { cpu }));
  k.call(local_unlock, { lock, cpu });
});

/** mm/internal.h: folio_may_be_lru_cached(): large folios never stay in a batch. */
export const folioMayBeLruCached = (of: Value<'folio'>): Value<'bool'> => askedOrder.at(of).eq(0);
const askedOrder = observed(folio.order, 'folio', [MAY_BE_LRU_CACHED]);

/** The same, as a call from outside mm/. */
export const folio_may_be_lru_cached = routine(
  'folio_may_be_lru_cached',
  (k, args: OfFolio & { readonly cached: Place<'bool'> }) => {
    k.step('folio_may_be_lru_cached', () => args.cached.set(folioMayBeLruCached(args.folio)));
  },
);

/** mm/folio.c: lru_add_drain_cpu(). The caller holds the CPU's cpu_fbatches.lock. */
export const lru_add_drain_cpu = routine('lru_add_drain_cpu', (k, { cpu }: OfCpu) => {
  const pending = k.local('pending', bool);
  k.step('folio_batch_count', () => pending.set(cpuFbatches.lruAdd.nr.at(cpu).ne(0)));
  k.if(pending, () => k.call(folio_batch_move_lru, { cpu }));
  if (hasPart(k, 'lru_batches')) k.call(drain_other_batches, { cpu });
});

/** @param meaning observations of its first step. */
const drainsLocally = (k: K, meaning?: () => void): void => {
  const cpu = k.local('cpu', one(CPU));
  k.call(local_lock, { lock: cpuFbatches.lock, cpu, meaning });
  k.call(lru_add_drain_cpu, { cpu });
  k.call(local_unlock, { lock: cpuFbatches.lock, cpu });
  // Here the task may migrate: it then drains another CPU's mlock batch.
  if (hasPart(k, 'mlock')) k.call(mlock_drain_local, {});
};

/** mm/folio.c: lru_add_drain(): the batches of the CPU that the task runs on, the mlock batch last. */
export const lru_add_drain = routine('lru_add_drain', (k) => drainsLocally(k, () => k.observe(DRAIN_LOCAL, {})));

/** The same as a part of a routine with its own meaning. */
export const lru_add_drain_within = routine('lru_add_drain', (k) => drainsLocally(k));

/** mm/folio.c: cpu_needs_drain(): reads another CPU's counts without its locks. */
const cpu_needs_drain = routine('cpu_needs_drain', (k, { cpu, needs }: OfCpu & { readonly needs: Place<'bool'> }) => {
  k.step('cpu_needs_drain', () => {
    k.observe(DRAIN_ASKS, { cpu });
    needs.set(cpuFbatches.lruAdd.nr.at(cpu).ne(0));
  });
  if (hasPart(k, 'lru_batches')) k.call(other_batches_need_drain, { cpu, needs });
  if (hasPart(k, 'mlock')) k.if(needs.not(), () => k.call(need_mlock_drain, { cpu, needs }));
});

/** Without SMP, a drain of all CPUs is a drain of one. */
const lru_add_drain_alone = routine('lru_add_drain', (k) => drainsLocally(k, () => k.observe(DRAIN_ALL, {})));

/**
 * mm/folio.c: __lru_add_drain_all(): every CPU's batches, one caller at a time. With `force` it does not leave early
 * because another task has drained meanwhile. The barriers around the generation are implied by sequential consistency;
 * docs/kernel-language.md says what that leaves out.
 */
function drainEveryCpu(k: K, force: boolean): void {
  // Without CONFIG_SMP lru_add_drain_all() is lru_add_drain() (7.3).
  if (!k.config.profile.smp) {
    k.call(lru_add_drain_alone, {});
    return;
  }
  const { unchanged, mutex, hasWork } = drainAll;
  const newer = k.local('newer', bool);
  k.step('load_lru_drain_gen', () => {
    k.observe(DRAIN_ALL, {});
    if (force) return;
    k.observe(DRAIN_GENERATION, {});
    unchanged.at(k.self).set(true);
  });
  // Since 6.18: "mm: lru_add_drain_all() do local lru_add_drain() first".
  if (k.config.profile.drainAllLocalFirst) k.call(lru_add_drain_within, {});
  k.await('mutex_lock', mutex.not(), () => mutex.set(true));
  // Pairs with the increment below: a newer generation means that another task looked at our batches after we entered.
  if (force) newer.set(false);
  else
    k.step('compare_lru_drain_gen', () => {
      newer.set(unchanged.at(k.self).not());
      unchanged.at(k.self).set(false);
      k.when(
        newer,
        () => k.observe(DRAIN_LEFT_EARLY, {}),
        () => k.observe(DRAIN_UNDERTAKEN, {}),
      );
    });
  const bump = (): void => k.step('bump_lru_drain_gen', () => eachUserTask(k, (task) => unchanged.at(task).set(false)));
  const unlock = (): void => k.step('mutex_unlock', () => mutex.set(false));
  const bumpsLate = isMutant(k, 'drain-bumps-after-loop');
  const unlocksEarly = isMutant(k, 'drain-unlocks-before-flush');
  k.if(newer.not(), () => {
    if (!bumpsLate) bump();
    k.for('cpu', optional(CPU), 0, none(CPU), (cpu) => {
      const needs = k.local('needs', bool);
      // No hotplug lock is held: a CPU may leave the mask before it is asked, and no drain sees its batches then.
      if (hasPart(k, 'hotplug')) {
        k.step('for_each_online_cpu', () => needs.set(cpuMasks.offline.at(cpu, 0).not()));
        k.if(needs, () => k.call(cpu_needs_drain, { cpu, needs }));
      } else k.call(cpu_needs_drain, { cpu, needs });
      k.if(needs, () => {
        k.call(queue_work_on, { cpu });
        k.step('cpumask_set_cpu', () => hasWork.at(cpu).set(true));
      });
    });
    if (bumpsLate) bump();
    if (unlocksEarly) unlock();
    k.for('cpu', optional(CPU), 0, none(CPU), (cpu) => {
      const wait = k.local('wait', bool);
      k.step('for_each_cpu', () => {
        wait.set(hasWork.at(cpu));
        hasWork.at(cpu).set(false);
      });
      k.if(wait, () => k.call(flush_work, { cpu }));
    });
  });
  if (unlocksEarly) k.if(newer, unlock);
  else unlock();
}

/** mm/folio.c: lru_add_drain_all(). */
export const lru_add_drain_all = routine('lru_add_drain_all', (k) => drainEveryCpu(k, false));

/** mm/folio.c: __lru_add_drain_all(true). */
export const lru_add_drain_all_force = routine('__lru_add_drain_all', (k) => drainEveryCpu(k, true));

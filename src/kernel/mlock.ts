// SPDX-License-Identifier: GPL-2.0-only
import { bool, element, int, none, one, optional, type Place, shared, size, type Value } from '../lang/index.ts';
import { boolIn, CPU, FOLIO, type K, MLOCK_SLOT, routine } from './kernel.ts';
import { lru_cache_disabled } from './lru_disable.ts';
import { MLOCK_EMPTIED } from './observations.ts';
import { folio, folio_put, folio_try_get, putReferences } from './page_ref.ts';
import { local_lock, local_unlock, localLock } from './sched.ts';

/**
 * mlock_fbatch of each CPU, with a local lock of its own. It holds entries of mlock_folio() and of munlock_folio(),
 * also several of one folio. Their effect on PG_mlocked and mlock_count is accounting that concerns no reference, so an
 * entry needs no tag.
 */
export const mlockFbatch = {
  lock: localLock('mlock_fbatch.lock', boolIn('mlock')),
  /** Read by other CPUs without the lock (need_mlock_drain). */
  nr: shared(
    'mlock_fbatch.nr',
    [CPU],
    int(({ mlock_slot = 0 }) => mlock_slot),
  ),
  /** A slot is none again as soon as the flush has put its reference: it then names no folio. */
  folios: shared('mlock_fbatch.folios', [CPU, MLOCK_SLOT], optional(FOLIO)),
};

interface OfCpu extends Readonly<Record<string, unknown>> {
  readonly cpu: Value<'cpu'>;
}
interface OfFolio extends Readonly<Record<string, unknown>> {
  readonly folio: Value<'folio'>;
}

/**
 * mm/mlock.c: __mlock_folio() or __munlock_folio() of one entry. A guest_memfd folio stays unevictable either way, but
 * for a moment it looks isolated.
 */
const __mlock_folio = routine('__mlock_folio', (k, args: OfFolio) => {
  const lru = folio.lru.at(args.folio);
  const cleared = k.local('cleared', bool);
  k.step('folio_test_clear_lru', () => {
    cleared.set(lru);
    lru.set(false);
  });
  k.if(cleared, () => k.step('folio_set_lru', () => lru.set(true)));
});

/** mm/mlock.c: mlock_folio_batch(). The caller holds the CPU's mlock_fbatch.lock. */
const mlock_folio_batch = routine('mlock_folio_batch', (k, { cpu }: OfCpu) => {
  const { nr, folios } = mlockFbatch;
  const count = k.local('count', int(k.config.profile.batchSize));
  k.step('folio_batch_count', () => count.set(nr.at(cpu)));
  // Up to 7.3 each entry holds a reference; in linux-mm's mm/mlock.c at 0a99d0b0 none does.
  if (k.config.profile.mlockBatchHoldsReference) {
    k.for('i', optional(MLOCK_SLOT), 0, element(MLOCK_SLOT, count), (i) => {
      const entry = k.local('entry', optional(FOLIO));
      k.step('mlock_folio_batch_entry', () => entry.set(folios.at(cpu, i)));
      k.call(__mlock_folio, { folio: entry });
    });
    k.for('i', optional(MLOCK_SLOT), 0, element(MLOCK_SLOT, count), (i) => {
      k.step('folios_put', () => {
        putReferences(k, folios.at(cpu, i));
        folios.at(cpu, i).set(none(FOLIO));
      });
    });
  } else k.for('i', optional(MLOCK_SLOT), 0, element(MLOCK_SLOT, count), (i) => flushWithoutReference(k, cpu, i));
  k.step('folio_batch_reinit', () => {
    k.observe(MLOCK_EMPTIED, { cpu });
    nr.at(cpu).set(0);
  });
});

/** Future kernels: only the flush takes a reference, and it drops the entry of a folio that is gone. */
function flushWithoutReference(k: K, cpu: Value<'cpu'>, i: Value<'mlock_slot'>): void {
  const { folios } = mlockFbatch;
  const entry = k.local('entry', optional(FOLIO));
  const got = k.local('got', bool);
  k.step('mlock_folio_batch_entry', () => {
    entry.set(folios.at(cpu, i));
    folios.at(cpu, i).set(none(FOLIO));
  });
  k.call(folio_try_get, { folio: entry, got });
  k.if(got, () =>
    k.claiming('mlock-batch', entry, { on: cpu }, () => {
      k.call(__mlock_folio, { folio: entry });
      k.call(folio_put, { folio: entry });
    }),
  );
}

/** The references of mlock_folio() and munlock_folio(); the tag distinguishes the two. */
function queue(k: K, of: Value<'folio'>): void {
  const { lock, nr, folios } = mlockFbatch;
  const cpu = k.local('cpu', one(CPU));
  const flush = k.local('flush', bool);
  k.call(local_lock, { lock, cpu });
  // Up to 7.3 an entry holds a reference. It is taken inside the lock, unlike folio_add_lru()'s: a drain that comes after it
  // finds every reference in a batch.
  if (k.config.profile.mlockBatchHoldsReference) k.step('folio_get', () => folio.refcount.at(of).add(1));
  const add = (): void =>
    k.step('folio_batch_add', () => {
      folios.at(cpu, element(MLOCK_SLOT, nr.at(cpu))).set(of);
      nr.at(cpu).add(1);
      flush.set(nr.at(cpu).eq(size(MLOCK_SLOT)).or(folio.order.at(of).ne(0)));
    });
  // As above (7.3): without a reference there is nothing to claim.
  if (k.config.profile.mlockBatchHoldsReference) k.claiming('mlock-batch', of, { on: cpu }, add);
  else add();
  lru_cache_disabled(k, flush);
  k.if(flush, () => k.call(mlock_folio_batch, { cpu }));
  k.call(local_unlock, { lock, cpu });
}

/** mm/mlock.c: mlock_folio(). */
export const mlock_folio = routine('mlock_folio', (k, args: OfFolio) => queue(k, args.folio));

/** mm/mlock.c: munlock_folio(). */
export const munlock_folio = routine('munlock_folio', (k, args: OfFolio) => queue(k, args.folio));

/** mm/mlock.c: mlock_drain_local(): the mlock batch of the CPU on which the task runs. */
export const mlock_drain_local = routine('mlock_drain_local', (k) => {
  const { lock, nr } = mlockFbatch;
  const cpu = k.local('cpu', one(CPU));
  const pending = k.local('pending', bool);
  k.call(local_lock, { lock, cpu });
  k.step('folio_batch_count', () => pending.set(nr.at(cpu).ne(0)));
  k.if(pending, () => k.call(mlock_folio_batch, { cpu }));
  k.call(local_unlock, { lock, cpu });
});

/** mm/mlock.c: mlock_drain_remote(): the mlock batch of a CPU that is gone, so without its lock. */
export const mlock_drain_remote = routine('mlock_drain_remote', (k, { cpu }: OfCpu) => {
  const pending = k.local('pending', bool);
  k.step('folio_batch_count', () => pending.set(mlockFbatch.nr.at(cpu).ne(0)));
  k.if(pending, () => k.call(mlock_folio_batch, { cpu }));
});

/** mm/mlock.c: need_mlock_drain(): reads another CPU's count without its lock. */
export const need_mlock_drain = routine(
  'need_mlock_drain',
  (k, { cpu, needs }: OfCpu & { readonly needs: Place<'bool'> }) => {
    k.step('need_mlock_drain', () => needs.set(mlockFbatch.nr.at(cpu).ne(0)));
  },
);

// SPDX-License-Identifier: GPL-2.0-only
import { bool, choose, int, optional, type Place, type Routine, type Value } from '../lang/index.ts';
import { filemap_get_folios, folio_batch_release, folioBatch } from './filemap.ts';
import { folio_may_be_lru_cached, lru_add_drain, lru_add_drain_all } from './folio.ts';
import { folio_maybe_dma_pinned } from './gup.ts';
import { type CheckArguments, INDEX, type K, type KernelConfig, type Patch, routine } from './kernel.ts';
import { lru_cache_drain_for_folio, LRU_CACHE } from './lru_cache.ts';
import { checkedFolio, folio, folio_mapped, folioNrPages } from './page_ref.ts';

/** The reference that filemap_get_folios() took for the check itself. */
export const FILEMAP_GET_FOLIOS_REFCOUNT = 1;

/** A check's judgement of one folio of its batch. */
interface Judgement {
  readonly folio: Value<'folio'>;
  /** Set by the judgement: the folio has no unexpected reference. */
  readonly safe: Place<'bool'>;
  /** Set by the judgement: judge the same folio once more. */
  readonly again: Place<'bool'>;
}

/**
 * Compares the folio's count with the references of the page cache and of the check itself. The number of pages cannot
 * change while the check has its reference, so both are one access.
 */
export function compareCount(k: K, { folio: of, safe }: Pick<Judgement, 'folio' | 'safe'>): void {
  k.step('folio_ref_count', () => {
    safe.set(checkedFolio.refcount.at(of).eq(folioNrPages(of).plus(FILEMAP_GET_FOLIOS_REFCOUNT)));
  });
}

/**
 * The loop that every form shares: the folios of the range in batches, each judged in turn, until one stays unsafe. The
 * batch is released on every exit.
 */
export function forEachFolio(
  k: K,
  { inode, start, nr, safe, err_index }: CheckArguments,
  errIndexOf: (index: Value<'index'>, start: Value<'index'>) => Value<'index'>,
  judge: (judgement: Judgement) => void,
): void {
  const next = k.let('next', optional(INDEX), start);
  const last = k.let('last', optional(INDEX), start.plus(nr).minus(1));
  const batch = folioBatch(k);
  const ok = k.let('ok', bool, true);
  const again = k.local('again', bool);
  k.while(ok, () => {
    k.call(filemap_get_folios, { inode, start: next, last, batch });
    k.if(batch.count.eq(0), () => k.break());
    k.claimingList('safety-check', batch.folios, 0, batch.count, {}, () => {
      const i = k.let('i', int(k.config.profile.batchSize), 0);
      k.while(ok.and(i.lt(batch.count)), () => {
        const current = batch.folios.at(i);
        again.set(false);
        judge(Object.freeze({ folio: current, safe: ok, again }));
        k.if(ok, () => i.add(1));
        k.if(again, () => ok.set(true));
        k.if(ok.not(), () => k.step('folio_index', () => err_index.set(errIndexOf(folio.index.at(current), start))));
      });
    });
    k.call(folio_batch_release, { batch });
  });
  safe.set(ok);
}

const unclamped = (index: Value<'index'>): Value<'index'> => index;
export const clamped = (index: Value<'index'>, start: Value<'index'>): Value<'index'> =>
  choose(index.lt(start), start, index);

/**
 * A check's text, under the kernel's name.
 * @example
 * import {
 *   clamped,
 *   compareCount,
 *   drainingOnce,
 *   FILEMAP_GET_FOLIOS_REFCOUNT,
 *   forEachFolio,
 *   lru_add_drain_all,
 *   type Patch,
 *   safetyCheck,
 * } from 'folioscope/kernel';
 * import { createMachine } from 'folioscope/machine';
 * // A form that refuses at an unexpected count, as the baseline does:
 * const mine: Patch = {
 *   name: 'mine',
 *   summary: 'no drain',
 *   check: safetyCheck((k, args) => forEachFolio(k, args, clamped, (judgement) => compareCount(k, judgement))),
 * };
 * const draining: Patch = {
 *   name: 'draining',
 *   summary: 'drains all once',
 *   check: drainingOnce(lru_add_drain_all, clamped),
 * };
 * const resultOf = (patch: Patch) => {
 *   const tasks = [
 *     { name: 'vmm', cpu: 0 },
 *     { name: 'other', cpu: 1 },
 *   ];
 *   const machine = createMachine({ cpus: 2, tasks, guestMemfds: [{ pages: 1 }], patch });
 *   machine.call(1, { call: 'touch', inode: 0, start: 0, pages: 1 });
 *   const argument = { offset: 0n, size: 4096n, attributes: 8n, flags: 0n, reserved: [] };
 *   return machine.call(0, { call: 'set-memory-attributes2', inode: 0, argument }).result;
 * };
 * [mine, draining].map(resultOf); // => ['EAGAIN', 'ok']
 * FILEMAP_GET_FOLIOS_REFCOUNT; // => 1
 */
export const safetyCheck = (text: (k: K, args: CheckArguments) => void): Routine<KernelConfig, CheckArguments> =>
  routine('kvm_gmem_is_safe_for_conversion', (k, args) =>
    k.withoutAsserts(
      "'assert' says nothing in a form of the check: expected the scenario's own 'check', or a step that sets 'safe'",
      () => text(k, args),
    ),
  );

/**
 * A form that drains with `drain`, at most once a request, if the folio may be LRU-cached, and then judges the folio
 * again.
 */
export const drainingOnce = (
  drain: Routine<KernelConfig, Readonly<Record<string, unknown>>>,
  errIndexOf: (index: Value<'index'>, start: Value<'index'>) => Value<'index'>,
): Routine<KernelConfig, CheckArguments> =>
  safetyCheck((k, args) => {
    const lruDrained = k.let('lru_drained', bool, false);
    const mayDrain = k.local('may_be_lru_cached', bool);
    forEachFolio(k, args, errIndexOf, (judgement) => {
      compareCount(k, judgement);
      k.if(judgement.safe.not(), () => {
        k.call(folio_may_be_lru_cached, { folio: judgement.folio, cached: mayDrain });
        k.if(mayDrain.and(lruDrained.not()), () => {
          k.call(drain, {});
          lruDrained.set(true);
          judgement.again.set(true);
        });
      });
    });
  });

/** v6 11/43 alone: an unexpected count is refused. */
const baseline: Patch = {
  name: 'baseline',
  summary: 'no drain: an unexpected count refuses',
  mostDrains: { local: 0, all: 0 },
  mostReads: { each: 1, besides: 0 },
  check: safetyCheck((k, args) => forEachFolio(k, args, unclamped, (judgement) => compareCount(k, judgement))),
};

const localDrain: Patch = {
  name: 'local-drain',
  summary: "drains the converting CPU's batches once, then reads the folio again",
  mostDrains: { local: 1, all: 0 },
  mostReads: { each: 1, besides: 1 },
  check: drainingOnce(lru_add_drain, clamped),
};

/** v6 15/43. Its err_index may lie below the range for a large folio that begins before it. */
const v6: Patch = {
  name: 'v6',
  summary: "drains all CPUs' batches once, then reads the folio again",
  mostDrains: { local: 0, all: 1 },
  mostReads: { each: 1, besides: 1 },
  exports: ['lru_add_drain_all'],
  check: drainingOnce(lru_add_drain_all, unclamped),
};

/** v8 18/46. */
const v8: Patch = {
  name: 'v8',
  summary: 'as v6, with err_index clamped to the range',
  mostDrains: { local: 0, all: 1 },
  mostReads: { each: 1, besides: 1 },
  exports: ['lru_add_drain_all'],
  check: drainingOnce(lru_add_drain_all, clamped),
};

/** The newest form: __folio_has_outstanding_references(). */
const drainForFolio: Patch = {
  name: 'drain-for-folio',
  guestFaultPutsAtOnce: true,
  summary: 'refuses pinned or mapped folios at once; else drains the local CPU, then all, each once',
  mostDrains: { local: 1, all: 1 },
  // For each page: pinned or not, drain or not, and the final read; once more if a local drain did not help.
  mostReads: { each: 3, besides: 1 },
  check: safetyCheck((k, args) => {
    const drained = k.let('drained', int(LRU_CACHE.drainedAll), LRU_CACHE.notDrained);
    const used = k.local('used', bool);
    forEachFolio(k, args, clamped, (judgement) => {
      const of = judgement.folio;
      k.call(folio_maybe_dma_pinned, { folio: of, pinned: used });
      k.if(used.not(), () => k.call(folio_mapped, { folio: of, mapped: used }));
      k.if(
        used,
        () => judgement.safe.set(false),
        () => {
          k.call(lru_cache_drain_for_folio, { folio: of, extraRefs: FILEMAP_GET_FOLIOS_REFCOUNT, drained });
          compareCount(k, judgement);
        },
      );
    });
  }),
};

/** The forms of the check that have names, in the order of their history. */
export const PATCHES: readonly Patch[] = [baseline, localDrain, v6, v8, drainForFolio];

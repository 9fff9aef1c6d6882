// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, optional, type Step, type Value } from '../lang/index.ts';
import { filemap_get_folios, folio_batch_release, type FolioBatch, folioBatch } from './filemap.ts';
import { lru_add_drain, lru_add_drain_all } from './folio.ts';
import { FILEMAP_GET_FOLIOS_REFCOUNT, PATCHES } from './guest_memfd_check.ts';
import {
  type CheckArguments,
  INDEX,
  type K,
  type MutantName,
  type Patch,
  routine,
  staticLruDrained,
} from './kernel.ts';
import { checkedFolio, folio, folioNrPages, putReferences } from './page_ref.ts';

/** The properties that catch mutants, by their names in docs/check.md and the scenarios. */
type InvariantName = 'I1' | 'I2' | 'I3' | 'I6' | 'I9' | 'expected';

/** A kernel with a deliberate mistake, to test that the checks catch it. */
export interface Mutant {
  readonly name: MutantName;
  /** The mistake, in one line. */
  readonly forgets: string;
  /** The scenario that shows it. */
  readonly scenario: string;
  /** The property that it violates there. */
  readonly property: InvariantName;
  /** v6 in a wrong kernel, or a wrong v6, under the mutant's name. */
  readonly patch: Patch;
}

const v6 = ((): Patch => {
  const found = PATCHES.find(({ name }) => name === 'v6');
  if (found === undefined) throw new Error('v6 is missing');
  return found;
})();

interface Texts extends Pick<Patch, 'parts'> {
  /** The check, if the mistake is there. */
  readonly check?: Patch['check'];
  /** Changes single steps of the kernel's text. Absent: the text itself asks for the mutant (`isMutant`). */
  readonly rewrite?: (step: Step) => Step;
}

function mutant(
  name: MutantName,
  [scenario, property]: readonly [string, InvariantName],
  forgets: string,
  { check = v6.check, rewrite, parts }: Texts = {},
): Mutant {
  const summary = `a mutant of v6: ${forgets}`;
  const patch: Patch = {
    name: `mutant:${name}`,
    summary,
    check,
    ...(v6.exports === undefined ? {} : { exports: v6.exports }),
    mutant: rewrite === undefined ? { name } : { name, rewrite },
    ...(parts === undefined ? {} : { parts }),
  };
  return { name, forgets, scenario, property, patch };
}

/** Changes one step, wherever its routine is inlined. */
const changing =
  (routineName: string, stepName: string, change: (step: Step) => Step) =>
  (step: Step): Step =>
    step.name === stepName && step.path.includes(routineName) ? change(step) : step;
const forgotten = (step: Step): Step => ({ ...step, effects: [] });
const unguarded = (step: Step): Step => ({ ...step, guard: undefined });

/** Mistakes of a wrong check; none: plain v6. */
interface Mistakes {
  readonly drain?: (k: K) => void;
  readonly afterDrain?: 'reads again' | 'believes it is safe' | 'gives up';
  readonly release?: (k: K, batch: FolioBatch) => void;
  /** References that the check counts as expected. */
  readonly expected?: (of: Value<'folio'>) => Value<'int'>;
  readonly drainedAtFirst?: boolean;
  /** It never records that it has drained. */
  readonly forgetsDrain?: boolean;
  /** The flag outlives the request. */
  readonly staticFlag?: boolean;
}

/** v6 written out once more, with options for mistakes. */
export function wrongCheck(mistakes: Mistakes): Patch['check'] {
  const { drain = (k: K) => k.call(lru_add_drain_all, {}), afterDrain = 'reads again' } = mistakes;
  const release = mistakes.release ?? ((k: K, batch: FolioBatch) => k.call(folio_batch_release, { batch }));
  const expected = mistakes.expected ?? ((of: Value<'folio'>) => folioNrPages(of).plus(FILEMAP_GET_FOLIOS_REFCOUNT));
  return routine('kvm_gmem_is_safe_for_conversion', (k: K, args: CheckArguments) => {
    const { inode, start, nr, safe, err_index } = args;
    const next = k.let('next', optional(INDEX), start);
    const last = k.let('last', optional(INDEX), start.plus(nr).minus(1));
    const batch = folioBatch(k);
    const ok = k.let('ok', bool, true);
    const drained = k.let('drained', bool, mistakes.drainedAtFirst === true);
    if (mistakes.staticFlag === true) k.step('lru_drained', () => drained.set(staticLruDrained.at(0)));
    k.while(ok, () => {
      k.call(filemap_get_folios, { inode, start: next, last, batch });
      k.if(batch.count.eq(0), () => k.break());
      const i = k.let('i', int(k.config.profile.batchSize), 0);
      k.claimingList('safety-check', batch.folios, 0, batch.count, {}, () => {
        k.while(ok.and(i.lt(batch.count)), () => {
          const current = batch.folios.at(i);
          k.step('folio_ref_count', () => ok.set(checkedFolio.refcount.at(current).eq(expected(current))));
          k.if(
            ok,
            () => i.add(1),
            () => {
              k.if(drained.not(), () => {
                drain(k);
                if (mistakes.forgetsDrain !== true) drained.set(true);
                if (mistakes.staticFlag === true) k.step('set_lru_drained', () => staticLruDrained.at(0).set(true));
                if (afterDrain !== 'gives up') ok.set(true);
                if (afterDrain === 'believes it is safe') i.add(1);
              });
              k.if(ok.not(), () => k.step('folio_index', () => err_index.set(folio.index.at(current))));
            },
          );
        });
      });
      release(k, batch);
    });
    safe.set(ok);
  });
}

/** Puts the folios of the batch from `from` on; the others keep a reference without a holder. */
const releaseFrom = (from: number) => (k: K, batch: FolioBatch) => {
  k.for('i', int(k.config.profile.batchSize), from, batch.count, (i) => {
    k.claimingList('safety-check', batch.folios, i, batch.count, {}, () => {
      k.step('folios_put', () => putReferences(k, batch.folios.at(i)));
    });
  });
  k.step('folio_batch_reinit', () => {});
  batch.count.set(0);
};

/** All mutants. They run only by the name that `mutantNamed` takes. */
export const MUTANTS: readonly Mutant[] = [
  mutant('gup-no-barrier', ['SC-10', 'I1'], 'lockless GUP rechecks the entry before its reference is visible', {
    parts: ['gup'],
  }),
  mutant('zap-puts-before-flush', ['SC-13', 'I1'], 'a zap puts the references before it has flushed the TLB', {
    parts: ['mmap'],
  }),
  mutant('checks-before-unmap', ['SC-40', 'expected'], 'the count is read before the pages are unmapped'),
  mutant('ignores-unmapped-references', ['SC-13', 'I1'], 'references count only while the folio is mapped', {
    parts: ['mmap'],
    check: wrongCheck({
      expected: (of) => checkedFolio.refcount.at(of).plus(checkedFolio.mapcount.at(of)),
    }),
  }),
  mutant('drain-forgets-mlock', ['SC-15', 'I2'], 'a drain of all CPUs does not look at their mlock batches', {
    parts: ['mlock'],
    rewrite: changing('need_mlock_drain', 'need_mlock_drain', forgotten),
  }),
  mutant('drain-bumps-after-loop', ['SC-18', 'I9'], 'the generation is raised after the loop over the CPUs'),
  mutant('drain-unlocks-before-flush', ['SC-18', 'I9'], 'the mutex is unlocked before the queued work is done'),
  mutant('fallocate-without-lock', ['SC-19', 'I2'], 'fallocate() takes no invalidate lock'),
  mutant('fault-without-lock', ['SC-24', 'I1'], "a user's fault takes no invalidate lock"),
  mutant('drain-queues-nothing', ['SC-40', 'I2'], 'no work is queued', {
    rewrite: changing('queue_work_on', 'queue_work', forgotten),
  }),
  mutant('drain-waits-for-nothing', ['SC-40', 'I2'], 'the drain does not wait for the queued work', {
    rewrite: changing('flush_work', 'flush_work', unguarded),
  }),
  mutant('flush-keeps-references', ['SC-40', 'I2'], 'the flush of a batch puts nothing', {
    rewrite: changing('folio_batch_move_lru', 'folios_put', forgotten),
  }),
  mutant('unmap-keeps-references', ['SC-40', 'I6'], 'the unmap puts nothing', {
    rewrite: changing('zap_vma_range', 'folios_put', forgotten),
  }),
  mutant('check-keeps-references', ['SC-40', 'I6'], 'the check puts nothing', {
    rewrite: changing('folio_batch_release', 'folios_put', forgotten),
  }),
  mutant('check-does-not-read', ['SC-37', 'I1'], 'the count is not read', {
    rewrite: changing('kvm_gmem_is_safe_for_conversion', 'folio_ref_count', forgotten),
  }),
  mutant('drains-itself-only', ['SC-40', 'I2'], 'it drains its own CPU', {
    check: wrongCheck({ drain: (k) => k.call(lru_add_drain, {}) }),
  }),
  mutant('drained-from-the-start', ['SC-40', 'I2'], 'it records a drain before it has drained', {
    check: wrongCheck({ drainedAtFirst: true }),
  }),
  mutant('skips-folio-after-drain', ['SC-37', 'I1'], 'after the drain it continues with the next folio', {
    check: wrongCheck({ afterDrain: 'believes it is safe' }),
  }),
  mutant('drained-static', ['SC-40', 'I2'], 'the record of its drain is kept from request to request', {
    check: wrongCheck({ staticFlag: true }),
  }),
  mutant('forgets-it-has-drained', ['SC-37', 'I3'], 'it drains at every unexpected count', {
    check: wrongCheck({ forgetsDrain: true }),
  }),
  mutant('breaks-without-release', ['SC-40', 'I6'], 'it does not put the first folio of a batch', {
    check: wrongCheck({ release: releaseFrom(1) }),
  }),
  mutant('expects-page-cache-only', ['SC-40', 'I2'], 'it does not count its own reference', {
    check: wrongCheck({ expected: folioNrPages }),
  }),
  mutant('expects-one-too-many', ['SC-38', 'I1'], 'it counts its own reference twice', {
    check: wrongCheck({ expected: (of) => folioNrPages(of).plus(FILEMAP_GET_FOLIOS_REFCOUNT + 1) }),
  }),
  mutant('reads-count-once', ['SC-40', 'I2'], 'after the drain it does not read the count again', {
    check: wrongCheck({ afterDrain: 'gives up' }),
  }),
];

/**
 * A mutant by its name. @throws RangeError if there is none.
 * @example
 * import { ALTERNATIVES, mutantNamed, MUTANTS, PATCHES } from 'folioscope/kernel';
 * mutantNamed('gup-no-barrier').property; // => 'I1'
 * MUTANTS.every(({ patch }) => !PATCHES.includes(patch) && !ALTERNATIVES.includes(patch)); // => true
 */
export function mutantNamed(name: string): Mutant {
  const found = MUTANTS.find((known) => known.name === name);
  if (found === undefined)
    throw new RangeError(`no mutant '${name}'; there are ${MUTANTS.map((known) => known.name).join(', ')}`);
  return found;
}

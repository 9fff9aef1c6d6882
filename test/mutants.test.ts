// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { filemap_get_folios, folio_batch_release, folioBatch } from '../src/kernel/filemap.ts';
import { lru_add_drain, lru_add_drain_all } from '../src/kernel/folio.ts';
import {
  DEFAULT_PROFILE,
  gmemInode,
  iPages,
  type K,
  type Patch,
  PATCHES,
  pins,
  taskResult,
} from '../src/kernel/index.ts';
import { type CheckArguments, INDEX, routine } from '../src/kernel/kernel.ts';
import { folio, putReferences } from '../src/kernel/page_ref.ts';
import { bool, int, optional, rewriteSteps } from '../src/lang/index.ts';
import type { Interpreter, Program, Step } from '../src/lang/index.ts';
import { at, conservation, exploreWorld, type SmallWorld } from './exploring.ts';

/** What a wrong check gets wrong; nothing: v6 once more. */
interface Mistakes {
  readonly drain?: (k: K) => void;
  readonly afterDrain?: 'reads again' | 'believes it is safe' | 'gives up';
  readonly release?: (k: K, batch: ReturnType<typeof folioBatch>) => void;
  readonly expected?: number;
}

/** v6 written out once more, with room for mistakes. */
function wrongCheck(mistakes: Mistakes): Patch {
  const { drain = (k: K) => k.call(lru_add_drain_all, {}), afterDrain = 'reads again', expected = 2 } = mistakes;
  const release = mistakes.release ?? ((k: K, batch) => k.call(folio_batch_release, { batch }));
  const check = routine('wrong_check', (k: K, { inode, start, nr, safe, err_index }: CheckArguments) => {
    const next = k.let('next', optional(INDEX), start);
    const last = k.let('last', optional(INDEX), start.plus(nr).minus(1));
    const batch = folioBatch(k);
    const ok = k.let('ok', bool, true);
    const drained = k.let('drained', bool, false);
    k.while(ok, () => {
      k.call(filemap_get_folios, { inode, start: next, last, batch });
      k.if(batch.count.eq(0), () => k.break());
      const i = k.let('i', int(k.config.profile.batchSize), 0);
      k.claimingList('safety-check', batch.folios, 0, batch.count, {}, () => {
        k.while(ok.and(i.lt(batch.count)), () => {
          k.step('folio_ref_count', () => ok.set(folio.refcount.at(batch.folios.at(i)).eq(expected)));
          k.if(
            ok,
            () => i.add(1),
            () => {
              k.if(drained.not(), () => {
                drain(k);
                drained.set(true);
                if (afterDrain !== 'gives up') ok.set(true);
                if (afterDrain === 'believes it is safe') i.add(1);
              });
              k.if(ok.not(), () => k.step('err_index', () => err_index.set(folio.index.at(batch.folios.at(i)))));
            },
          );
        });
      });
      release(k, batch);
    });
    safe.set(ok);
  });
  return { name: 'mutant', summary: 'v6 with a mistake', check };
}

const sizes = { cpus: 2, folios: 2, inodes: 1, pages: 2, mms: 1, pins: 1, references: 8, order: 0, generations: 4 };
const convert = { name: 'convert', args: [0, 0, 2, 1, 1] } as const;

/** SC-02: a page faulted on CPU 1, then nobody uses it. */
const otherCpu = (patch: Patch): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch },
  sizes,
  tasks: [
    { cpu: 0, script: [convert] },
    { cpu: 1, script: [{ name: 'touch', args: [0, 0, 1] }] },
  ],
  before: [1],
});
/** SC-11: a page faulted on CPU 1 that stays in a pipe. */
const pinned = (patch: Patch): SmallWorld => ({
  ...otherCpu(patch),
  tasks: [
    { cpu: 0, script: [convert] },
    { cpu: 1, script: [{ name: 'vmsplice', args: [0, 0, 0] }] },
  ],
});

const RUNNING_RESULT = 0;
const convertsUnusedPages = {
  name: 'I2 no batch-only failure',
  holds: ({ memory }: Interpreter) => at(memory, taskResult, 0) === RUNNING_RESULT,
};
const neverPrivateWhilePinned = {
  name: 'I1 no false negative',
  holds: ({ memory }: Interpreter) =>
    at(memory, gmemInode.private, 0) === 0 || at(memory, pins.folio, 0) !== at(memory, iPages, 0),
};

describe('what is right holds', () => {
  test.each(['v6', 'v8', 'drain-for-folio'])('%s', (name) => {
    const patch = PATCHES.find((known) => known.name === name);
    if (patch === undefined) throw new Error(name);
    const unused = exploreWorld(otherCpu(patch), [conservation, convertsUnusedPages]);
    expect(unused).toMatchObject({ verdict: 'holds' });
    const used = exploreWorld(pinned(patch), [conservation, neverPrivateWhilePinned]);
    expect(used).toMatchObject({ verdict: 'holds' });
  });

  test('the check of this file, without a mistake', () => {
    expect(exploreWorld(otherCpu(wrongCheck({})), [conservation, convertsUnusedPages])).toMatchObject({
      verdict: 'holds',
    });
    expect(exploreWorld(pinned(wrongCheck({})), [conservation, neverPrivateWhilePinned])).toMatchObject({
      verdict: 'holds',
    });
  });
});

describe('what is wrong is caught', () => {
  const localDrain: Mistakes = { drain: (k) => k.call(lru_add_drain, {}) };
  const forgetsAPut: Mistakes = {
    release: (k, batch) => {
      k.for('i', int(k.config.profile.batchSize), 1, batch.count, (i) => {
        k.claimingList('safety-check', batch.folios, i, batch.count, {}, () => {
          k.step('folios_put', () => putReferences(k, batch.folios.at(i)));
        });
      });
      k.step('folio_batch_reinit', () => {});
      batch.count.set(0);
    },
  };

  test.each<[string, Mistakes, (patch: Patch) => SmallWorld, string]>([
    ['drains only itself', localDrain, otherCpu, 'I2 no batch-only failure'],
    ['drains, but does not read again', { afterDrain: 'gives up' }, otherCpu, 'I2 no batch-only failure'],
    ['drains, and believes it', { afterDrain: 'believes it is safe' }, pinned, 'I1 no false negative'],
    ['forgets to put a folio', forgetsAPut, otherCpu, 'I6 conservation'],
    ['forgets its own reference', { expected: 1 }, otherCpu, 'I2 no batch-only failure'],
    ['expects one too many', { expected: 3 }, pinned, 'I1 no false negative'],
  ])('%s', (_, mistakes, world, property) => {
    const found = exploreWorld(world(wrongCheck(mistakes)), [
      conservation,
      convertsUnusedPagesIn(world),
      neverPrivateWhilePinned,
    ]);
    expect(found).toMatchObject({ verdict: 'violated', property });
  });

  test('without a drain the mail’s claim comes true: a page that nobody uses is refused', () => {
    const baseline = PATCHES.find((patch) => patch.name === 'baseline');
    if (baseline === undefined) throw new Error('baseline');
    const found = exploreWorld(otherCpu(baseline), [convertsUnusedPages]);
    expect(found).toMatchObject({ verdict: 'violated', property: 'I2 no batch-only failure' });
  });
});

/** A pinned page is to be refused, so there the property asks nothing. */
function convertsUnusedPagesIn(world: (patch: Patch) => SmallWorld): typeof convertsUnusedPages {
  return world === otherCpu ? convertsUnusedPages : { ...convertsUnusedPages, holds: () => true };
}

/** Changes one step, wherever its routine is inlined; throws where there is no such step. */
function changing(routineName: string, stepName: string, change: (step: Step) => Step): (program: Program) => Program {
  return (program) => {
    let changed = 0;
    const mutated = rewriteSteps(program, (step) => {
      if (step.name !== stepName || !step.path.includes(routineName)) return step;
      changed++;
      return change(step);
    });
    if (changed === 0) throw new Error(`no step '${stepName}' in '${routineName}'`);
    return mutated;
  };
}
const forgotten = (step: Step): Step => ({ ...step, effects: [] });
const unguarded = (step: Step): Step => ({ ...step, guard: undefined });

describe('a step of the shipped text forgotten is caught', () => {
  const v6 = PATCHES.find((patch) => patch.name === 'v6');
  if (v6 === undefined) throw new Error('v6');

  test.each<[string, SmallWorld, ReturnType<typeof changing>, string]>([
    ['the put of the check', otherCpu(v6), changing('folio_batch_release', 'folios_put', forgotten), 'I6 conservation'],
    [
      'the put of the flush',
      otherCpu(v6),
      changing('folio_batch_move_lru', 'folios_put', forgotten),
      'I2 no batch-only failure',
    ],
    [
      'asking the other CPU',
      otherCpu(v6),
      changing('queue_work_on', 'queue_work', forgotten),
      'I2 no batch-only failure',
    ],
    ['waiting for it', otherCpu(v6), changing('flush_work', 'flush_work', unguarded), 'I2 no batch-only failure'],
    [
      'reading the count',
      pinned(v6),
      changing('kvm_gmem_is_safe_for_conversion', 'folio_ref_count', forgotten),
      'I1 no false negative',
    ],
    ['the put of the unmap', otherCpu(v6), changing('zap_vma_range', 'folios_put', forgotten), 'I6 conservation'],
  ])('%s', (_, world, mutate, property) => {
    const invariants = [
      conservation,
      world.tasks.some(({ script }) => script[0]?.name === 'vmsplice') ? neverPrivateWhilePinned : convertsUnusedPages,
    ];
    expect(exploreWorld({ ...world, mutate }, invariants)).toMatchObject({ verdict: 'violated', property });
  });
});

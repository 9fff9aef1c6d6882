// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { gmemInode, iPages, type Patch, PATCHES, pins, taskResult } from '../src/kernel/index.ts';
import type { Interpreter } from '../src/lang/index.ts';
import { at, conservation, exploreWorld, type SmallWorld } from './exploring.ts';
import {
  changing,
  forgetsAPut,
  forgotten,
  localDrain,
  type Mistakes,
  otherCpu,
  pinned,
  unguarded,
  wrongCheck,
} from './mistakes.ts';

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

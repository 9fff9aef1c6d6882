// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { exploreProgram, type ProgramExploration, type Question } from '../src/check/index.ts';
import { gmemInode, iPages, type Patch, PATCHES, pins, taskResult } from '../src/kernel/index.ts';
import { createMemory, Interpreter, none } from '../src/lang/index.ts';
import { FOLIO } from '../src/kernel/kernel.ts';
import { buildPeer, type Variant } from '../src/peer/index.ts';
import type { SmallWorld } from './exploring.ts';
import { questionOf } from './kernel-question.ts';
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

/** Without and with partial order: the same verdict, property and length. @returns the states of both. */
function both(question: Question, whole = true): readonly [full: ProgramExploration, reduced: ProgramExploration] {
  const reach = { mostStates: 2_000_000, whole };
  const full = exploreProgram(question, reach);
  const reduced = exploreProgram({ ...question, partialOrder: true }, reach);
  expect([reduced.verdict, reduced.property]).toEqual([full.verdict, full.property]);
  expect(reduced.counterexample).toEqual(full.counterexample);
  expect(reduced.reductions[0]).toBe('partial order');
  return [full, reduced];
}

describe('partial order changes no verdict of the peer protocol', () => {
  test.each<[cpus: number, folios: number, Variant]>([
    [2, 1, 'baseline'],
    [2, 2, 'baseline'],
    [2, 2, 'local-drain'],
    [2, 2, 'v6'],
    [2, 3, 'v6'],
    [3, 2, 'baseline'],
    [3, 2, 'local-drain'],
    [3, 2, 'v6'],
  ])('%i CPUs, %i folios, %s', (cpus, folios, variant) => {
    const peer = buildPeer({ cpus, folios, variant });
    const initial = createMemory(peer.program);
    const interpreter = new Interpreter(peer.program, initial);
    for (const task of peer.codeOf) interpreter.start(task, task);
    const [full, reduced] = both({ ...peer, initial, symmetry: undefined });
    expect(reduced.states).toBeLessThan(full.states);
    const [alike, alikeAndReduced] = both({ ...peer, initial });
    expect([alike.verdict, alike.property]).toEqual([full.verdict, full.property]);
    expect(alikeAndReduced.states).toBeLessThanOrEqual(alike.states);
  });
});

const I2 = { name: 'I2 no batch-only failure', holds: taskResult.at(0).eq(0) };
const I1 = {
  name: 'I1 no false negative',
  holds: gmemInode.private
    .at(0, 0)
    .not()
    .or(pins.folio.at(0).eq(none(FOLIO)))
    .or(pins.folio.at(0).ne(iPages.at(0, 0))),
};
const asked = (world: SmallWorld): Question =>
  questionOf(world, [world.tasks.some(({ script }) => script[0]?.name === 'vmsplice') ? I1 : I2]);

const patchNamed = (name: string): Patch => {
  const patch = PATCHES.find((known) => known.name === name);
  if (patch === undefined) throw new Error(name);
  return patch;
};

describe('partial order changes no verdict of the kernel', () => {
  test.each(PATCHES.map(({ name }) => name))('%s', (name) => {
    for (const world of [otherCpu, pinned]) {
      const [full, reduced] = both(asked(world(patchNamed(name))));
      expect(reduced.states).toBeLessThan(full.states);
    }
  });

  test('with nobody before the conversion', () => {
    const { before: _, ...world } = otherCpu(patchNamed('v6'));
    const [full, reduced] = both(questionOf(world));
    expect(full.states).toBe(3_536);
    expect(reduced.states).toBeLessThan(200);
  });
});

describe('partial order hides no mistake', () => {
  test.each<[string, Mistakes, (patch: Patch) => SmallWorld]>([
    ['drains only itself', localDrain, otherCpu],
    ['drains, but does not read again', { afterDrain: 'gives up' }, otherCpu],
    ['drains, and believes it', { afterDrain: 'believes it is safe' }, pinned],
    ['forgets to put a folio', forgetsAPut, otherCpu],
    ['forgets its own reference', { expected: 1 }, otherCpu],
    ['expects one too many', { expected: 3 }, pinned],
  ])('%s', (_, mistakes, world) => {
    const [{ verdict }] = both(asked(world(wrongCheck(mistakes))), false);
    expect(verdict).toBe('violated');
  });

  test.each<[string, (patch: Patch) => SmallWorld, ReturnType<typeof changing>]>([
    ['the put of the check', otherCpu, changing('folio_batch_release', 'folios_put', forgotten)],
    ['the put of the flush', otherCpu, changing('folio_batch_move_lru', 'folios_put', forgotten)],
    ['asking the other CPU', otherCpu, changing('queue_work_on', 'queue_work', forgotten)],
    ['waiting for it', otherCpu, changing('flush_work', 'flush_work', unguarded)],
    ['reading the count', pinned, changing('kvm_gmem_is_safe_for_conversion', 'folio_ref_count', forgotten)],
    ['the put of the unmap', otherCpu, changing('zap_vma_range', 'folios_put', forgotten)],
    ['the lock of the conversion', pinned, changing('filemap_invalidate_lock', 'rwsem_down_write_slowpath', unguarded)],
    ['the lock of the faults', otherCpu, changing('filemap_invalidate_lock_shared', 'down_read', unguarded)],
    ['giving up the lock', otherCpu, changing('filemap_invalidate_unlock', 'up_write', forgotten)],
    ['the local lock', otherCpu, changing('local_lock', 'local_lock', unguarded)],
    ['the page-table lock', pinned, changing('pte_offset_map_lock', 'spin_lock', unguarded)],
  ])('%s', (_, world, mutate) => {
    const { before: __, ...together } = world(patchNamed('v6'));
    const [{ verdict }] = both(asked({ ...together, mutate }), false);
    expect(verdict).not.toBe('undecided');
  });
});

// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { lru_add_drain_cpu } from '../src/kernel/folio.ts';
import { drainingOnce } from '../src/kernel/guest_memfd_check.ts';
import { cpuFbatches, type Patch, PATCHES, type Profile, type ScriptedCall } from '../src/kernel/index.ts';
import { CPU, routine } from '../src/kernel/kernel.ts';
import { local_lock, local_unlock } from '../src/kernel/sched.ts';
import { one } from '../src/lang/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { onePageWorld, type SmallWorld } from './exploring.ts';
import { refusalsOf } from './refusals.ts';

const page = [0, 0, 1];
const mlock: ScriptedCall = { name: 'mlock', args: page };
const touch: ScriptedCall = { name: 'touch', args: page };
const toPrivate: ScriptedCall = { name: 'convert', args: [...page, 1, 1] };
const toShared: ScriptedCall = { name: 'convert', args: [...page, 0, 1] };
// A locked page that a conversion unmapped; every form succeeds at the second attempt. Who touches it next queues it.
const lockedButUnmapped: readonly ScriptedCall[] = [mlock, toPrivate, toPrivate, toShared];

const world = (...[patch, tasks, before, more]: Parameters<typeof onePageWorld>): SmallWorld =>
  onePageWorld(patch, tasks, before, { parts: ['mlock'], ...more });

/** A local drain that forgets the mlock batch: lru_add_drain() without its last step. */
const lru_add_only = routine('lru_add_only', (k) => {
  const cpu = k.local('cpu', one(CPU));
  k.call(local_lock, { lock: cpuFbatches.lock, cpu });
  k.call(lru_add_drain_cpu, { cpu });
  k.call(local_unlock, { lock: cpuFbatches.lock, cpu });
});
const drainsLruAddOnly: Patch = {
  name: 'lru-add-only',
  summary: 'a mutant: drains lru_add and forgets the mlock batch',
  check: drainingOnce(lru_add_only, (index) => index),
};

describe('SC-15: a page that another CPU faulted into a locked mapping', () => {
  const faultedOnCpu1 = (patch: Patch, profile: Partial<Profile> = {}): SmallWorld =>
    world(
      patch,
      [
        { cpu: 0, script: [toPrivate] },
        { cpu: 1, script: [...lockedButUnmapped, touch] },
      ],
      [1],
      { profile },
    );

  test.each([
    ['baseline', true],
    ['local-drain', true],
    ['v6', false],
    ['v8', false],
    ['drain-for-folio', false],
  ])('%s: refused for a batch only: %s', (form, spurious) => {
    const found = refusalsOf(faultedOnCpu1(patchNamed(form)));
    expect(found).toMatchObject({ spurious, accepts: !spurious, reasons: new Set() });
  });

  test.each(['v6', 'drain-for-folio'])(
    '%s while the other CPU is about it: a refusal has a user as its reason',
    (form) => {
      const tasks: SmallWorld['tasks'] = [
        { cpu: 0, script: [toPrivate] },
        { cpu: 1, script: lockedButUnmapped },
        { cpu: 1, script: [touch] },
      ];
      const found = refusalsOf(world(patchNamed(form), tasks, [1]));
      expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set(['lookup', 'user-mapping']) });
    },
  );

  test('where an entry holds no reference, nothing has to be drained', () => {
    for (const patch of PATCHES) {
      const found = refusalsOf(faultedOnCpu1(patch, { mlockBatchHoldsReference: false }));
      expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set() });
    }
  });
});

describe('SC-16: a page that the conversion itself takes out of a locked mapping', () => {
  const ownUnmap = (patch: Patch, moved: boolean): SmallWorld => {
    const tasks: SmallWorld['tasks'] = [
      { cpu: 0, script: [toPrivate] },
      { cpu: 0, script: [mlock] },
      ...(moved ? [{ cpu: 1, script: [{ name: 'migrate', args: [0, 1] }] as const }] : []),
    ];
    return world(patch, tasks, [1], { parts: ['mlock', 'migration'] });
  };

  test.each([
    ['baseline', true, false],
    ['local-drain', false, true],
    ['v6', false, true],
    ['v8', false, true],
    ['drain-for-folio', false, true],
  ])('%s: refused for a batch only: %s', (form, spurious, accepts) => {
    expect(refusalsOf(ownUnmap(patchNamed(form), false))).toMatchObject({ spurious, accepts, reasons: new Set() });
  });

  test.each([
    ['local-drain', true],
    ['v6', false],
    ['drain-for-folio', false],
  ])('%s, moved to another CPU on the way: refused for a batch only: %s', (form, spurious) => {
    expect(refusalsOf(ownUnmap(patchNamed(form), true))).toMatchObject({ spurious, accepts: true, reasons: new Set() });
  });

  test('a drain of lru_add alone leaves the reference where it is', () => {
    expect(refusalsOf(ownUnmap(drainsLruAddOnly, false))).toMatchObject({ spurious: true, accepts: false });
  });
});

// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { DEFAULT_PROFILE, gmemInode, iPages, kvm, type Patch, type ScriptedCall } from '../src/kernel/index.ts';
import type { Interpreter } from '../src/lang/index.ts';
import { createMachine, patchNamed } from '../src/machine/index.ts';
import { at, type SmallWorld } from './exploring.ts';
import { refusalsOf } from './refusals.ts';

const page = [0, 0, 1];
const toPrivate: ScriptedCall = { name: 'convert', args: [...page, 1, 1] };
const guestTouch: ScriptedCall = { name: 'guest_touch', args: [...page, 0] };
const punch: ScriptedCall = { name: 'punch_hole', args: page };

const world = (patch: Patch, tasks: SmallWorld['tasks'], before: readonly number[] = []): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 3 }, patch },
  sizes: {
    cpus: 2,
    folios: 2,
    inodes: 1,
    pages: 1,
    mms: 1,
    pins: 0,
    references: 8,
    order: 0,
    parts: ['guest'],
  },
  tasks,
  before,
});

/** SC-39: whatever a guest's page table maps is in the page cache, and of the kind that the attributes say. */
const guestMapsWhatIs = {
  name: 'SC-39 the guest maps what is',
  holds: ({ memory }: Interpreter): boolean => {
    const mapped = at(memory, kvm.spte, 0);
    const asTold = at(memory, kvm.sptePrivate, 0) === at(memory, gmemInode.private, 0);
    return mapped === 2 || (mapped === at(memory, iPages, 0) && asTold);
  },
};

describe('SC-08: a guest fault is about the page', () => {
  const during = (form: string): SmallWorld =>
    world(patchNamed(form), [
      { cpu: 0, script: [toPrivate] },
      { cpu: 1, script: [guestTouch] },
    ]);

  test.each(['v6', 'v8'])('%s: it is refused while the fault keeps its reference', (form) => {
    const found = refusalsOf(during(form), [guestMapsWhatIs]);
    expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set(['lookup']) });
  });

  test('drain-for-folio: the fault has put it before a conversion can begin', () => {
    const found = refusalsOf(during('drain-for-folio'), [guestMapsWhatIs]);
    expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set() });
  });
});

test.each(['v8', 'drain-for-folio'])('SC-39: %s: nor does a hole leave the guest a page that is gone', (form) => {
  const tasks = [
    { cpu: 0, script: [punch] },
    { cpu: 1, script: [guestTouch] },
  ];
  expect(refusalsOf(world(patchNamed(form), tasks), [guestMapsWhatIs]).states).toBeGreaterThan(1);
});

test('the guest is told where an access is of the other kind', () => {
  const machine = createMachine({
    cpus: 1,
    tasks: [{ name: 'vcpu', cpu: 0 }],
    guestMemfds: [{ pages: 2, initShared: false }],
    parts: ['guest'],
  });
  const touch = (isPrivate: boolean) =>
    machine.call(0, { call: 'guest-touch', inode: 0, start: 0, pages: 2, private: isPrivate }).result;
  expect([touch(false), touch(true)]).toEqual(['EFAULT', 'ok']);
});

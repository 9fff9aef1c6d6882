// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../src/abi/index.ts';
import {
  ALTERNATIVES,
  DEFAULT_PROFILE,
  gmemInode,
  iPages,
  type KernelPart,
  type Patch,
  pins,
  type ScriptedCall,
} from '../src/kernel/index.ts';
import type { Interpreter } from '../src/lang/index.ts';
import { pfn } from '../src/ledger/index.ts';
import { createMachine } from '../src/machine/index.ts';
import { at, type SmallWorld } from './exploring.ts';
import { refusalsOf } from './refusals.ts';

const page = [0, 0, 1];
const convert: ScriptedCall = { name: 'convert', args: [...page, 1, 1] };
const touch: ScriptedCall = { name: 'touch', args: page };
const drain: ScriptedCall = { name: 'lru_add_drain', args: [] };

const world = (
  patch: Patch,
  others: SmallWorld['tasks'],
  { before = [1], parts = [] }: { before?: readonly number[]; parts?: readonly KernelPart[] } = {},
): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 3, pinBias: 8 }, patch },
  sizes: {
    cpus: 2,
    folios: 1,
    inodes: 1,
    pages: 1,
    mms: 1,
    pins: 1,
    references: 15,
    order: 0,
    parts,
  },
  tasks: [{ cpu: 0, script: [convert] }, ...others],
  before,
});

const neverPrivateWhilePinned = {
  name: 'I1 no false negative',
  holds: ({ memory }: Interpreter): boolean =>
    at(memory, gmemInode.private, 0) === 0 || at(memory, pins.folio, 0) !== at(memory, iPages, 0),
};

/** What facts and reasoning say of each: does it convert what another CPU's lru_add or the own mlock batch holds? */
const EXPECTED: readonly [string, { lruAdd: boolean; mlock: boolean; putBack: boolean; sound: boolean }][] = [
  ['drain-all-per-folio', { lruAdd: true, mlock: true, putBack: false, sound: true }],
  ['drain-all-first', { lruAdd: true, mlock: true, putBack: false, sound: true }],
  ['lru-cache-disable', { lruAdd: true, mlock: true, putBack: true, sound: true }],
  ['isolate', { lruAdd: false, mlock: false, putBack: false, sound: true }],
  ['pg-lru', { lruAdd: true, mlock: false, putBack: false, sound: true }],
  ['try-again', { lruAdd: true, mlock: true, putBack: false, sound: true }],
  ['ref-freeze', { lruAdd: true, mlock: true, putBack: false, sound: true }],
  ['known-references', { lruAdd: true, mlock: true, putBack: true, sound: false }],
  ['skip-lru', { lruAdd: true, mlock: false, putBack: true, sound: true }],
];

test.each(EXPECTED)('%s: %o', (name, expected) => {
  const patch = ALTERNATIVES.find((alternative) => alternative.name === name);
  if (patch === undefined) throw new Error(name);
  const lruAdd = refusalsOf(world(patch, [{ cpu: 1, script: [touch] }])).accepts;
  const mlocked: ScriptedCall = { name: 'mlock', args: page };
  const mlock = refusalsOf(world(patch, [{ cpu: 0, script: [mlocked] }], { parts: ['mlock'] })).accepts;
  const offlining = [
    { cpu: 1, script: [touch, drain] },
    { cpu: 1, script: [{ name: 'soft_offline', args: [0] }] as const },
  ];
  const putBack = !refusalsOf(world(patch, offlining, { parts: ['memory_failure'] })).spurious;
  const pinning = world(patch, [{ cpu: 0, script: [{ name: 'vmsplice', args: [0, 0, 0] }] }]);
  const sound = ((): boolean => {
    try {
      refusalsOf(pinning, [neverPrivateWhilePinned]);
      return true;
    } catch (error) {
      expect(String(error)).toContain(neverPrivateWhilePinned.name);
      return false;
    }
  })();
  expect({ lruAdd, mlock, putBack, sound }).toEqual(expected);
});

test('every alternative is among them', () => {
  expect(ALTERNATIVES.map(({ name }) => name)).toEqual(EXPECTED.map(([name]) => name));
});

test('ref-freeze: who takes a page by its frame while it is frozen gets nothing, and leaves it alone', () => {
  const patch = ALTERNATIVES.find(({ name }) => name === 'ref-freeze');
  if (patch === undefined) throw new Error('ref-freeze');
  const machine = createMachine({
    cpus: 2,
    patch,
    tasks: [
      { name: 'T0', cpu: 0 },
      { name: 'walker', cpu: 1 },
    ],
    guestMemfds: [{ pages: 1 }],
  });
  machine.call(0, { call: 'touch', inode: 0, start: 0, pages: 1 });
  machine.call(0, { call: 'lru-add-drain' });
  const argument = { offset: 0n, size: PAGE_SIZE, attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE, flags: 0n, reserved: [] };
  machine.begin(0, { call: 'set-memory-attributes2', inode: 0, argument });
  while (!machine.isAt(0, 'folio_ref_unfreeze')) expect(machine.step(0)).toBeDefined();
  const frozen = machine.holders();
  machine.begin(1, { call: 'page-idle', pfn: pfn(0) });
  while (machine.busy(1)) {
    expect(machine.step(1)).toBeDefined();
    expect(machine.holders()).toEqual(frozen);
  }
  while (machine.busy(0)) expect(machine.step(0)).toBeDefined();
  expect(machine.outcome(0).result).toBe('ok');
});

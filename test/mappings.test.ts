// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_PROFILE,
  gmemInode,
  holdersOf,
  iPages,
  type KernelPart,
  type Patch,
  PATCHES,
  type ScriptedCall,
  tlb,
} from '../src/kernel/index.ts';
import { rewriteSteps } from '../src/lang/index.ts';
import type { HolderKind } from '../src/ledger/index.ts';
import { createMachine, patchNamed } from '../src/machine/index.ts';
import { at, conservation, exploreWorld, type SmallWorld } from './exploring.ts';
import { refusalsOf, type StateProperty } from './refusals.ts';

const page = [0, 0, 1];
const touch: ScriptedCall = { name: 'touch', args: page };
const write: ScriptedCall = { name: 'write', args: page };
const drain: ScriptedCall = { name: 'lru_add_drain', args: [] };
const convert: ScriptedCall = { name: 'convert', args: [...page, 1, 1] };
const munmap: ScriptedCall = { name: 'munmap', args: page };
const dontneed: ScriptedCall = { name: 'madvise_dontneed', args: page };
const exit: ScriptedCall = { name: 'exit', args: [] };

const world = (
  patch: Patch,
  tasks: SmallWorld['tasks'],
  before: readonly number[],
  mms = 1,
  parts: readonly KernelPart[] = ['mmap'],
): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 3 }, patch },
  sizes: {
    cpus: 2,
    folios: 1,
    inodes: 1,
    pages: 1,
    mms,
    pins: 0,
    references: 15,
    order: 0,
    parts,
  },
  tasks,
  before,
});

const USES: ReadonlySet<HolderKind> = new Set(['user-mapping', 'mmu-gather', 'gup', 'lookup']);

/** I1: nobody can reach a private page: not by a page table, and not by a translation that is still to be flushed. */
const neverPrivateWhileReachable: StateProperty = {
  name: 'I1 no false negative',
  holds: (interpreter) => {
    const { memory } = interpreter;
    const of = at(memory, iPages, 0);
    if (at(memory, gmemInode.private, 0) === 0 || of !== 0) return true;
    if ([0, 1].some((mm) => at(memory, tlb, mm) === of)) return false;
    return !(holdersOf(interpreter, String).get(of) ?? []).some(({ kind }) => USES.has(kind));
  },
};

describe('SC-13: a page is unmapped while it is converted', () => {
  const cases = [
    ...PATCHES.map(({ name }) => [name, write, munmap] as const),
    ...[munmap, dontneed, exit].map((unmap) => ['v6', touch, unmap] as const),
    ...[dontneed, exit].map((unmap) => ['v6', write, unmap] as const),
  ];

  test.each(cases)('%s, after %o, %o: refused until the TLB is flushed', (form, access, unmap) => {
    const tasks: SmallWorld['tasks'] = [
      { cpu: 0, script: [convert] },
      { cpu: 1, script: [access, drain] },
      { cpu: 1, script: [unmap] },
    ];
    const found = refusalsOf(world(patchNamed(form), tasks, [1]), [neverPrivateWhileReachable]);
    expect(found).toMatchObject({ accepts: true, spurious: false, reasons: new Set(['mmu-gather']) });
  });

  test('who ignores references that are no mappings makes a page private that a translation still reaches', () => {
    const tasks: SmallWorld['tasks'] = [
      { cpu: 0, script: [convert] },
      { cpu: 1, script: [write, drain] },
      { cpu: 1, script: [munmap] },
    ];
    const found = exploreWorld(world(patchNamed('known-references'), tasks, [1]), [neverPrivateWhileReachable]);
    expect(found).toMatchObject({ verdict: 'violated', property: 'I1 no false negative' });
  });

  test('and so does a zap that forgets the flush', () => {
    const tasks: SmallWorld['tasks'] = [
      { cpu: 0, script: [convert] },
      { cpu: 1, script: [touch, drain] },
    ];
    const forgetful = {
      ...world(patchNamed('v6'), tasks, [1]),
      mutate: (program: Parameters<typeof rewriteSteps>[0]) =>
        rewriteSteps(program, (step) =>
          step.name === 'tlb_flush_mmu' ? { ...step, effects: step.effects.slice(0, 1) } : step,
        ),
    };
    const found = exploreWorld(forgetful, [neverPrivateWhileReachable]);
    expect(found).toMatchObject({ verdict: 'violated', property: 'I1 no false negative' });
  });
});

describe('SC-14: two processes have the page', () => {
  test.each(['v6', 'v8', 'drain-for-folio'])('%s takes it from both', (form) => {
    const tasks: SmallWorld['tasks'] = [
      { cpu: 0, script: [convert] },
      { cpu: 1, script: [write, drain] },
      { cpu: 1, mm: 1, script: [write] },
    ];
    const found = refusalsOf(world(patchNamed(form), tasks, [1, 2], 2), [neverPrivateWhileReachable]);
    expect(found).toMatchObject({ accepts: true, spurious: false, reasons: new Set() });
    const racing = refusalsOf(world(patchNamed(form), tasks, [1], 2), [neverPrivateWhileReachable]);
    expect(racing).toMatchObject({ accepts: true, spurious: false, reasons: new Set(['lookup', 'user-mapping']) });
  });

  test('a child has its parent’s mappings, and SIGBUS after the conversion; who has none gets SIGSEGV', () => {
    const machine = createMachine({
      cpus: 2,
      parts: ['mmap'],
      patch: patchNamed('v8'),
      guestMemfds: [{ pages: 2 }],
      tasks: [
        { name: 'T0', cpu: 0 },
        { name: 'child', cpu: 1, process: 1 },
      ],
    });
    const range = { inode: 0, start: 0, pages: 1 };
    expect(machine.call(0, { call: 'fork', process: 1 })).toMatchObject({ result: 'EBUSY' });
    machine.call(1, { call: 'exit' });
    expect(machine.call(1, { call: 'touch', ...range })).toMatchObject({ result: 'SIGSEGV' });
    machine.call(0, { call: 'munmap', inode: 0, start: 1, pages: 1 });
    expect(machine.call(0, { call: 'fork', process: 1 })).toMatchObject({ result: 'ok' });
    expect(machine.call(1, { call: 'write', ...range })).toMatchObject({ result: 'ok' });
    expect(machine.call(1, { call: 'touch', inode: 0, start: 1, pages: 1 })).toMatchObject({ result: 'SIGSEGV' });
    machine.call(0, { call: 'mmap', inode: 0, start: 1, pages: 1 });
    expect(machine.call(0, { call: 'write', inode: 0, start: 1, pages: 1 })).toMatchObject({ result: 'ok' });
    const argument = { offset: 0n, size: 4096n, attributes: 8n, flags: 0n, reserved: [] };
    expect(machine.call(0, { call: 'set-memory-attributes2', inode: 0, argument })).toMatchObject({ result: 'ok' });
    expect(machine.call(1, { call: 'touch', ...range })).toMatchObject({ result: 'SIGBUS' });
    expect(machine.imbalances()).toEqual([]);
  });
});

test('what is unmapped, mapped and written at once balances at every step', () => {
  const tasks: SmallWorld['tasks'] = [
    { cpu: 0, script: [munmap] },
    { cpu: 1, script: [write] },
    { cpu: 1, script: [dontneed] },
  ];
  const found = exploreWorld(world(patchNamed('v6'), tasks, []), [conservation]);
  expect(found.verdict).toBe('holds');
});

describe('SC-15: a locked mapping that is unmapped on another CPU leaves the page in that CPU’s mlock batch', () => {
  test.each([
    ['baseline', true],
    ['local-drain', true],
    ['v6', false],
    ['drain-for-folio', false],
  ])('%s: refused for a batch only: %s', (form, spurious) => {
    for (const unmap of [munmap, exit]) {
      const tasks: SmallWorld['tasks'] = [
        { cpu: 0, script: [convert] },
        { cpu: 1, script: [{ name: 'mlock', args: page }, drain, unmap] },
      ];
      const found = refusalsOf(world(patchNamed(form), tasks, [1], 1, ['mmap', 'mlock']));
      expect(found).toMatchObject({ spurious, accepts: !spurious, reasons: new Set() });
    }
  });
});

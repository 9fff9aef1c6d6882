// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import {
  folio,
  gmemInode,
  holdersOf,
  iPages,
  type KernelPart,
  type Patch,
  pte,
  type ScriptedCall,
} from '../src/kernel/index.ts';
import { createMachine, patchNamed } from '../src/machine/index.ts';
import { pfn } from '../src/ledger/index.ts';
import { at, conservation, exploreWorld, onePageWorld, type SmallWorld } from './exploring.ts';
import { refusalsOf, type StateProperty } from './refusals.ts';

const page = [0, 0, 1];
const touch: ScriptedCall = { name: 'touch', args: page };
const convert: ScriptedCall = { name: 'convert', args: [...page, 1, 1] };
const drain: ScriptedCall = { name: 'lru_add_drain', args: [] };
const fails: ScriptedCall = { name: 'memory_failure', args: [0] };
const punch: ScriptedCall = { name: 'punch_hole', args: page };

const world = (
  patch: Patch,
  tasks: SmallWorld['tasks'],
  before: readonly number[],
  parts: readonly KernelPart[] = [],
): SmallWorld => onePageWorld(patch, tasks, before, { parts: ['memory_failure', ...parts] });

/** I1 as far as page tables go. */
const neverPrivateWhileMapped: StateProperty = {
  name: 'I1 no false negative',
  holds: ({ memory }) => at(memory, gmemInode.private, 0) === 0 || at(memory, pte, 0) !== at(memory, iPages, 0),
};

describe('SC-28: memory_failure() has the folio while it is converted', () => {
  test.each(['baseline', 'v6', 'v8', 'drain-for-folio'])(
    '%s refuses as long as it has it, which is for good',
    (form) => {
      const tasks: SmallWorld['tasks'] = [
        { cpu: 0, script: [convert] },
        { cpu: 1, script: [touch, drain] },
        { cpu: 1, script: [fails] },
      ];
      const racing = refusalsOf(world(patchNamed(form), tasks, [1]), [neverPrivateWhileMapped]);
      expect(racing).toMatchObject({ accepts: true, spurious: false });
      expect([...racing.reasons]).toContain('walker');
      const after = refusalsOf(world(patchNamed(form), tasks, [1, 2]), [neverPrivateWhileMapped]);
      expect(after).toMatchObject({ accepts: false, spurious: false, reasons: new Set(['walker']) });
    },
  );

  test('a page in a batch of another CPU is drained before it is taken', () => {
    const tasks: SmallWorld['tasks'] = [
      { cpu: 0, script: [fails] },
      { cpu: 1, script: [touch] },
    ];
    const unmapped: StateProperty = {
      name: 'unmapped',
      holds: (interpreter) =>
        interpreter.next(0)?.name !== 'action_result' ||
        (holdersOf(interpreter, String).get(0) ?? []).every(({ kind }) => kind === 'page-cache' || kind === 'walker'),
    };
    const found = exploreWorld(world(patchNamed('v6'), tasks, [1]), [conservation, unmapped]);
    expect(found.verdict).toBe('holds');
  });
});

test('it waits for the invalidate lock with the folio locked, a hole for the folio with the invalidate lock', () => {
  const tasks: SmallWorld['tasks'] = [
    { cpu: 0, script: [punch] },
    { cpu: 1, script: [touch, drain] },
    { cpu: 1, script: [fails] },
  ];
  expect(exploreWorld(world(patchNamed('v6'), tasks, [1]), [conservation])).toMatchObject({
    verdict: 'violated',
    property: 'deadlock',
  });
  // A conversion locks no folio.
  const converting: SmallWorld['tasks'] = [{ cpu: 0, script: [convert] }, ...tasks.slice(1)];
  expect(exploreWorld(world(patchNamed('v6'), converting, [1]), [conservation]).verdict).toBe('holds');
});

test('a poisoned page answers a user with SIGBUS and a guest with EHWPOISON, and stays so', () => {
  const machine = createMachine({
    cpus: 1,
    parts: ['memory_failure', 'guest', 'mlock'],
    guestMemfds: [{ pages: 1 }],
    tasks: [{ name: 'T0', cpu: 0 }],
  });
  const range = { inode: 0, start: 0, pages: 1 };
  machine.call(0, { call: 'mlock', ...range });
  machine.call(0, { call: 'guest-touch', private: false, ...range });
  expect(machine.call(0, { call: 'memory-failure', pfn: pfn(0) })).toMatchObject({ result: 'EBUSY' });
  expect(machine.call(0, { call: 'memory-failure', pfn: pfn(0) })).toMatchObject({ result: 'EHWPOISON' });
  expect(machine.call(0, { call: 'memory-failure', pfn: pfn(1) })).toMatchObject({ result: 'EBUSY' });
  expect(machine.call(0, { call: 'touch', ...range })).toMatchObject({ result: 'SIGBUS' });
  expect(machine.call(0, { call: 'guest-touch', private: false, ...range })).toMatchObject({ result: 'EHWPOISON' });
  expect(machine.ledger(0)[0]?.holders).toEqual([
    { kind: 'page-cache', references: 1 },
    { kind: 'walker', references: 1 },
  ]);
  expect(at(machine.memory, folio.locked, 0)).toBe(0);
});

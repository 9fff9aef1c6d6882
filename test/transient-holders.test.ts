// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_PROFILE,
  folio,
  gmemInode,
  holdersOf,
  type KernelPart,
  type Patch,
  type ScriptedCall,
} from '../src/kernel/index.ts';
import type { Interpreter } from '../src/lang/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { at, type SmallWorld } from './exploring.ts';
import { refusalsOf, type StateProperty } from './refusals.ts';

const page = [0, 0, 1];
const touch: ScriptedCall = { name: 'touch', args: page };
const convert: ScriptedCall = { name: 'convert', args: [...page, 1, 1] };
const drain: ScriptedCall = { name: 'lru_add_drain', args: [] };
const onFolio = (name: 'page_idle' | 'damon' | 'soft_offline'): ScriptedCall => ({ name, args: [0] });
/** A page that is on the LRU. */
const inserted = { cpu: 1, script: [touch, drain] };
/** A page that waits in CPU 1's batch. */
const batched = { cpu: 1, script: [touch] };

const world = (
  patch: Patch,
  tasks: SmallWorld['tasks'],
  before: readonly number[],
  parts: readonly KernelPart[] = [],
): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 3 }, patch },
  sizes: { cpus: 2, folios: 1, inodes: 1, pages: 1, mms: 1, pins: 0, references: 15, order: 0, parts },
  tasks,
  before,
});

/** Notices a walker that holds a private page. */
function walkerAfterTheCheck(): { readonly property: StateProperty; readonly seen: () => boolean } {
  let seen = false;
  const holds = (interpreter: Interpreter): boolean => {
    const holders = holdersOf(interpreter, String).get(0) ?? [];
    seen ||= at(interpreter.memory, gmemInode.private, 0) === 1 && holders.some(({ kind }) => kind === 'walker');
    return true;
  };
  return { property: { name: 'a walker after the check', holds }, seen: () => seen };
}

describe('SC-12: somebody takes the folio by its page frame for a moment', () => {
  test.each([
    ['page_idle', 'v8', inserted],
    ['page_idle', 'drain-for-folio', inserted],
    ['damon', 'v8', batched],
    ['damon', 'drain-for-folio', batched],
  ] as const)('%s, %s: refused only while it does', (walker, form, before) => {
    const after = walkerAfterTheCheck();
    const tasks = [{ cpu: 0, script: [convert] }, before, { cpu: 1, script: [onFolio(walker)] }];
    const found = refusalsOf(world(patchNamed(form), tasks, [1]), [after.property]);
    expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set(['walker']) });
    expect(after.seen()).toBe(true);
  });

  test.each(['v8', 'drain-for-folio'])('%s: mincore() does the same, after the unmap, for anybody', (form) => {
    const tasks = [
      { cpu: 0, script: [convert] },
      inserted,
      { cpu: 1, script: [{ name: 'mincore', args: page }] as const },
    ];
    const found = refusalsOf(world(patchNamed(form), tasks, [1]));
    expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set(['lookup']) });
  });
});

describe('SC-21: the folio is isolated and put back', () => {
  test.each(['v6', 'v8', 'drain-for-folio'])(
    '%s, by soft offline: it can be back in a batch after the drain',
    (form) => {
      const tasks = [{ cpu: 0, script: [convert] }, inserted, { cpu: 1, script: [onFolio('soft_offline')] }];
      const found = refusalsOf(world(patchNamed(form), tasks, [1], ['memory_failure']));
      expect(found).toMatchObject({ spurious: true, accepts: true });
      expect([...found.reasons].toSorted()).toEqual(['isolated', 'walker']);
    },
  );

  test.each(['v6', 'v8', 'drain-for-folio'])(
    '%s, by mbind(): nothing stays in a batch, so nothing is refused for one',
    (form) => {
      const tasks = [
        { cpu: 0, script: [convert] },
        inserted,
        { cpu: 1, script: [{ name: 'mbind', args: page }] as const },
      ];
      const found = refusalsOf(world(patchNamed(form), tasks, [1], ['lru_disable']));
      expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set(['isolated']) });
    },
  );
});

describe('SC-35: somebody else keeps batches switched off', () => {
  const tasks = (add: ScriptedCall): SmallWorld['tasks'] => [
    { cpu: 0, script: [convert] },
    { cpu: 1, script: [{ name: 'lru_cache_disable', args: [] }] },
    { cpu: 1, script: [add] },
  ];

  test('even the form without a drain refuses nothing that only a batch holds', () => {
    const allocated = refusalsOf(
      world(patchNamed('baseline'), tasks({ name: 'fallocate', args: page }), [1], ['lru_disable']),
    );
    expect(allocated).toMatchObject({ spurious: false, accepts: true });
    const touched = refusalsOf(world(patchNamed('baseline'), tasks(touch), [1], ['lru_disable']));
    expect(touched).toMatchObject({ spurious: false, accepts: true, reasons: new Set(['lookup', 'user-mapping']) });
  });

  test('nor the mlock batch', () => {
    const locked = world(
      patchNamed('baseline'),
      tasks({ name: 'mlock', args: page }),
      [1, 2],
      ['lru_disable', 'mlock'],
    );
    expect(refusalsOf(locked)).toMatchObject({ spurious: false, accepts: true, reasons: new Set() });
  });

  test('and when they are switched on again, an addition waits as before', () => {
    const on: SmallWorld['tasks'] = [
      { cpu: 0, script: [convert] },
      { cpu: 1, script: [{ name: 'lru_cache_disable', args: [] }, { name: 'lru_cache_enable', args: [] }, touch] },
    ];
    const found = refusalsOf(world(patchNamed('baseline'), on, [1], ['lru_disable']));
    expect(found).toMatchObject({ spurious: true, accepts: false });
  });
});

test('a free folio cannot be taken', () => {
  const untouched = world(patchNamed('v8'), [{ cpu: 0, script: [onFolio('damon'), onFolio('page_idle')] }], []);
  const found = refusalsOf(untouched, [{ name: 'free', holds: ({ memory }) => at(memory, folio.refcount, 0) === 0 }]);
  expect(found.states).toBeGreaterThan(1);
});

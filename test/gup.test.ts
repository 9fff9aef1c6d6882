// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_PROFILE,
  folio,
  gmemInode,
  holdersOf,
  iPages,
  type Patch,
  PATCHES,
  pins,
  PROFILES,
  type ScriptedCall,
} from '../src/kernel/index.ts';
import type { Interpreter } from '../src/lang/index.ts';
import { createMachine, patchNamed } from '../src/machine/index.ts';
import { at, type SmallWorld } from './exploring.ts';
import { refusalsOf, type StateProperty } from './refusals.ts';

const page = [0, 0, 1];
const touch: ScriptedCall = { name: 'touch', args: page };
const convert: ScriptedCall = { name: 'convert', args: [...page, 1, 1] };
const pin = (name: 'vmsplice' | 'pin_user_pages' | 'pin_longterm'): ScriptedCall => ({ name, args: [0, 0, 0] });
const unpin: ScriptedCall = { name: 'unpin', args: [0] };

const world = (patch: Patch, tasks: SmallWorld['tasks'], before: readonly number[]): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 3 }, patch },
  sizes: {
    cpus: 2,
    folios: 1,
    inodes: 1,
    pages: 1,
    mms: 1,
    pins: 1,
    references: 2100,
    order: 0,
    parts: ['gup'],
  },
  tasks,
  before,
});

/** I1 as far as pins go. */
const neverPrivateWhilePinned: StateProperty = {
  name: 'I1 no false negative',
  holds: ({ memory }) => at(memory, gmemInode.private, 0) === 0 || at(memory, pins.folio, 0) !== at(memory, iPages, 0),
};

/** The counts that a folio has been seen with. */
function counts(): { readonly property: StateProperty; readonly seen: Set<number> } {
  const seen = new Set<number>();
  const holds = ({ memory }: Interpreter): boolean => {
    seen.add(at(memory, folio.refcount, 0));
    return true;
  };
  return { property: { name: 'counts', holds }, seen };
}

describe('SC-10: a page is pinned while it is converted', () => {
  test.each(
    PATCHES.flatMap(({ name }) =>
      (['vmsplice', 'pin_user_pages', 'pin_longterm'] as const).map((kind) => [name, kind] as const),
    ),
  )('%s, %s: refused or backed off, on every interleaving', (form, kind) => {
    const patch = patchNamed(form);
    const tasks = [
      { cpu: 0, script: [convert] },
      { cpu: 1, script: [touch, { name: 'lru_add_drain', args: [] } as const] },
      { cpu: 1, script: [pin(kind)] },
    ];
    const found = refusalsOf(world(patch, tasks, [1]), [neverPrivateWhilePinned]);
    expect(found).toMatchObject({ accepts: true });
    expect([...found.reasons]).toContain('gup');
  });

  test('a long-term pin shows 1024 more, none, and 1024 again: the lockless way refuses it at its end', () => {
    const { property, seen } = counts();
    const tasks = [
      { cpu: 0, script: [touch, { name: 'lru_add_drain', args: [] } as const, pin('pin_longterm'), unpin] },
    ];
    refusalsOf(world(patchNamed('v8'), tasks, []), [property]);
    // Mapped and in the page cache; then with one reference, with all, and once more with all.
    expect([...seen].filter((count) => count > 3)).toEqual([2 + 1024]);
    expect(seen).toContain(3);
  });
});

describe('SC-11: a page that stays pinned', () => {
  test.each(PATCHES)('$name refuses while it is, and not after', (patch) => {
    for (const kind of ['vmsplice', 'pin_user_pages', 'pin_longterm'] as const) {
      const held = [
        { cpu: 0, script: [convert] },
        { cpu: 1, script: [pin(kind)] },
      ];
      const kept = refusalsOf(world(patch, held, [1]), [neverPrivateWhilePinned]);
      expect(kept).toMatchObject({ accepts: false, spurious: false, reasons: new Set(['gup']) });
      const released = [
        { cpu: 0, script: [convert] },
        { cpu: 0, script: [pin(kind), unpin] },
      ];
      const after = refusalsOf(world(patchNamed('v6'), released, [1]), [neverPrivateWhilePinned]);
      expect(after).toMatchObject({ accepts: true, spurious: false, reasons: new Set() });
    }
  });

  test('a fault that fails makes the pin fail with EFAULT', () => {
    const machine = createMachine({
      cpus: 1,
      pins: 1,
      parts: ['gup'],
      guestMemfds: [{ pages: 1, initShared: false }],
      tasks: [{ name: 'T0', cpu: 0 }],
    });
    expect(machine.call(0, { call: 'pin-longterm', pin: 0, inode: 0, index: 0 })).toMatchObject({ result: 'EFAULT' });
    expect(machine.imbalances()).toEqual([]);
  });
});

describe('large folios', () => {
  const largeFolios = PROFILES.find(({ name }) => name === 'large-folios');
  const machine = (profile = largeFolios) =>
    createMachine({
      cpus: 1,
      pins: 2,
      parts: ['gup'],
      largestOrder: 2,
      ...(profile === undefined ? {} : { profile }),
      patch: patchNamed('drain-for-folio'),
      guestMemfds: [{ pages: 4 }],
      tasks: [{ name: 'T0', cpu: 0 }],
    });
  const all = { inode: 0, start: 0, pages: 4 };

  test('FOLL_PIN counts one in _pincount and one reference', () => {
    const planned = machine();
    planned.call(0, { call: 'fallocate-large', ...all });
    expect(planned.call(0, { call: 'pin-longterm', pin: 0, inode: 0, index: 2 })).toMatchObject({ result: 'ok' });
    expect(planned.call(0, { call: 'pin-user-pages', pin: 1, inode: 0, index: 1 })).toMatchObject({ result: 'ok' });
    expect(at(planned.memory, folio.pincount, 0)).toBe(2);
    expect(holdersOf(planned.interpreter, String).get(0)).toEqual([
      { kind: 'page-cache', references: 4 },
      { kind: 'user-mapping', references: 2 },
      { kind: 'gup', references: 2 },
    ]);
    planned.call(0, { call: 'unpin', pin: 0 });
    planned.call(0, { call: 'unpin', pin: 1 });
    expect(at(planned.memory, folio.pincount, 0)).toBe(0);
    expect(planned.imbalances()).toEqual([]);
  });

  test('no kernel maps one: a fault ends in SIGBUS, and leaves nothing behind', () => {
    const real = machine(DEFAULT_PROFILE);
    real.call(0, { call: 'fallocate-large', ...all });
    expect(real.call(0, { call: 'touch', ...all })).toMatchObject({ result: 'SIGBUS' });
    expect(holdersOf(real.interpreter, String).get(0)).toEqual([{ kind: 'page-cache', references: 4 }]);
    expect(at(real.memory, folio.locked, 0)).toBe(0);
  });
});

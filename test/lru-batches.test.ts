// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { cpuFbatches, holdersOf, LRU_BATCHES, type ScriptedCall } from '../src/kernel/index.ts';
import { IDLE, type Interpreter } from '../src/lang/index.ts';
import { createMachine, patchNamed } from '../src/machine/index.ts';
import { at, conservation, exploreWorld, onePageWorld, type SmallWorld } from './exploring.ts';
import { refusalsOf, type StateProperty } from './refusals.ts';

const page = [0, 0, 1];
const touch: ScriptedCall = { name: 'touch', args: page };
const convert: ScriptedCall = { name: 'convert', args: [...page, 1, 1] };
const drain: ScriptedCall = { name: 'lru_add_drain', args: [] };
const pageout: ScriptedCall = { name: 'madvise_pageout', args: page };
const otherMemory = (batch: number): ScriptedCall => ({ name: 'use_other_memory', args: [batch] });

const world = (...[patch, tasks, before, more]: Parameters<typeof onePageWorld>): SmallWorld =>
  onePageWorld(patch, tasks, before, { ...more, profile: { batchSize: 2, ...more?.profile } });

/** Folio 1 is of other memory; it is in the batch of CPU 1 until that is drained. */
const inOtherBatch = (interpreter: Interpreter): boolean =>
  (holdersOf(interpreter, String).get(1) ?? []).some(({ kind, cpu }) => kind === 'lru-batch' && cpu === 1);

describe('the batches besides lru_add', () => {
  test.each([...LRU_BATCHES.entries()])('%i, %s: who drains all CPUs waits until it is empty', (batch) => {
    const drained: StateProperty = {
      name: 'drained',
      holds: (interpreter) => interpreter.memory.code[0] !== IDLE || !inOtherBatch(interpreter),
    };
    let seen = false;
    const waits: StateProperty = {
      name: 'waits',
      holds: (interpreter) => {
        seen ||= interpreter.next(0)?.name === 'flush_work' && inOtherBatch(interpreter);
        return true;
      },
    };
    // The page of the guest_memfd has the first folio, so that other memory gets the second.
    const tasks: SmallWorld['tasks'] = [
      { cpu: 0, script: [{ name: 'lru_add_drain_all', args: [] }] },
      { cpu: 1, script: [touch, drain, otherMemory(batch)] },
    ];
    const found = exploreWorld(world(patchNamed('v6'), tasks, [1], { parts: ['lru_batches'], folios: 2 }), [
      conservation,
      drained,
      waits,
    ]);
    expect(found.verdict).toBe('holds');
    expect(seen).toBe(true);
  });

  test('without SMP there is no lru_activate: what is activated waits nowhere', () => {
    const tasks: SmallWorld['tasks'] = [
      { cpu: 0, script: [otherMemory(LRU_BATCHES.indexOf('lru_activate'))] },
      { cpu: 0, script: [otherMemory(LRU_BATCHES.indexOf('lru_lazyfree'))] },
    ];
    const options = { parts: ['lru_batches'], folios: 2, profile: { smp: false } } as const;
    const waiting = (kind: number, slots: readonly number[]): StateProperty => ({
      name: 'waiting',
      holds: ({ memory }) => slots.every((slot) => at(memory, cpuFbatches.others.folios, kind * 2 + slot) === 2),
    });
    const found = exploreWorld(world(patchNamed('v6'), tasks, [], options), [conservation, waiting(4, [0, 1])]);
    expect(found.verdict).toBe('holds');
    const lazyfree = exploreWorld(world(patchNamed('v6'), tasks, [], options), [waiting(3, [0, 1])]);
    expect(lazyfree.verdict).toBe('violated');
  });

  test.each(['baseline', 'v6'])('%s: other memory in a batch of that CPU makes no conversion fail', (form) => {
    const tasks: SmallWorld['tasks'] = [
      { cpu: 0, script: [convert] },
      { cpu: 1, script: [touch, drain] },
      { cpu: 1, script: [otherMemory(4)] },
    ];
    const found = refusalsOf(world(patchNamed(form), tasks, [1], { parts: ['lru_batches'], folios: 2 }));
    expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set() });
  });
});

describe('MADV_PAGEOUT puts a page that was on the LRU back into lru_add', () => {
  const before = { cpu: 1, script: [touch, drain, pageout] };

  test.each([
    ['baseline', true],
    ['local-drain', true],
    ['v6', false],
    ['v8', false],
    ['drain-for-folio', false],
  ])('%s, from another CPU: refused for a batch only: %s', (form, spurious) => {
    const found = refusalsOf(world(patchNamed(form), [{ cpu: 0, script: [convert] }, before], [1]));
    expect(found).toMatchObject({ spurious, accepts: !spurious, reasons: new Set() });
  });

  test.each(['v6', 'drain-for-folio'])(
    '%s while it happens: the unmap waits for the page-table lock, so the drain comes after the putback',
    (form) => {
      const tasks: SmallWorld['tasks'] = [
        { cpu: 0, script: [convert] },
        { cpu: 1, script: [touch, drain] },
        { cpu: 1, script: [pageout] },
      ];
      const found = refusalsOf(world(patchNamed(form), tasks, [1]));
      expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set() });
    },
  );

  test('a page that waits in a batch, or that two processes have, is left alone', () => {
    const machine = createMachine({
      cpus: 1,
      parts: ['mlock'],
      guestMemfds: [{ pages: 1 }],
      tasks: [
        { name: 'T0', cpu: 0 },
        { name: 'T1', cpu: 0, process: 1 },
      ],
    });
    const range = { inode: 0, start: 0, pages: 1 };
    const kinds = (): readonly string[] => machine.ledger(0)[0]?.holders.map(({ kind }) => kind) ?? [];
    machine.call(0, { call: 'touch', ...range });
    machine.call(0, { call: 'madvise-pageout', ...range });
    // It drains first, and so puts the page on the LRU, from where it takes it.
    expect(kinds()).toEqual(['page-cache', 'lru-add-batch', 'user-mapping']);
    machine.call(1, { call: 'touch', ...range });
    machine.call(0, { call: 'madvise-pageout', ...range });
    expect(kinds()).toEqual(['page-cache', 'user-mapping']);
    machine.call(0, { call: 'mlock', ...range });
    expect(machine.call(0, { call: 'madvise-pageout', ...range })).toMatchObject({ result: 'EINVAL' });
  });
});

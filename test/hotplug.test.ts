// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { cpuMasks, holdersOf, type KernelPart, type Patch, type ScriptedCall, taskCpu } from '../src/kernel/index.ts';
import { IDLE, type Interpreter } from '../src/lang/index.ts';
import { createMachine, patchNamed } from '../src/machine/index.ts';
import { at, onePageWorld, type SmallWorld } from './exploring.ts';
import { refusalsOf, type StateProperty } from './refusals.ts';

const page = [0, 0, 1];
const touch: ScriptedCall = { name: 'touch', args: page };
const convert: ScriptedCall = { name: 'convert', args: [...page, 1, 1] };
const down: ScriptedCall = { name: 'cpu_down', args: [1] };
const up: ScriptedCall = { name: 'cpu_up', args: [1] };
const punch: ScriptedCall = { name: 'punch_hole', args: page };

const world = (
  patch: Patch,
  tasks: SmallWorld['tasks'],
  before: readonly number[],
  parts: readonly KernelPart[] = [],
): SmallWorld => onePageWorld(patch, tasks, before, { parts: ['hotplug', ...parts] });

/** T0 converts a page that waits in CPU 1's batch. */
const onCpu1 = (...others: SmallWorld['tasks'][number][]): SmallWorld['tasks'] => [
  { cpu: 0, script: [convert] },
  { cpu: 1, script: [touch] },
  ...others,
];

/** A locked page that a conversion unmapped and that is touched again: it waits in the mlock batch. */
const lockedAgain: readonly ScriptedCall[] = [convert, convert, { name: 'convert', args: [...page, 0, 1] }, touch];

const isOnline = (interpreter: Interpreter, cpu: number): boolean =>
  at(interpreter.memory, cpuMasks.offline, cpu) === 0;

/** Notices a refusal, after the drain, of a page in the batch of a CPU that is (or is not) in the online mask. */
function refusedWhile(online: boolean): { readonly property: StateProperty; readonly seen: () => boolean } {
  let seen = false;
  const holds = (interpreter: Interpreter): boolean => {
    if (interpreter.next(0)?.name === 'folio_index' && isOnline(interpreter, 1) === online)
      seen ||= (holdersOf(interpreter, String).get(0) ?? []).some(
        ({ kind, cpu }) => kind === 'lru-add-batch' && cpu === 1,
      );
    return true;
  };
  return { property: { name: 'refused', holds }, seen: () => seen };
}

describe('SC-20: the CPU whose batch holds the page goes offline', () => {
  test.each(['v6', 'v8', 'drain-for-folio'])(
    '%s refuses for a batch only: before the CPU has left the online mask, and after',
    (form) => {
      const [before, after] = [refusedWhile(true), refusedWhile(false)];
      const tasks = onCpu1({ cpu: 0, script: [down] });
      const found = refusalsOf(world(patchNamed(form), tasks, [1]), [before.property, after.property]);
      expect(found).toMatchObject({ spurious: true, accepts: true, reasons: new Set() });
      expect([before.seen(), after.seen()]).toEqual([true, true]);
    },
  );

  test.each(['baseline', 'local-drain', 'v6', 'drain-for-folio'])(
    '%s, once the CPU is gone: its batch is, too',
    (form) => {
      const tasks = onCpu1({ cpu: 0, script: [down] });
      const found = refusalsOf(world(patchNamed(form), tasks, [1, 2]));
      expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set() });
    },
  );

  test('and once it has come back it is drained like any other', () => {
    const again = { cpu: 1, script: [{ name: 'sched_setaffinity', args: [1] } as const, punch, touch] };
    const tasks = onCpu1({ cpu: 0, script: [down, up] }, again);
    const found = refusalsOf(world(patchNamed('v6'), tasks, [1, 2, 3]));
    expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set() });
  });

  test('while it goes and comes, a task touches the page: whoever is refused is refused because of it', () => {
    const tasks = [
      { cpu: 0, script: [convert] },
      { cpu: 1, script: [touch] },
      { cpu: 0, script: [down, up] },
    ];
    const found = refusalsOf(world(patchNamed('v6'), tasks, []));
    expect(found).toMatchObject({ spurious: true, accepts: true, reasons: new Set(['lookup', 'user-mapping']) });
  });
});

test('a CPU that is gone has nobody running and nothing waiting', () => {
  const gone: StateProperty = {
    name: 'gone',
    holds: (interpreter) => {
      const { memory } = interpreter;
      if (isOnline(interpreter, 1)) return true;
      if ([0, 1, 2, 3, 4].some((task) => at(memory, taskCpu, task) === 1)) return false;
      if (memory.code[2] !== IDLE) return true;
      const holders = holdersOf(interpreter, String).get(0) ?? [];
      return !holders.some(({ cpu }) => cpu === 1);
    },
  };
  const unlocks = { cpu: 1, script: [{ name: 'munlock', args: page } as const] };
  const tasks = [
    { cpu: 1, script: [{ name: 'mlock', args: page } as const, ...lockedAgain] },
    unlocks,
    { cpu: 0, script: [down] },
  ];
  const found = refusalsOf(world(patchNamed('v6'), tasks, [0], ['mlock']), [gone]);
  expect(found.states).toBeGreaterThan(1000);
});

test('a machine: the last CPU cannot go, and nobody can move to one that is gone', () => {
  const machine = createMachine({
    cpus: 2,
    parts: ['hotplug'],
    guestMemfds: [{ pages: 1 }],
    tasks: [
      { name: 'T0', cpu: 0 },
      { name: 'T1', cpu: 1 },
    ],
  });
  expect(machine.call(0, { call: 'cpu-down', cpu: 1 })).toMatchObject({ result: 'ok' });
  expect(machine.call(1, { call: 'migrate-to', cpu: 1 })).toMatchObject({ result: 'EINVAL' });
  expect(machine.call(1, { call: 'cpu-down', cpu: 0 })).toMatchObject({ result: 'EBUSY' });
  expect(machine.call(1, { call: 'cpu-up', cpu: 1 })).toMatchObject({ result: 'ok' });
  expect(machine.call(1, { call: 'migrate-to', cpu: 1 })).toMatchObject({ result: 'ok' });
});

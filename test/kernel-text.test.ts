// SPDX-License-Identifier: MIT
// Where the text once took other steps than the kernel's C does: each test failed before that was mended.
import { expect, test } from 'vitest';
import {
  folio,
  holdersOf,
  iPages,
  type KernelPart,
  type Patch,
  type ScriptedCall,
  taskResult,
} from '../src/kernel/index.ts';
import { resultCode } from '../src/kernel/sched.ts';
import { IDLE, type Interpreter } from '../src/lang/index.ts';
import { pfn } from '../src/ledger/index.ts';
import { type Call, createMachine, type Machine, patchNamed } from '../src/machine/index.ts';
import { parseScenario } from '../src/scenario/index.ts';
import { type CheckAnswer, checking } from '../src/verify/index.ts';
import { at, conservation, exploreWorld, onePageWorld, type SmallWorld } from './exploring.ts';

const page = [0, 0, 1];
const RANGE = { inode: 0, start: 0, pages: 1 };
const touch: ScriptedCall = { name: 'touch', args: page };
const fallocate: ScriptedCall = { name: 'fallocate', args: page };
const drain: ScriptedCall = { name: 'lru_add_drain', args: [] };
const fails: ScriptedCall = { name: 'memory_failure', args: [0] };
const offline: ScriptedCall = { name: 'soft_offline', args: [0] };
const punch: ScriptedCall = { name: 'punch_hole', args: page };
const alreadyShared: ScriptedCall = { name: 'convert', args: [...page, 0, 1] };
const v6 = patchNamed('v6');

const world = (
  tasks: SmallWorld['tasks'],
  before: readonly number[],
  parts: readonly KernelPart[] = ['memory_failure'],
  folios = 1,
): SmallWorld => onePageWorld(v6, tasks, before, { parts, folios });

const never = (name: string, bad: (interpreter: Interpreter) => boolean) => ({
  name,
  holds: (interpreter: Interpreter) => !bad(interpreter),
});
const comesTrue = (small: SmallWorld, name: string, wanted: (interpreter: Interpreter) => boolean): boolean =>
  exploreWorld(small, [never(name, wanted)]).property === name;

const oneCpu = (parts: readonly KernelPart[], initShared = true): Machine =>
  createMachine({
    cpus: 1,
    parts,
    patch: v6,
    guestMemfds: [{ pages: 1, initShared }],
    tasks: [
      { name: 'T0', cpu: 0 },
      { name: 'T1', cpu: 0 },
    ],
  });

/** The steps that a call takes, with their routines. */
function stepsOf(machine: Machine, call: Call, task = 0): readonly string[] {
  const steps: string[] = [];
  machine.call(task, call, ({ step }) => steps.push(`${step.path.at(-1)} ${step.name}`));
  return steps;
}

function check(text: string, form: string): CheckAnswer {
  const pieces = checking(parseScenario('t.yaml', text), { patch: patchNamed(form), mostStates: 200_000 });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}
const verdicts = ({ properties }: CheckAnswer): Readonly<Record<string, string>> =>
  Object.fromEntries(properties.map(({ id, verdict }) => [id, verdict]));

test.each(['v6', 'drain-for-folio'])(
  '%s: however many invalidations end meanwhile, a guest’s fault sees that one has; nor do faults keep them out',
  (form) => {
    const text = `scenario: T
title: A slot goes while its pages are converted
machine: { cpus: 2 }
guest_memfd: { pages: 2 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
threads:
  T0: [{ delete-memslot: 1..2 }, { convert: { range: 0..1, to: private } }]
  T1: [{ guest-touch: { range: 0..1, as: shared } }]
`;
    expect(verdicts(check(text, form))).toMatchObject({ I5: 'holds', I8: 'holds' });
  },
);

test('what drained before is not counted: memory_failure() under `before`', () => {
  const text = `scenario: T
title: A page that is known to be bad
machine: { cpus: 2 }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
before: [{ T1: { touch: 0..1 } }, { T1: { memory-failure: 0 } }, { T1: { drain: all } }]
threads:
  T0: [{ convert: { range: 0..1, to: private }, expect: { every: { verdict: refused } } }]
  T1: [{ drain: all }]
`;
  expect(verdicts(check(text, 'v6'))).toMatchObject({ I3: 'holds', I7: 'holds', I9: 'holds', expected: 'holds' });
});

test('the LRU caches are disabled by every task that wants it, and by the check besides', () => {
  const text = `scenario: T
title: Batches off three times
machine: { cpus: 1 }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 0 } }
before: [{ T0: { lru-cache: disable } }]
threads:
  T0: [{ convert: { range: 0..1, to: private } }]
  T1: [{ lru-cache: disable }]
`;
  expect(verdicts(check(text, 'lru-cache-disable'))).toMatchObject({ I6: 'holds', I7: 'holds' });
});

test('a soft offline removes a clean page that nobody else has; one that is mapped, dirty or locked stays', () => {
  const machine = oneCpu(['memory_failure', 'mmap']);
  machine.call(0, { call: 'fallocate', ...RANGE });
  expect(machine.call(0, { call: 'soft-offline', pfn: pfn(0) })).toMatchObject({ result: 'ok' });
  expect(machine.ledger(0)).toEqual([]);
  expect(machine.holders().get(0)).toEqual([{ kind: 'walker', references: 1 }]);
  expect(machine.call(0, { call: 'memory-failure', pfn: pfn(0) })).toMatchObject({ result: 'EHWPOISON' });
  // Its place gets another page, and never the one that is offline.
  machine.call(0, { call: 'touch', ...RANGE });
  const [{ pfn: second } = { pfn: pfn(0) }] = machine.ledger(0);
  expect(second).not.toBe(0);
  expect(machine.call(0, { call: 'soft-offline', pfn: second })).toMatchObject({ result: 'EBUSY' });
  machine.call(0, { call: 'write', ...RANGE });
  machine.call(0, { call: 'munmap', ...RANGE });
  expect(machine.call(0, { call: 'soft-offline', pfn: second })).toMatchObject({ result: 'EBUSY' });
  expect(machine.ledger(0)).toHaveLength(1);
});

test.each([
  ['v8', 'EBUSY'],
  ['drain-for-folio', 'ok'],
])('%s: a soft offline of what the guest has mapped: %s', (form, result) => {
  const machine = createMachine({
    cpus: 1,
    parts: ['memory_failure', 'guest'],
    patch: patchNamed(form),
    guestMemfds: [{ pages: 1 }],
    tasks: [{ name: 'T0', cpu: 0 }],
  });
  machine.call(0, { call: 'guest-touch', private: false, ...RANGE });
  expect(machine.call(0, { call: 'soft-offline', pfn: pfn(0) })).toMatchObject({ result });
});

test('no folio is lost or had twice while a page is taken offline, mapped and punched out', () => {
  const tasks: SmallWorld['tasks'] = [
    { cpu: 0, script: [punch] },
    { cpu: 1, script: [fallocate] },
    { cpu: 1, script: [offline, touch] },
  ];
  const small = world(tasks, [1], ['memory_failure'], 2);
  expect(exploreWorld(small, [conservation])).toMatchObject({ verdict: 'holds' });
  expect(
    comesTrue(small, 'gone', ({ memory }) => at(memory, iPages, 0) === 1 && at(memory, folio.refcount, 0) === 1),
  ).toBe(true);
});

test('a page that a fault had locked outlives the hole in the batch of the CPU that punched it', () => {
  const tasks: SmallWorld['tasks'] = [
    { cpu: 0, script: [punch] },
    { cpu: 0, script: [fallocate] },
  ];
  const left = ({ memory }: Interpreter): boolean =>
    memory.code[0] === IDLE && at(memory, iPages, 0) === 1 && at(memory, folio.refcount, 0) === 1;
  expect(comesTrue(world(tasks, [], []), 'left to the own batch', left)).toBe(true);
});

test('a reader queues behind a writer that waits, so that a fault and memory_failure() wait for each other', () => {
  const fault = { cpu: 1, script: [fallocate, drain] };
  const tasks: SmallWorld['tasks'] = [
    { cpu: 0, script: [alreadyShared] },
    fault,
    { cpu: 1, script: [touch] },
    { cpu: 0, script: [fails] },
  ];
  expect(exploreWorld(world(tasks, [1]), [])).toMatchObject({ verdict: 'violated', property: 'deadlock' });
  // Without a writer two readers pass each other.
  expect(exploreWorld(world([{ cpu: 0, script: [] }, ...tasks.slice(1)], [1]), [])).toMatchObject({ verdict: 'holds' });
});

test('memory_failure() and soft_offline_page() come one after the other', () => {
  const machine = oneCpu(['memory_failure']);
  machine.call(0, { call: 'fallocate', ...RANGE });
  machine.begin(0, { call: 'memory-failure', pfn: pfn(0) });
  machine.step(0);
  machine.begin(1, { call: 'soft-offline', pfn: pfn(0) });
  expect(machine.isAt(1, 'soft_offline_page.mutex_lock')).toBe(true);
  expect(machine.step(1)).toBeUndefined();
});

test('memory_failure() takes the page off the LRU, and drains once more where it was mlocked', () => {
  const drains = (locks: boolean): number => {
    const machine = oneCpu(['memory_failure', 'mlock']);
    machine.call(0, { call: locks ? 'mlock' : 'touch', ...RANGE });
    machine.call(0, { call: 'lru-add-drain' });
    const steps = stepsOf(machine, { call: 'memory-failure', pfn: pfn(0) });
    expect(at(machine.memory, folio.lru, 0)).toBe(0);
    return steps.filter((step) => step === 'lru_add_drain_all load_lru_drain_gen').length;
  };
  expect([drains(false), drains(true)]).toEqual([1, 2]);
});

test('a free page is known to be one without a drain', () => {
  const steps = stepsOf(oneCpu(['memory_failure']), { call: 'memory-failure', pfn: pfn(0) });
  expect(steps.filter((step) => step.endsWith('load_lru_drain_gen'))).toEqual([]);
});

test('a conversion to shared walks its pages, and so drains its own CPU', () => {
  const machine = oneCpu([], false);
  machine.call(0, { call: 'fallocate', ...RANGE });
  const kinds = (): readonly string[] => machine.ledger(0)[0]?.holders.map(({ kind }) => kind) ?? [];
  expect(kinds()).toEqual(['page-cache', 'lru-add-batch']);
  machine.call(0, {
    call: 'set-memory-attributes2',
    inode: 0,
    argument: { offset: 0n, size: 4096n, attributes: 0n, flags: 0n, reserved: [] },
  });
  expect(kinds()).toEqual(['page-cache']);
});

test('a guest’s fault of a closed file ends before the invalidate lock is free', () => {
  const small: SmallWorld = onePageWorld(
    v6,
    [
      { cpu: 0, script: [{ name: 'release', args: [0] }] },
      { cpu: 1, script: [{ name: 'guest_touch', args: [...page, 0] }] },
      { cpu: 1, script: [{ name: 'bind', args: page }] },
    ],
    [],
    { parts: ['guest', 'memslots'], folios: 2 },
  );
  const early = (interpreter: Interpreter): boolean =>
    at(interpreter.memory, taskResult, 1) === resultCode('EFAULT') &&
    interpreter.memory.code[1] === IDLE &&
    interpreter.next(0)?.name === 'up_write';
  expect(comesTrue(small, 'EFAULT meanwhile', early)).toBe(true);
});

test('a guest’s fault waits for an invalidation without a reference', () => {
  const small: SmallWorld = onePageWorld(
    v6,
    [
      { cpu: 0, script: [punch] },
      { cpu: 1, script: [{ name: 'guest_touch', args: [...page, 0] }] },
    ],
    [],
    { parts: ['guest'], folios: 2 },
  );
  const looksEarly = (interpreter: Interpreter): boolean => {
    const next = interpreter.next(1);
    const held = holdersOf(interpreter, String).get(0) ?? [];
    return (
      next?.name === 'mmu_invalidate_retry_gfn_unsafe' &&
      interpreter.next(0)?.path.includes('truncate_inode_pages_range') === true &&
      held.every(({ kind }) => kind !== 'lookup')
    );
  };
  expect(comesTrue(small, 'looks before it has the page', looksEarly)).toBe(true);
});

test('an access that is refused for its kind is so whether or not a slot is there', () => {
  const machine = createMachine({
    cpus: 1,
    parts: ['guest', 'memslots'],
    patch: v6 satisfies Patch,
    guestMemfds: [{ pages: 1 }],
    tasks: [{ name: 'T0', cpu: 0 }],
  });
  machine.call(0, { call: 'delete-memslot', ...RANGE });
  expect(machine.call(0, { call: 'guest-touch', private: true, ...RANGE })).toMatchObject({ result: 'EFAULT' });
  expect(machine.call(0, { call: 'guest-touch', private: false, ...RANGE })).toMatchObject({ result: 'MMIO' });
});

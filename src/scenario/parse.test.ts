// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { InputError } from '../ledger/index.ts';
import { PROPERTY_IDS } from './checking.ts';
import { profileNamed } from './profile-named.ts';
import { parseScenario } from './parse-scenario.ts';
import { CALL_KEYS, scenarioJsonSchema } from './schema.ts';

/** Lines of a scenario; a test replaces some of them. */
const LINES: Readonly<Record<string, string>> = {
  scenario: 'scenario: SC-99',
  title: 'title: A test',
  machine: 'machine: { cpus: 2, profile: linux-7.3 }',
  memfd: 'guest_memfd: { pages: 4 }',
  tasks: 'tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }',
  before: 'before: [{ T1: { touch: 0..1 } }]',
  threads: 'threads: { T0: [{ convert: { range: 0..1, to: private } }] }',
};
const textOf = (lines: Readonly<Record<string, string>>): string => Object.values({ ...LINES, ...lines }).join('\n');
const parse = (lines: Readonly<Record<string, string>> = {}) => parseScenario('a.yaml', textOf(lines));

function messageOf(lines: Readonly<Record<string, string>> | string): string {
  try {
    parseScenario('a.yaml', typeof lines === 'string' ? lines : textOf(lines));
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'no mistake';
}

const thread = (...calls: readonly string[]): Readonly<Record<string, string>> => ({
  threads: `threads:\n  T0:\n${calls.map((call) => `    - ${call}`).join('\n')}`,
});

describe('a scenario', () => {
  test('is read as the machine and the calls that it describes', () => {
    const scenario = parse({
      machine: 'machine: { cpus: 2, profile: linux-6.18, features: { batch-size: 2 }, largest-order: 1 }',
      memfd: 'guest_memfds: { a: { pages: 4, init-shared: false }, b: { pages: 2, vm-type: default } }',
      tasks: 'tasks: { T0: { cpu: 0, process: vmm }, T1: { cpu: 1, process: child }, T2: { cpu: 1, process: vmm } }',
      before: 'before:\n  - T1: { fallocate-large: 0..4, in: a }\n  - T1: { unpin: later }',
      ...thread(
        '{ convert: { range: 1..2, to: private }, in: b, expect: { every: { verdict: safe }, v6: { verdict: refused, index: 1 } } }',
        '{ convert: { offset: 0xfffffffffffff000, size: 8192, attributes: 9, flags: 1, reserved: [2] }, in: a, returns: EINVAL }',
        '{ convert: { struct: unreadable }, in: a }',
        '{ vmsplice: { page: 1, as: later }, in: a }',
        '{ drain: local }',
        '{ drain: all }',
        '{ migrate-to: 1 }',
        '{ ioctl: 0x1234 }',
      ),
    });
    expect(scenario.machine).toEqual({
      cpus: 2,
      profile: { ...profileNamed('linux-6.18'), name: 'linux-6.18 with batch-size 2', batchSize: 2 },
      tasks: [
        { name: 'T0', cpu: 0, process: 0 },
        { name: 'T1', cpu: 1, process: 1 },
        { name: 'T2', cpu: 1, process: 0 },
      ],
      guestMemfds: [
        expect.objectContaining({ name: 'a', pages: 4, initShared: false, vmHasPrivateMemory: true }),
        expect.objectContaining({ name: 'b', pages: 2, initShared: true, vmHasPrivateMemory: false }),
      ],
      largestOrder: 1,
      pins: 1,
      parts: [],
      calls: ['fallocate_large', 'unpin', 'vmsplice', 'lru_add_drain', 'lru_add_drain_all', 'sched_setaffinity'],
    });
    expect(scenario.before.map(({ task, call }) => [task, call])).toEqual([
      [1, { call: 'fallocate-large', inode: 0, start: 0, pages: 4 }],
      [1, { call: 'unpin', pin: 0 }],
    ]);
    const calls = scenario.threads.flatMap((one) => one.calls);
    expect(calls.map(({ call }) => call)).toEqual([
      {
        call: 'set-memory-attributes2',
        inode: 1,
        writable: true,
        argument: { offset: 4096n, size: 4096n, attributes: 8n, flags: 0n, reserved: [] },
      },
      {
        call: 'set-memory-attributes2',
        inode: 0,
        writable: true,
        argument: { offset: 0xffff_ffff_ffff_f000n, size: 8192n, attributes: 9n, flags: 1n, reserved: [2n] },
      },
      { call: 'set-memory-attributes2', inode: 0, argument: undefined },
      { call: 'vmsplice', pin: 0, inode: 0, index: 1 },
      { call: 'lru-add-drain' },
      { call: 'lru-add-drain-all' },
      { call: 'migrate-to', cpu: 1 },
      { call: 'unknown-ioctl' },
    ]);
    expect(calls.slice(0, 2).map(({ expected }) => expected)).toEqual([
      { every: { verdict: ['safe'] }, byPatch: new Map([['v6', { verdict: ['refused'], index: 1 }]]) },
      { every: { returns: ['EINVAL'] }, byPatch: new Map() },
    ]);
  });

  test('asks the machine for the parts and entries that its calls need', () => {
    const entries = [
      '{ punch-hole: 1..2 }',
      '{ guest-touch: { range: 0..2, as: private } }',
      '{ mlock: 0..1 }',
      '{ soft-offline: 7 }',
      '{ lru-cache: disable }',
      '{ migrate: { task: T1, to: 0 } }',
      '{ use-other-memory: lru_lazyfree }',
      '{ numa-hint-fault: 0..2 }',
      '{ pin-longterm: { page: 1, as: dma } }',
      '{ load: 1 }',
      '{ store: { page: 1, value: 0xff } }',
      '{ guest-load: { page: 0, as: private }, expect: { every: { loads: [0, 0xff] } } }',
      '{ guest-store: { page: 0, value: 1, as: shared } }',
      '{ bind: 0..1 }',
      '{ delete-memslot: 0..2 }',
      '{ release: true }',
    ];
    const { machine, threads } = parseScenario('a.yaml', textOf(thread(...entries)));
    expect(threads.flatMap(({ calls }) => calls.map(({ call }) => call))).toEqual([
      { call: 'punch-hole', inode: 0, start: 1, pages: 1 },
      { call: 'guest-touch', inode: 0, start: 0, pages: 2, private: true },
      { call: 'mlock', inode: 0, start: 0, pages: 1 },
      { call: 'soft-offline', pfn: 7 },
      { call: 'lru-cache-disable' },
      { call: 'migrate', task: 1, cpu: 0 },
      { call: 'use-other-memory', batch: 'lru_lazyfree' },
      { call: 'numa-hint-fault', inode: 0, start: 0, pages: 2 },
      { call: 'pin-longterm', pin: 0, inode: 0, index: 1 },
      { call: 'load', inode: 0, index: 1 },
      { call: 'store', inode: 0, index: 1, value: 255 },
      { call: 'guest-load', inode: 0, index: 0, private: true },
      { call: 'guest-store', inode: 0, index: 0, value: 1, private: false },
      { call: 'bind', inode: 0, start: 0, pages: 1 },
      { call: 'delete-memslot', inode: 0, start: 0, pages: 2 },
      { call: 'release', inode: 0 },
    ]);
    expect(machine.parts).toEqual([
      'guest',
      'mlock',
      'memory_failure',
      'lru_disable',
      'migration',
      'lru_batches',
      'gup',
      'contents',
      'memslots',
    ]);
    expect(machine.calls).toContain('soft_offline');
    expect(machine.calls).not.toContain('munlock');
  });

  test('may be JSON, may keep words that older YAML reads otherwise, and takes another profile', () => {
    const json = JSON.stringify({
      scenario: 'no',
      title: 'yes',
      machine: { cpus: 1 },
      guest_memfd: { pages: 1 },
      tasks: { on: { cpu: 0 } },
      threads: { on: [{ touch: '0..1' }] },
    });
    const scenario = parseScenario('a.json', json, { profile: profileNamed('uniprocessor') });
    expect(scenario).toMatchObject({ name: 'no', title: 'yes', machine: { profile: { smp: false } } });
  });
});

describe('mistakes', () => {
  test.each([
    ['', 'a.yaml:1:1: empty, expected a scenario'],
    ['# nothing', 'a.yaml:1:1: empty, expected a scenario'],
    ['hello', "a.yaml:1:1: expected a scenario: scenario, title, machine, guest_memfd, tasks, threads, not 'hello'"],
    ['[1]', 'a.yaml:1:1: expected a scenario: scenario, title, machine, guest_memfd, tasks, threads, not a list'],
    [
      'a: [1, 2',
      'a.yaml:1:9: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a: 1\na: 2', 'a.yaml:2:1: a second key of this name, expected each key once'],
    ['a: 1\nb: { __proto__: { cpu: 0 } }', 'a.yaml:2:6: no name, expected another key'],
    ['a: 1\n---\na: 2', 'a.yaml:2:1: a second document begins, expected one scenario a file'],
    ['['.repeat(100_000), 'a.yaml:1:1: not a scenario: nested too deeply'],
  ])('of YAML, case %#', (text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  test('aliases that multiply are no way to use up memory', () => {
    const bomb = Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${i === 0 ? '1' : `*a${i - 1}, *a${i - 1}`}]`);
    expect(messageOf(bomb.join('\n'))).toBe('a.yaml:1:1: not a scenario: too many aliases');
  });

  test.each<[Readonly<Record<string, string>>, string]>([
    [{ threads: 'thread: {}' }, "a.yaml:7:1: thread: unknown key, did you mean 'threads'?"],
    [
      { machine: 'machine: { cpus: 2, color: red }' },
      'a.yaml:3:21: machine.color: unknown key, expected one of cpus, profile, features, largest-order',
    ],
    [{ title: '' }, 'a.yaml:1:1: title: missing, expected a title in one line of at most 200 characters'],
    [
      { machine: 'machine: { cpus: zero }' },
      "a.yaml:3:18: machine.cpus: expected a whole number from 1 to 64, not 'zero'",
    ],
    [{ machine: 'machine: { cpus: 65 }' }, 'a.yaml:3:18: machine.cpus: expected a whole number from 1 to 64, not 65'],
    [
      { machine: 'machine: { cpus: 2, profile: linux-7.4 }' },
      "a.yaml:3:30: machine.profile: expected one of linux-7.3, linux-6.18, linux-6.8, uniprocessor, large-folios, not 'linux-7.4'",
    ],
    [
      { machine: 'machine: { cpus: 2, features: { smp: false } }' },
      'a.yaml:3:18: machine.cpus: 2 CPUs on a kernel without SMP (linux-7.3 with smp false), expected 1',
    ],
    [{ memfd: '' }, "a.yaml:1:1: no guest_memfd, expected 'guest_memfd: { pages: N }'"],
    [
      { memfd: 'guest_memfd: { pages: 1 }\nguest_memfds: { a: { pages: 1 } }' },
      "a.yaml:5:1: guest_memfds: cannot stand beside 'guest_memfd', expected one of the two",
    ],
    [{ memfd: 'guest_memfds: {}' }, 'a.yaml:4:15: guest_memfds: none, expected at least one { NAME: { pages: N } }'],
    [
      { tasks: 'tasks: { T0: { cpu: 2 }, T1: { cpu: 1 } }' },
      'a.yaml:5:21: tasks.T0.cpu: no CPU 2, expected one from 0 to 1',
    ],
    [
      { tasks: 'tasks: { 0: { cpu: 0 } }' },
      'a.yaml:5:10: tasks.0: not a name, expected a name of at most 15 letters, digits, dots, dashes and underscores that begins with a letter',
    ],
    [{ before: 'before: [{ T2: { touch: 0..1 } }]' }, "a.yaml:6:12: before[0].T2: no such task, did you mean 'T0'?"],
    [{ before: 'before: [{}]' }, 'a.yaml:6:10: before[0]: no call, expected { TASK: { CALL } }'],
    [
      { before: 'before: [{ T0: { touch: 0..1 }, T1: { touch: 0..1 } }]' },
      'a.yaml:6:33: before[0].T1: a second task in one entry, expected an entry for each',
    ],
    [
      thread('{ lru-cache: enable }'),
      "a.yaml:9:20: threads.T0[0].lru-cache: T0 has not disabled it, expected 'lru-cache: disable' before",
    ],
    [
      {
        before: 'before: [{ T1: { lru-cache: disable } }, { T0: { lru-cache: disable } }]',
        ...thread('{ lru-cache: enable }', '{ lru-cache: disable }', '{ lru-cache: disable }'),
      },
      "a.yaml:11:20: threads.T0[2].lru-cache: T0 has disabled it already, expected 'lru-cache: enable' before",
    ],
    [{ threads: 'threads: {}' }, 'a.yaml:7:10: threads: no task, expected at least one with its calls'],
    [{ threads: 'threads: { T0: [] }' }, 'a.yaml:7:16: threads.T0: expected a list of at least one call, not a list'],
    [
      { threads: 'threads: { main: [{ touch: 0..1 }] }' },
      'a.yaml:7:12: threads.main: no such task, expected one of T0, T1',
    ],
  ])('of the file, case %#', (lines, message) => {
    expect(messageOf(lines)).toBe(message);
  });

  const events = 'one of checked, refused, drained-locally, drained-all, left-early, converted, or { TASK: RESULT }';
  test.each([
    [
      '{ baseline: { violates: I12 } }',
      `a.yaml:8:32: check.baseline.violates: expected one of ${PROPERTY_IDS.join(', ')}, or a list of the possible ones, not 'I12'`,
    ],
    [
      '{ every: { violates: [I1, i2] } }',
      `a.yaml:8:34: check.every.violates[1]: expected one of ${PROPERTY_IDS.join(', ')}, not 'i2'`,
    ],
    ['{ v6: { violate: I1 } }', "a.yaml:8:16: check.v6.violate: unknown key, did you mean 'violates'?"],
    ['{ v6: hold }', "a.yaml:8:14: check.v6: expected 'holds', or { violates: NAME }, not 'hold'"],
    ['{ sometimes: [refusd] }', `a.yaml:8:22: check.sometimes[0]: expected ${events}, not 'refusd'`],
    ['{ sometimes: { v6: [refusd] } }', `a.yaml:8:28: check.sometimes.v6[0]: expected ${events}, not 'refusd'`],
    [
      '{ sometimes: { basline: [refused] } }',
      "a.yaml:8:23: check.sometimes.basline: unknown key, did you mean 'baseline'?",
    ],
    [
      '{ sometimes: [{ T0: EAGIN }] }',
      "a.yaml:8:28: check.sometimes[0].T0: expected one of ok, EAGAIN, EINVAL, EFAULT, ENOMEM, ENOTTY, SIGBUS, EBUSY, SIGSEGV, EHWPOISON, EEXIST, MMIO, not 'EAGIN'",
    ],
    ['{ sometimes: [{ T2: ok }] }', "a.yaml:8:24: check.sometimes[0].T2: no task 'T2', did you mean 'T0'?"],
    ['{ unfair: [C] }', "a.yaml:8:19: check.unfair[0]: no task 'C', expected one of T0, T1, kworker/0, kworker/1"],
  ])('of what a check comes to: %s', (check, message) => {
    expect(messageOf({ check: `check: ${check}` })).toBe(message);
  });

  const call = 'a.yaml:9:7: threads.T0[0]';
  test.each([
    ['{ tuch: 0..1 }', "a.yaml:9:9: threads.T0[0].tuch: unknown key, did you mean 'touch'?"],
    ['{}', `${call}: no call, expected one of ${CALL_KEYS.join(', ')}`],
    ['{ touch: 0..1, drain: all }', 'a.yaml:9:22: threads.T0[0].drain: a second call beside touch, expected one'],
    [
      '{ touch: 1 }',
      'a.yaml:9:16: threads.T0[0].touch: expected a range of pages A..B, which ends before page B, not 1',
    ],
    ['{ touch: 2..2 }', 'a.yaml:9:16: threads.T0[0].touch: 2..2 has no pages, expected A..B with A below B'],
    ['{ touch: 3..5 }', 'a.yaml:9:16: threads.T0[0].touch: 3..5 is beyond the guest_memfd, expected at most 0..4'],
    ['{ touch: 0..1, in: b }', "a.yaml:9:26: threads.T0[0].in: the only guest_memfd has no name, expected no 'in'"],
    ['{ drain: all, in: b }', "a.yaml:9:25: threads.T0[0].in: drain uses no guest_memfd, expected no 'in'"],
    [
      '{ fallocate-large: 0..2 }',
      "a.yaml:9:26: threads.T0[0].fallocate-large: this machine has no large folios, expected 'largest-order' in machine",
    ],
    ['{ convert: { to: private } }', "a.yaml:9:18: threads.T0[0].convert: no 'range', expected it, or offset and size"],
    ['{ convert: { range: 0..1 } }', "a.yaml:9:18: threads.T0[0].convert: no 'to', expected it, or attributes"],
    [
      '{ convert: { range: 0..1, offset: 0, to: shared } }',
      "a.yaml:9:33: threads.T0[0].convert.offset: cannot stand beside 'range', expected one of the two",
    ],
    [
      '{ convert: { struct: unreadable, to: shared } }',
      'a.yaml:9:40: threads.T0[0].convert.to: the kernel cannot read the struct, expected no fields',
    ],
    [
      '{ convert: { range: 0..1, to: private, flags: 18446744073709551616 } }',
      "a.yaml:9:53: threads.T0[0].convert.flags: expected an unsigned 64-bit number, not '18446744073709551616'",
    ],
    [
      '{ populate: { page: 0, from: 4, as: p } }',
      'a.yaml:9:36: threads.T0[0].populate.from: no page 4, expected one from 0 to 3',
    ],
    [
      '{ populate: { page: 5, from: 1, as: p } }',
      'a.yaml:9:27: threads.T0[0].populate.page: no page 5, expected one from 0 to 3',
    ],
    [
      '{ vmsplice: { page: 4, as: p } }',
      'a.yaml:9:27: threads.T0[0].vmsplice.page: no page 4, expected one from 0 to 3',
    ],
    ['{ unpin: p }', "a.yaml:9:16: threads.T0[0].unpin: no pin 'p', there are none"],
    ['{ migrate-to: 2 }', 'a.yaml:9:21: threads.T0[0].migrate-to: no CPU 2, expected one from 0 to 1'],
    ['{ migrate: { task: T2, to: 0 } }', "a.yaml:9:26: threads.T0[0].migrate.task: no task 'T2', did you mean 'T0'?"],
    ['{ damon: 8 }', 'a.yaml:9:16: threads.T0[0].damon: no frame 8, expected one from 0 to 7'],
    [
      '{ mlock: 0..1, lru-cache: enable }',
      'a.yaml:9:22: threads.T0[0].lru-cache: a second call beside mlock, expected one',
    ],
    [
      '{ ioctl: 0xc080aed2 }',
      "a.yaml:9:16: threads.T0[0].ioctl: this number is KVM_SET_MEMORY_ATTRIBUTES2, expected the call 'convert', or another number",
    ],
    [
      '{ drain: all, expect: { v7: { returns: ok } } }',
      "a.yaml:9:31: threads.T0[0].expect.v7: unknown key, did you mean 'v6'?",
    ],
    [
      '{ drain: all, expect: { v6: { verdict: safe } } }',
      'a.yaml:9:37: threads.T0[0].expect.v6.verdict: only a conversion can have it, expected returns',
    ],
    [
      '{ drain: all, returns: ok, expect: { v6: { returns: ok } } }',
      "a.yaml:9:50: threads.T0[0].expect.v6.returns: the call has its own 'returns', expected only one of the two",
    ],
    [
      '{ convert: { range: 0..1, to: private }, expect: { v6: { index: 0 } } }',
      "a.yaml:9:64: threads.T0[0].expect.v6.index: only a refusal can have it, expected 'verdict: refused' beside it",
    ],
    [
      '{ touch: 0..1, returns: EGAIN }',
      "a.yaml:9:31: threads.T0[0].returns: expected one of ok, EAGAIN, EINVAL, EFAULT, ENOMEM, ENOTTY, SIGBUS, EBUSY, SIGSEGV, EHWPOISON, EEXIST, MMIO, or a list of the possible ones, not 'EGAIN'",
    ],
  ])('of a call: %s', (entry, message) => {
    expect(messageOf(thread(entry))).toBe(message);
  });

  test('of several guest_memfds and pins', () => {
    const two = { memfd: 'guest_memfds: { gmem: { pages: 1 }, other: { pages: 1 } }', before: '' };
    expect(messageOf({ ...two, ...thread('{ touch: 0..1 }') })).toBe(
      "a.yaml:9:7: threads.T0[0]: no guest_memfd named, expected 'in' with one of gmem, other",
    );
    expect(messageOf({ ...two, ...thread('{ touch: 0..1, in: gmen }') })).toBe(
      "a.yaml:9:26: threads.T0[0].in: no guest_memfd 'gmen', did you mean 'gmem'?",
    );
    expect(messageOf(thread('{ vmsplice: { page: 0, as: p } }', '{ pin-user-pages: { page: 1, as: p } }'))).toBe(
      "a.yaml:10:40: threads.T0[1].pin-user-pages.as: the name 'p' is used by another pin, expected a different name for each",
    );
    expect(messageOf(thread('{ vmsplice: { page: 0, as: pipe } }', '{ unpin: pip }'))).toBe(
      "a.yaml:10:16: threads.T0[1].unpin: no pin 'pip', did you mean 'pipe'?",
    );
    const large = { machine: 'machine: { cpus: 2, largest-order: 1 }' };
    expect(messageOf({ ...large, ...thread('{ fallocate-large: 1..3 }') })).toBe(
      'a.yaml:9:26: threads.T0[0].fallocate-large: 1..3 is not whole folios, expected multiples of 2',
    );
  });

  test('an unknown profile name is told with what it may have meant', () => {
    expect(() => profileNamed('linux-7.33')).toThrow("no profile 'linux-7.33', did you mean 'linux-7.3'?");
  });
});

test('the schema that ships is the one that files are read by', async () => {
  await expect(`${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
    '../../schema/scenario.schema.json',
  );
});

// SPDX-License-Identifier: GPL-2.0-only
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  columnOf,
  compileColumns,
  compilePacked,
  copyMemory,
  createMemory,
  IDLE,
  Interpreter,
  type Memory,
  type Program,
  type Step,
} from '../lang/index.ts';
import { ALTERNATIVES } from './alternatives.ts';
import { LRU_BATCHES } from './cpu_fbatches.ts';
import { gmemInode } from './guest_memfd.ts';
import { PATCHES } from './guest_memfd_check.ts';
import { KERNEL_PARTS, type KernelConfig, type KernelPart, type KernelSizes, type Patch } from './kernel.ts';
import { holdersOf, imbalances } from './ledger_view.ts';
import { DEFAULT_PROFILE, type Profile } from './profile.ts';
import { buildKernel, buildScripted, type ScriptedCall } from './program.ts';
import { taskCpu } from './sched.ts';
import { partsOfSyscall } from './syscalls.ts';

const CPUS = 2;
const TASKS = 4;
const PAGES = 4;
const sizes: KernelSizes = {
  tasks: TASKS + CPUS,
  cpus: CPUS,
  folios: 6,
  inodes: 2,
  pages: PAGES,
  mms: 2,
  pins: TASKS,
  references: 4200,
  order: 1,
};
const kworkers: readonly ScriptedCall[][] = Array.from({ length: CPUS }, () => [{ name: 'kworker', args: [] }]);
const cpuOf = [0, 1, 1, 0, 0, 1];

function boot(program: Program): Memory {
  const memory = createMemory(program);
  columnOf(memory, taskCpu).set(cpuOf);
  columnOf(memory, gmemInode.pages).fill(PAGES);
  return memory;
}

const range = fc.record({ inode: fc.nat(1), start: fc.nat(PAGES - 1), nr: fc.integer({ min: 1, max: 2 }) });
const inRange = ({ inode, start, nr }: { inode: number; start: number; nr: number }): number[] => [
  inode,
  start,
  Math.min(nr, PAGES - start),
];

const onRange = (name: ScriptedCall['name']): fc.Arbitrary<ScriptedCall> =>
  range.map((r) => ({ name, args: inRange(r) }));

/** A random call; the pin that it may take is the task's own, and is taken at most once. */
const call = fc.oneof(
  { arbitrary: onRange('touch'), weight: 3 },
  {
    arbitrary: fc
      .record({ r: range, toPrivate: fc.nat(1), writable: fc.nat(1) })
      .map(
        ({ r, toPrivate, writable }): ScriptedCall => ({ name: 'convert', args: [...inRange(r), toPrivate, writable] }),
      ),
    weight: 4,
  },
  onRange('fallocate'),
  fc.nat(1).map((inode): ScriptedCall => ({ name: 'fallocate_large', args: [inode, 0, PAGES] })),
  onRange('punch_hole'),
  onRange('mlock'),
  onRange('munlock'),
  fc
    .record({ r: range, private: fc.nat(1) })
    .map(({ r, private: wanted }): ScriptedCall => ({ name: 'guest_touch', args: [...inRange(r), wanted] })),
  onRange('mincore'),
  onRange('mbind'),
  onRange('madvise_pageout'),
  onRange('write'),
  onRange('munmap'),
  onRange('mmap'),
  onRange('madvise_dontneed'),
  fc.nat(1).map((mm): ScriptedCall => ({ name: 'fork', args: [mm] })),
  fc.nat(LRU_BATCHES.length - 1).map((batch): ScriptedCall => ({ name: 'use_other_memory', args: [batch] })),
  fc
    .record({ name: fc.constantFrom('page_idle', 'damon', 'soft_offline'), folio: fc.nat(sizes.folios - 1) })
    .map(({ name, folio }): ScriptedCall => ({ name, args: [folio] })),
  fc
    .record({ task: fc.nat(TASKS - 1), cpu: fc.nat(CPUS - 1) })
    .map(({ task, cpu }): ScriptedCall => ({ name: 'migrate', args: [task, cpu] })),
  fc.nat(CPUS - 1).map((cpu): ScriptedCall => ({ name: 'sched_setaffinity', args: [cpu] })),
  fc
    .record({ name: fc.constantFrom('cpu_down', 'cpu_up'), cpu: fc.nat(CPUS - 1) })
    .map(({ name, cpu }): ScriptedCall => ({ name, args: [cpu] })),
  fc.constantFrom<ScriptedCall>({ name: 'lru_add_drain', args: [] }, { name: 'lru_add_drain_all', args: [] }),
);
const script = fc
  .record({
    calls: fc.array(call, { minLength: 1, maxLength: 4 }),
    pin: fc.option(fc.constantFrom('vmsplice', 'pin_user_pages', 'pin_longterm')),
    index: fc.nat(PAGES - 1),
  })
  .map(({ calls, pin, index }) => ({ calls, pin, index }));
const scripts = fc
  .array(script, { minLength: TASKS, maxLength: TASKS })
  .map((all) =>
    all.map(({ calls, pin, index }, task): readonly ScriptedCall[] =>
      pin === null
        ? calls
        : [
            calls[0] ?? { name: 'lru_add_drain', args: [] },
            { name: pin, args: [task, 0, index] },
            ...calls.slice(1),
            { name: 'unpin', args: [task] },
          ],
    ),
  );

/** A few parts at a time: with all of them a kernel takes long to build. */
const someParts = fc.subarray([...KERNEL_PARTS], { minLength: 1, maxLength: 3 });

const profiles = fc
  .record({
    // Small ones build faster and are flushed more often; 31 is what the lab's recordings are replayed with.
    batchSize: fc.constantFrom(2, 4),
    smp: fc.boolean(),
    drainAllLocalFirst: fc.boolean(),
    flushFreesLastReference: fc.boolean(),
    mlockBatchHoldsReference: fc.boolean(),
    mapsLargeFolios: fc.boolean(),
  })
  .map((features): Profile => ({ ...DEFAULT_PROFILE, ...features }));

/** The first place in which two memories differ; slots that nobody reads any more do not count. */
function difference(actual: Memory, expected: Memory, program: Program): string | undefined {
  for (const variable of program.variables) {
    const [mine, theirs] = [actual.columns.get(variable) ?? [], expected.columns.get(variable) ?? []];
    for (let i = 0; i < theirs.length; i++)
      if (mine[i] !== theirs[i]) return `${variable.name}[${i}]: ${mine[i]}, expected ${theirs[i]}`;
  }
  for (let task = 0; task < expected.code.length; task++) {
    if (actual.code[task] !== expected.code[task]) return `task ${task} runs ${actual.code[task]}`;
    const code = program.codes[expected.code[task] ?? IDLE];
    if (code === undefined) continue;
    const pc = expected.pc[task] ?? 0;
    if (actual.pc[task] !== pc) return `task ${task} rests at ${actual.pc[task]}, expected ${pc}`;
    for (const slot of code.live[pc] ?? []) {
      const at = task * expected.slotsPerTask + slot;
      if (actual.slots[at] !== expected.slots[at]) return `task ${task} slot ${slot}: ${actual.slots[at]}`;
    }
  }
  return undefined;
}

function requireSame(actual: Memory, expected: Memory, program: Program): void {
  const found = difference(actual, expected, program);
  if (found !== undefined) throw new Error(found);
}

/** Deterministic numbers below `n`, from a seed. */
function numbers(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

const stepsTaken = new Set<string>();
const allSteps = new Set<string>();

/** A step with its routine; a script's calls are routines of their own, and a call that is told is none. */
const nameOf = ({ path, name }: Step): string => `${path.findLast((routine) => !/^call \d+$/.test(routine))} ${name}`;

/** Runs scripts on a random schedule in all three executions at once; throws at the first difference. */
function runTogether(
  wanted: readonly (readonly ScriptedCall[])[],
  config: KernelConfig,
  seed: number,
  parts: readonly KernelPart[],
): void {
  const known = ({ name }: ScriptedCall): boolean => partsOfSyscall(name).every((part) => parts.includes(part));
  const calls = wanted.map((all) => all.filter(known));
  const program = buildScripted(config, { ...sizes, parts }, [...calls, ...kworkers]);
  const memory = boot(program);
  const interpreter = new Interpreter(program, memory);
  const codes = program.codes.map((_, code) => code);
  for (const task of codes) interpreter.start(task, task);
  const columnMemory = copyMemory(memory);
  const columns = compileColumns(program, columnMemory);
  const packed = compilePacked(program, codes);
  const state = packed.pack(memory);
  requireSame(packed.unpack(state), memory, program);
  const next = numbers(seed);
  for (let steps = 0; steps < 3000; steps++) {
    const enabled = codes.filter((task) => interpreter.enabled(task));
    for (const task of codes) {
      if (enabled.includes(task)) continue;
      if (columns.step(task) || packed.step(task, state)) throw new Error(`task ${task} should wait`);
    }
    const task = enabled[next(enabled.length)];
    if (task === undefined) break;
    const taken = interpreter.step(task);
    if (taken !== undefined) stepsTaken.add(nameOf(taken.step));
    if (!columns.step(task) || !packed.step(task, state)) throw new Error(`task ${task} should go on`);
    requireSame(columnMemory, memory, program);
    if (packed.pack(memory).some((word, i) => word !== state[i])) throw new Error('the packed state differs');
    const wrong = imbalances(interpreter, holdersOf(interpreter, String));
    if (wrong.length > 0) throw new Error(`${JSON.stringify(wrong)} after ${taken?.step.name}`);
  }
  requireSame(packed.unpack(state), memory, program);
  // Only the kworkers go on for ever.
  expect(codes.slice(0, TASKS).filter((task) => memory.code[task] !== IDLE)).toEqual([]);
}

// Fixed, so that the test below can promise that every step was taken.
const SEED = 20261122;

test.each(PATCHES)('three executions agree after every step of random schedules: $name', (patch: Patch) => {
  fc.assert(
    fc.property(scripts, profiles, fc.integer(), someParts, (calls, profile, seed, parts) =>
      runTogether(calls, { profile, patch }, seed, parts),
    ),
    { numRuns: 20, endOnFailure: true, seed: SEED },
  );
});

test.each(ALTERNATIVES)('and so with $name', (patch: Patch) => {
  const convert: ScriptedCall = { name: 'convert', args: [0, 0, 2, 1, 1] };
  const touch: ScriptedCall = { name: 'touch', args: [0, 0, 2] };
  const profile = { ...DEFAULT_PROFILE, batchSize: 2 };
  for (let seed = 1; seed <= 3; seed++)
    runTogether(
      [[touch, convert, convert], [touch], [{ name: 'soft_offline', args: [0] }], []],
      { profile, patch },
      seed,
      ['mlock', 'migration', 'memory_failure'],
    );
  expect(stepsTaken).toContain('get_hwpoison_page folio_test_lru');
});

/**
 * What random calls seldom come to: parts of the kernel, scripts of the first tasks, and the step that has to be taken
 * in some of the runs.
 */
const STORIES: readonly [string, number, readonly KernelPart[], readonly (readonly ScriptedCall[])[], string][] = [
  [
    'a lockless pin races an unmap',
    150,
    [],
    [
      [
        { name: 'touch', args: [0, 0, 1] },
        { name: 'convert', args: [0, 0, 1, 1, 1] },
      ],
      [{ name: 'vmsplice', args: [1, 0, 0] }],
    ],
    'gup_fast_pte_range gup_put_folio',
  ],
  [
    'a hole meets a page that a fault has locked',
    40,
    [],
    [
      [{ name: 'touch', args: [0, 0, 1] }],
      [
        { name: 'lru_add_drain', args: [] },
        { name: 'punch_hole', args: [0, 0, 1] },
      ],
    ],
    'truncate_inode_folio recheck_mapping',
  ],
  [
    'a locked mapping is unlocked',
    3,
    ['mlock', 'lru_disable'],
    [
      [
        { name: 'mlock', args: [0, 0, 2] },
        { name: 'munlock', args: [0, 0, 2] },
      ],
      [{ name: 'mbind', args: [0, 0, 2] }],
    ],
    'munlock_folio folio_batch_add',
  ],
  [
    'a CPU goes and comes back',
    2,
    ['hotplug', 'mlock', 'lru_batches'],
    [
      [
        { name: 'cpu_down', args: [1] },
        { name: 'cpu_up', args: [1] },
      ],
      [
        { name: 'mlock', args: [0, 0, 2] },
        { name: 'munlock', args: [0, 0, 2] },
      ],
    ],
    '_cpu_up sched_cpu_activate',
  ],
  [
    'a CPU goes while all are drained',
    2,
    ['hotplug', 'lru_disable'],
    [
      [{ name: 'cpu_down', args: [1] }],
      [
        { name: 'mbind', args: [0, 0, 2] },
        { name: 'lru_add_drain_all', args: [] },
      ],
    ],
    '__lru_add_drain_all for_each_online_cpu',
  ],
  [
    'other memory waits in batches',
    3,
    ['lru_batches', 'lru_disable', 'mlock'],
    [
      LRU_BATCHES.map((_, batch): ScriptedCall => ({ name: 'use_other_memory', args: [batch] })),
      [
        { name: 'touch', args: [0, 0, 1] },
        { name: 'madvise_pageout', args: [0, 0, 1] },
        { name: 'mbind', args: [0, 0, 1] },
        { name: 'numa_hint_fault', args: [0, 0, 1] },
      ],
    ],
    'folio_batch_move_lru folio_set_lru',
  ],
  [
    'mappings come and go',
    4,
    ['mmap', 'mlock'],
    [
      [
        { name: 'write', args: [0, 0, 2] },
        { name: 'munmap', args: [0, 0, 1] },
        { name: 'touch', args: [0, 0, 1] },
        { name: 'exit', args: [] },
        { name: 'mmap', args: [0, 0, 2] },
        { name: 'write', args: [0, 0, 2] },
        { name: 'madvise_dontneed', args: [0, 0, 2] },
      ],
      [
        { name: 'exit', args: [] },
        { name: 'fork', args: [0] },
      ],
    ],
    'dup_mmap vm_area_dup',
  ],
  [
    'pins come by both ways',
    60,
    ['gup'],
    [
      [
        { name: 'touch', args: [0, 0, 1] },
        { name: 'convert', args: [0, 0, 1, 1, 1] },
      ],
      [
        { name: 'touch', args: [0, 0, 1] },
        { name: 'pin_longterm', args: [1, 0, 0] },
        { name: 'unpin', args: [1] },
      ],
      [{ name: 'pin_user_pages', args: [2, 0, 0] }],
    ],
    'follow_page_pte try_grab_folio',
  ],
  [
    'a folio is found to be bad',
    4,
    ['memory_failure', 'guest', 'mmap', 'mlock'],
    [
      [
        { name: 'touch', args: [0, 0, 1] },
        { name: 'convert', args: [0, 0, 1, 1, 1] },
      ],
      [
        { name: 'mlock', args: [0, 0, 1] },
        { name: 'guest_touch', args: [0, 0, 1, 0] },
        { name: 'memory_failure', args: [0] },
        { name: 'touch', args: [0, 0, 1] },
        { name: 'guest_touch', args: [0, 0, 1, 0] },
        { name: 'memory_failure', args: [0] },
        { name: 'memory_failure', args: [1] },
      ],
    ],
    'try_to_unmap_one munlock_vma_folio',
  ],
  [
    'a page that nobody uses is taken offline',
    60,
    ['memory_failure'],
    [
      [{ name: 'fallocate', args: [0, 0, 1] }],
      [{ name: 'soft_offline', args: [0] }],
      [
        { name: 'soft_offline', args: [0] },
        { name: 'touch', args: [0, 0, 1] },
      ],
      [{ name: 'punch_hole', args: [0, 0, 1] }],
    ],
    'page_handle_poison SetPageHWPoison',
  ],
  [
    'a guest and its host use the same page',
    30,
    ['guest'],
    [
      [
        { name: 'guest_touch', args: [0, 0, 1, 0] },
        { name: 'convert', args: [0, 0, 1, 1, 1] },
      ],
      [
        { name: 'guest_touch', args: [0, 0, 1, 1] },
        { name: 'punch_hole', args: [0, 0, 1] },
      ],
      [{ name: 'guest_touch', args: [0, 0, 2, 0] }],
    ],
    'kvm_mmu_lock queued_write_lock_slowpath',
  ],
  [
    'pages have contents, and a launch fills one',
    3,
    ['contents', 'guest', 'mmap'],
    [
      [
        { name: 'load', args: [1, 1] },
        { name: 'store', args: [0, 0, 7] },
        { name: 'convert', args: [0, 1, 1, 1, 1] },
        { name: 'populate', args: [0, 0, 1, 0, 0] },
        { name: 'load', args: [0, 0] },
      ],
      [
        { name: 'guest_store', args: [0, 1, 1, 9] },
        { name: 'guest_load', args: [0, 0, 0] },
        { name: 'populate', args: [1, 0, 0, 1, 0] },
      ],
    ],
    'kvm_gmem_populate post_populate',
  ],
  [
    'memory slots come and go, and a file is closed',
    3,
    ['memslots', 'guest', 'fault_injection', 'migration'],
    [
      [
        { name: 'bind', args: [0, 0, 1] },
        { name: 'delete_memslot', args: [0, 0, 2] },
        { name: 'bind', args: [0, 0, 1] },
        { name: 'convert_out_of_memory', args: [0, 0, 1, 1, 1] },
        { name: 'release', args: [0] },
      ],
      [
        { name: 'guest_touch', args: [0, 0, 2, 0] },
        { name: 'guest_touch', args: [0, 1, 1, 0] },
      ],
      [{ name: 'migrate', args: [1, 0] }],
    ],
    'kvm_gmem_bind xa_store_range',
  ],
];

test.each(STORIES)('and where %s', (_, seeds, parts, tasks, step) => {
  const config = { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch: PATCHES[0] as Patch };
  for (let seed = 1; seed <= seeds; seed++)
    runTogether(
      Array.from({ length: TASKS }, (_none, task) => tasks[task] ?? []),
      config,
      seed,
      parts,
    );
  expect(stepsTaken).toContain(step);
});

test.each([...PATCHES, ...ALTERNATIVES])(
  'a call run in one go leaves what its single steps leave: $name',
  (patch: Patch) => {
    // One of them has every part, so that all steps are known; the others a few each.
    const place = [...PATCHES, ...ALTERNATIVES].indexOf(patch);
    const parts = KERNEL_PARTS.filter((_, i) => patch.name === 'v6' || (i + place) % 3 === 0);
    const program = buildKernel({ profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch }, { ...sizes, parts });
    const known = new Set(program.codes.map((code) => code.name));
    const codeOf = (name: string): number => program.codes.findIndex((code) => code.name === name);
    for (const code of program.codes)
      for (const id of code.flow.steps) {
        const node = code.flow.nodes[id];
        if (node?.kind === 'step') allSteps.add(nameOf(node.step));
      }
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 12 }), (calls) => {
        const memory = boot(program);
        const interpreter = new Interpreter(program, memory);
        for (let cpu = 0; cpu < CPUS; cpu++) interpreter.start(TASKS + cpu, codeOf('kworker'));
        const columnMemory = copyMemory(memory);
        const columns = compileColumns(program, columnMemory);
        const others = [...Array(TASKS + CPUS).keys()];
        for (const [i, { name, args }] of calls.filter((made) => known.has(made.name)).entries()) {
          const task = i % TASKS;
          interpreter.start(task, codeOf(name), args);
          while (memory.code[task] !== IDLE)
            if (interpreter.step(task) === undefined) others.some((other) => interpreter.step(other) !== undefined);
          if (!columns.run(task, codeOf(name), args))
            while (columnMemory.code[task] !== IDLE)
              if (!columns.step(task)) others.some((other) => columns.step(other));
          requireSame(columnMemory, memory, program);
        }
      }),
      { numRuns: 20, endOnFailure: true, seed: SEED },
    );
  },
);

test('the random schedules have taken every step that the kernel has', () => {
  expect([...allSteps].filter((step) => !stepsTaken.has(step)).toSorted()).toEqual([]);
});

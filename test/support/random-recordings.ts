// SPDX-License-Identifier: MIT
// Recordings of machines that do what nobody has thought of: 1 to 4 CPUs, tasks that drain at the same time and are moved. What the
// machine did is a behaviour of the model, so conform must accept it.
import { cpuFbatches, taskCpu } from '../../src/kernel/index.ts';
import { columnOf } from '../../src/lang/index.ts';
import type { KernelEvent } from '../../src/ledger/index.ts';
import {
  type Call,
  createMachine,
  type Machine,
  parseSchedule,
  type Patch,
  PATCHES,
  patchNamed,
  type Profile,
  PROFILES,
  strategyOf,
  Tracepoints,
} from '../../src/machine/index.ts';
import { traceText } from '../../src/trace/index.ts';
import { numbersFrom } from './numbers.ts';

const PAGES = 6;
const TASKS = 3;
/** Batches that fill within a short run. */
const BATCH = 3;

/** What is done in a run: `large`: folios of two pages; `conversions`: with the check. */
export interface Kind {
  readonly name: string;
  readonly cpus: number;
  readonly profile: Profile;
  readonly large: boolean;
  readonly conversions: boolean;
}

export const KINDS: readonly Kind[] = ['linux-7.3', 'linux-6.18'].flatMap((name) => {
  const real = PROFILES.find((profile) => profile.name === name);
  if (real === undefined) throw new Error(name);
  const profile = { ...real, batchSize: BATCH };
  return [1, 2, 3, 4].flatMap((cpus): readonly Kind[] => [
    { name: `${name}, ${cpus} CPUs`, cpus, profile, large: false, conversions: false },
    { name: `${name}, ${cpus} CPUs, conversions`, cpus, profile, large: false, conversions: true },
    { name: `${name}, ${cpus} CPUs, large folios`, cpus, profile, large: true, conversions: false },
  ]);
});

export interface RandomRecording {
  readonly text: Uint8Array;
  readonly events: readonly KernelEvent[];
  readonly patch: Patch;
  readonly profile: Profile;
}

function callOf(kind: Kind, below: (limit: number) => number): Call {
  const start = below(PAGES);
  const range = { inode: below(2), start, pages: 1 + below(PAGES - start) };
  const which = below(kind.conversions ? 17 : 14);
  switch (which) {
    case 0:
    case 1:
    case 2:
      return { call: 'touch', ...range };
    case 3:
      return kind.large
        ? { call: 'fallocate-large', ...range, start: start - (start % 2), pages: 2 }
        : { call: 'fallocate', ...range };
    case 4:
      return { call: 'fallocate', ...range };
    case 5:
      // With large folios the machine takes one in a round, a kernel without them a batch.
      return { call: 'punch-hole', ...range, ...(kind.large ? { pages: 1 } : {}) };
    case 6:
      return { call: 'mlock', ...range };
    case 7:
      return { call: 'munlock', ...range };
    case 8:
    case 9:
    case 10:
      return { call: 'lru-add-drain-all' };
    case 11:
      return { call: 'lru-add-drain' };
    case 12:
      return { call: 'migrate-to', cpu: below(kind.cpus) };
    case 13:
      return { call: 'use-other-memory', batch: 'lru_activate' };
    default:
      return {
        call: 'set-memory-attributes2',
        inode: range.inode,
        argument: {
          offset: BigInt(start) * 4096n,
          size: BigInt(range.pages) * 4096n,
          attributes: below(2) === 0 ? 8n : 0n,
          flags: 0n,
          reserved: [],
        },
      };
  }
}

/** One run's recording. */
export function randomRecording(kind: Kind, seed: number): RandomRecording {
  const below = numbersFrom(seed);
  const patch = kind.conversions ? (PATCHES[below(PATCHES.length)] ?? patchNamed('v8')) : patchNamed('v8');
  const machine = machineFor(kind, patch);
  machine.boot();
  for (let task = TASKS + 1; task < machine.tasks; task++) while (machine.step(task) !== undefined);
  const left = Array.from({ length: TASKS }, () => Array.from({ length: 6 }, () => callOf(kind, below)));
  left.push(
    Array.from({ length: below(5) }, (): Call => ({ call: 'migrate', task: below(TASKS), cpu: below(kind.cpus) })),
  );
  const within: (Call | undefined)[] = [];
  const events: KernelEvent[] = [];
  const tracepoints = new Tracepoints(machine, {}, (event) => events.push(event));
  const strategy = strategyOf(parseSchedule(below(2) === 0 ? `random:${seed}` : `pct:3:${seed}`), {
    taskNamed: () => undefined,
    length: () => 600,
  });
  const locks = columnOf(machine.memory, cpuFbatches.lock);
  const cpus = columnOf(machine.memory, taskCpu);
  const holders: (number | undefined)[] = [];
  const ready = (task: number): boolean => {
    // A local lock disables preemption: its holder has the CPU. The task that moves others is the scheduler.
    const holder = holders[cpus[task] ?? 0];
    if (holder !== undefined && holder !== task && task !== TASKS) return false;
    if (!machine.busy(task)) {
      const call = left[task]?.shift();
      if (call === undefined || machine.begin(task, call) !== undefined) return false;
      within[task] = call;
      tracepoints.calls(task, call, undefined);
    }
    return machine.interpreter.enabled(task);
  };
  const tasks = Array.from({ length: machine.tasks }, (_, task) => task);
  for (let last: number | undefined; ; ) {
    const task = strategy.choose({ tasks, workers: [], ready, isAt: (of, place) => machine.isAt(of, place), last });
    const taken = task === undefined ? undefined : machine.step(task);
    if (task === undefined || taken === undefined) break;
    tracepoints.took(taken);
    const on = cpus[task] ?? 0;
    if (task !== TASKS) holders[on] = locks[on] === 0 ? undefined : task;
    const call = within[task];
    if (taken.finished && call !== undefined) tracepoints.returned(task, call, machine.outcome(task));
    last = task;
  }
  const text = new TextEncoder().encode([...traceText(events, kind.cpus)].join(''));
  return { text, events, patch, profile: kind.profile };
}

const machines = new Map<string, Machine>();
function machineFor(kind: Kind, patch: Patch): Machine {
  const key = `${kind.name} ${patch.name}`;
  const known = machines.get(key);
  if (known !== undefined) return known;
  const machine = createMachine({
    cpus: kind.cpus,
    profile: kind.profile,
    patch,
    tasks: Array.from({ length: TASKS + 1 }, (_, task) => ({ name: `T${task}`, cpu: task % kind.cpus })),
    guestMemfds: [
      { pages: PAGES, initShared: true },
      { pages: PAGES, initShared: true },
    ],
    ...(kind.large ? { largestOrder: 1 } : {}),
    parts: ['mlock', 'migration', 'lru_batches'],
  });
  machines.set(key, machine);
  return machine;
}

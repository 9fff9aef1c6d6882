// SPDX-License-Identifier: MIT
// Runs of machines that nobody has thought of, with the events that a real kernel's tracepoints would have given.
import { cpuFbatches, folio, iPages, type LiveLedger, taskCpu } from '../../src/kernel/index.ts';
import { columnOf } from '../../src/lang/index.ts';
import { cpu, type Holder, type KernelEvent, type Nanoseconds } from '../../src/ledger/index.ts';
import {
  type Call,
  createMachine,
  DEFAULT_PROFILE,
  type Machine,
  parseSchedule,
  patchNamed,
  PATCHES,
  strategyOf,
  Tracepoints,
  type TracepointOptions,
} from '../../src/machine/index.ts';
import { numbersFrom } from './numbers.ts';

const PAGES = 6;
export const CPUS = 3;
/** Inode number that a trace gives the first guest_memfd. */
export const FIRST_INO = 0x3961n;
/** Small, so that batches fill. */
export const PROFILE = { ...DEFAULT_PROFILE, name: 'linux-7.3 with batch-size 3', batchSize: 3 };

function callsOf(task: number, below: (limit: number) => number): readonly Call[] {
  const range = () => {
    const start = below(PAGES);
    return { inode: below(2), start, pages: 1 + below(PAGES - start) };
  };
  const one = (): Call => {
    const { inode, start, pages } = range();
    const convert = (attributes: bigint): Call => ({
      call: 'set-memory-attributes2',
      inode,
      argument: { offset: BigInt(start) * 4096n, size: BigInt(pages) * 4096n, attributes, flags: 0n, reserved: [] },
    });
    switch (below(14)) {
      case 0:
      case 1:
      case 2:
        return { call: 'touch', inode, start, pages };
      case 3:
        return { call: 'fallocate', inode, start, pages };
      case 4:
        return { call: 'punch-hole', inode, start, pages };
      case 5:
        return convert(8n);
      case 6:
        return convert(0n);
      case 7:
        return { call: 'lru-add-drain-all' };
      case 8:
        return { call: 'migrate-to', cpu: below(CPUS) };
      case 9:
        return { call: 'mlock', inode, start, pages };
      case 10:
        return { call: 'munlock', inode, start, pages };
      case 11:
        return { call: 'mincore', inode, start, pages };
      case 12:
        return { call: 'guest-touch', inode, start, pages, private: below(2) === 0 };
      default:
        return { call: 'lru-add-drain' };
    }
  };
  const calls = Array.from({ length: 4 }, one);
  const pin = { pin: task, inode: below(2), index: below(PAGES) };
  return below(2) === 0
    ? calls
    : [
        ...calls.slice(0, 2),
        { call: below(2) === 0 ? 'vmsplice' : 'pin-user-pages', ...pin },
        ...calls.slice(2),
        { call: 'unpin', pin: task },
      ];
}

/** One run. @param look is told of each moment: after every step, with its ledger and the simulated time. */
export function simulate(
  seed: number,
  options: TracepointOptions,
  look: (machine: Machine, now: Nanoseconds, ledger: LiveLedger) => void,
): readonly KernelEvent[] {
  const below = numbersFrom(seed);
  const patch = PATCHES[below(PATCHES.length)] ?? patchNamed('v8');
  const machine = machineFor(patch.name);
  machine.boot();
  for (let task = TASKS; task < machine.tasks; task++) while (machine.step(task) !== undefined);
  const left = Array.from({ length: TASKS }, (_, task) => [...callsOf(task, below)]);
  const within: (Call | undefined)[] = [];
  const events: KernelEvent[] = [];
  const ledger = machine.liveLedger();
  const tracepoints = new Tracepoints(machine, options, (event) => events.push(event));
  const strategy = strategyOf(parseSchedule(below(2) === 0 ? `random:${seed}` : `pct:3:${seed}`), {
    taskNamed: () => undefined,
    length: () => 600,
  });
  const tasks = Array.from({ length: machine.tasks }, (_, task) => task);
  const ready = (task: number): boolean => {
    if (!machine.busy(task)) {
      const call = left[task]?.shift();
      if (call === undefined || machine.begin(task, call) !== undefined) return false;
      within[task] = call;
      ledger.began(task);
      tracepoints.calls(task, call, undefined);
    }
    return machine.interpreter.enabled(task);
  };
  for (let last: number | undefined; ; ) {
    const task = strategy.choose({ tasks, workers: [], ready, isAt: (of, place) => machine.isAt(of, place), last });
    const taken = task === undefined ? undefined : machine.step(task);
    if (task === undefined || taken === undefined) break;
    tracepoints.took(taken);
    const [wrong] = ledger.took(taken);
    if (wrong !== undefined) throw new Error(`seed ${seed}: ${JSON.stringify(wrong)}`);
    const call = within[task];
    if (taken.finished && call !== undefined) tracepoints.returned(task, call, machine.outcome(task));
    look(machine, tracepoints.now, ledger);
    last = task;
  }
  return events;
}

const TASKS = 3;
const machines = new Map<string, Machine>();
function machineFor(patch: string): Machine {
  const known = machines.get(patch);
  if (known !== undefined) return known;
  const machine = createMachine({
    cpus: CPUS,
    profile: PROFILE,
    patch: patchNamed(patch),
    tasks: Array.from({ length: TASKS }, (_, task) => ({ name: `T${task}`, cpu: task % CPUS, process: task % 2 })),
    guestMemfds: [{ pages: PAGES }, { pages: PAGES, initShared: true }],
    pins: TASKS,
    parts: ['mlock', 'guest'],
  });
  machines.set(patch, machine);
  return machine;
}

/** Whether no CPU is inside an add or a flush of lru_add: nobody is on the way into a batch or out of it. */
export const isBetweenFlushes = (machine: Machine): boolean =>
  Array.from({ length: machine.tasks }, (_, task) => machine.interpreter.next(task)?.path ?? []).every(
    (path) => !path.some((routine) => ['filemap_add_folio', 'folio_add_lru', 'folio_batch_move_lru'].includes(routine)),
  );

/** Every lru_add batch as `inode:index on CPU n`, of folios that are in a page cache. */
export function batchesOf(machine: Machine): readonly string[] {
  const none = machine.program.sizes['folio'] ?? 0;
  const slots = machine.program.sizes['slot'] ?? 1;
  const [mapping, index] = [columnOf(machine.memory, folio.mapping), columnOf(machine.memory, folio.index)];
  return [...columnOf(machine.memory, cpuFbatches.lruAdd.folios)]
    .flatMap((of, i) =>
      of === none || mapping[of] === 2 ? [] : [`${mapping[of]}:${index[of]} on CPU ${Math.floor(i / slots)}`],
    )
    .toSorted();
}

/** Everybody who holds each folio of a page cache, for comparison: who a reference is on its way from counts as still there. */
export function holdersOf(machine: Machine, ledger: LiveLedger): readonly string[] {
  return [...new Set(columnOf(machine.memory, iPages))]
    .flatMap((of) => {
      const held = ledger.of(of);
      if (held.length === 0) return [];
      const where = `${columnOf(machine.memory, folio.mapping)[of]}:${columnOf(machine.memory, folio.index)[of]}`;
      // A reference on its way into a batch goes into that of the CPU that its task runs on: nobody moves tasks here.
      const settled = held.map((holder): Holder => {
        if (holder.kind !== 'lru-add-batch' || holder.task === undefined) return holder;
        return { ...holder, cpu: cpu(columnOf(machine.memory, taskCpu)[machine.taskNamed(holder.task)] ?? 0) };
      });
      return [`${where} ${spell(settled)}`];
    })
    .toSorted();
}

/** Holders by kind, with the CPU of a batch and the task that holds in passing. */
export function spell(holders: readonly Holder[]): string {
  const counts = new Map<string, number>();
  for (const { kind, cpu: on, task, references } of holders) {
    const isBatch = kind === 'lru-add-batch' || kind === 'mlock-batch';
    const isTask = kind === 'lookup';
    const name = kind === 'mmu-gather' ? 'user-mapping' : kind;
    const key = isBatch ? `${name} CPU ${on}` : isTask ? `${name} ${task}` : name;
    counts.set(key, references + (counts.get(key) ?? 0));
  }
  return [...counts]
    .map(([key, references]) => `${references} ${key}`)
    .toSorted()
    .join(', ');
}

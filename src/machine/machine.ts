// SPDX-License-Identifier: MIT
import {
  ALTERNATIVES,
  buildKernel,
  callNamed,
  contents,
  DEFAULT_PROFILE,
  folio,
  gmemInode,
  type Holders,
  holdersOf,
  type Imbalance,
  imbalances,
  iPages,
  type KernelPart,
  type KernelSizes,
  LiveLedger,
  LRU_BATCHES,
  type Patch,
  PATCHES,
  pins,
  type Profile,
  RESULTS,
  type SyscallName,
  taskCpu,
  taskErrorIndex,
  taskMm,
  taskResult,
} from '../kernel/index.ts';
import {
  type Columns,
  columnOf,
  compileColumns,
  copyMemory,
  createMemory,
  IDLE,
  Interpreter,
  type Memory,
  type Program,
  resetMemory,
  type Taken,
} from '../lang/index.ts';
import { folioIndex, type FolioLedger, type Holder, type Ledger, order, pfn } from '../ledger/index.ts';
import type { Call, Outcome } from './calls.ts';
import { entryOf } from './entry.ts';

/** A task of the machine. */
export interface TaskOptions {
  readonly name: string;
  readonly cpu: number;
  /** Number of its address space, from 0; tasks of one process share it. */
  readonly process?: number;
}

/** A guest_memfd of the machine. */
export interface GuestMemfdOptions {
  readonly pages: number;
  /** GUEST_MEMFD_FLAG_INIT_SHARED; true if absent. */
  readonly initShared?: boolean;
  /** Whether its VM's type has private memory; true if absent. */
  readonly vmHasPrivateMemory?: boolean;
}

/** A saved state of a machine, see {@link Machine.snapshot}. */
export interface Snapshot {
  readonly of: Program;
  readonly memory: Memory;
}

export interface MachineOptions {
  readonly cpus: number;
  readonly tasks: readonly TaskOptions[];
  readonly guestMemfds: readonly GuestMemfdOptions[];
  readonly profile?: Profile;
  readonly patch?: Patch;
  /** Number of folios; by default twice the pages of all guest_memfds. */
  readonly folios?: number;
  /** Largest order of a folio, for `fallocate` with `large`; 0 if absent. */
  readonly largestOrder?: number;
  readonly pins?: number;
  /** Additional references that one folio may have, for machines whose memory is written from outside; 0 if absent. */
  readonly outsideReferences?: number;
  /** Parts of the kernel that only some calls need (see KernelPart); none if absent. */
  readonly parts?: readonly KernelPart[];
  /** The calls that will be made; if absent, all that the parts allow. Fewer calls build faster. */
  readonly calls?: readonly SyscallName[];
}

/** The form of the check with this name. @throws RangeError if there is none. */
export function patchNamed(name: string): Patch {
  const known = [...PATCHES, ...ALTERNATIVES];
  const found = known.find((patch) => patch.name === name);
  if (found === undefined)
    throw new RangeError(`no patch '${name}'; there are ${known.map((patch) => patch.name).join(', ')}`);
  return found;
}

/** Default number of folios: twice the pages of all guest_memfds, each as large as the largest. */
export const foliosOf = (guestMemfds: readonly GuestMemfdOptions[]): number =>
  Math.max(1, 2 * guestMemfds.length * Math.max(1, ...guestMemfds.map((inode) => inode.pages)));

/**
 * Highest count of a folio: the page cache and every page table once a page, all pins, all places of the CPUs' batches,
 * and the references that tasks hold in passing.
 */
const mostReferences = (options: MachineOptions, { pinBias, batchSize }: Profile, processes: number): number =>
  2 ** (options.largestOrder ?? 0) * (1 + processes) +
  (options.pins ?? 0) * pinBias +
  (options.outsideReferences ?? 0) +
  (2 + LRU_BATCHES.length) * batchSize * options.cpus +
  8 * (options.tasks.length + options.cpus) +
  64;

/**
 * A machine of CPUs, memory and tasks that runs the kernel: deterministic, stepped or run to the end. Each CPU has a
 * kworker; their tasks follow the machine's own.
 */
export class Machine {
  readonly options: MachineOptions;
  readonly profile: Profile;
  readonly patch: Patch;
  readonly program: Program;
  readonly memory: Memory;
  readonly interpreter: Interpreter;
  #columns: Columns | undefined;
  readonly #codes: ReadonlyMap<string, number>;

  constructor(options: MachineOptions) {
    this.options = options;
    this.profile = options.profile ?? DEFAULT_PROFILE;
    this.patch = options.patch ?? patchNamed('v8');
    const pages = Math.max(1, ...options.guestMemfds.map((inode) => inode.pages));
    const processes = 1 + Math.max(0, ...options.tasks.map((task) => task.process ?? 0));
    const sizes: KernelSizes = {
      tasks: options.tasks.length + options.cpus,
      cpus: options.cpus,
      folios: options.folios ?? foliosOf(options.guestMemfds),
      inodes: Math.max(1, options.guestMemfds.length),
      pages,
      mms: processes,
      pins: options.pins ?? 0,
      references: mostReferences(options, this.profile, processes),
      order: options.largestOrder ?? 0,
      lruDisables: 2 ** 20,
      parts: options.parts ?? [],
    };
    const calls = options.calls === undefined ? undefined : [...options.calls, 'kworker' as const];
    this.program = buildKernel({ profile: this.profile, patch: this.patch }, sizes, calls);
    this.#codes = new Map(this.program.codes.map((code, number) => [code.name, number]));
    this.memory = createMemory(this.program);
    this.interpreter = new Interpreter(this.program, this.memory);
    this.boot();
  }

  /** Resets the machine to its initial state. */
  boot(): void {
    resetMemory(this.program, this.memory);
    const { cpus, tasks, guestMemfds } = this.options;
    const cpuOf = columnOf(this.memory, taskCpu);
    for (const [task, { cpu, process }] of tasks.entries()) {
      if (cpu >= cpus) throw new RangeError(`task ${task} is on CPU ${cpu}, but the machine has ${cpus}`);
      cpuOf[task] = cpu;
      columnOf(this.memory, taskMm)[task] = process ?? 0;
    }
    const width = this.program.sizes['index'] ?? 0;
    for (const [inode, { pages, initShared }] of guestMemfds.entries()) {
      columnOf(this.memory, gmemInode.pages)[inode] = pages;
      if (initShared === false) columnOf(this.memory, gmemInode.private).fill(1, inode * width, inode * width + pages);
    }
    for (let cpu = 0; cpu < cpus; cpu++) {
      cpuOf[tasks.length + cpu] = cpu;
      this.interpreter.start(tasks.length + cpu, this.#codeOf('kworker'));
    }
  }

  /** A copy of the machine's state, for {@link Machine.restore}. */
  snapshot(): Snapshot {
    return { of: this.program, memory: copyMemory(this.memory) };
  }

  /** Restores a saved state; the snapshot can be used again. @throws Error if it is another machine's. */
  restore({ of, memory }: Snapshot): void {
    if (of !== this.program) throw new Error('the snapshot is of another machine');
    for (const [variable, column] of memory.columns) this.memory.columns.get(variable)?.set(column);
    this.memory.slots.set(memory.slots);
    this.memory.code.set(memory.code);
    this.memory.pc.set(memory.pc);
  }

  /** Name of a task, `kworker/N` for the CPUs' own. */
  taskName(task: number): string {
    return this.options.tasks[task]?.name ?? `kworker/${task - this.options.tasks.length}`;
  }

  /** Number of a task by its name. @throws RangeError if there is none. */
  taskNamed(name: string): number {
    const task = this.options.tasks.findIndex((candidate) => candidate.name === name);
    if (task === -1) throw new RangeError(`no task '${name}'`);
    return task;
  }

  /** Number of tasks, kworkers included. */
  get tasks(): number {
    return this.memory.code.length;
  }

  /**
   * Begins a call of an idle task.
   * @returns the outcome, if the kernel refuses its arguments before it does anything; otherwise undefined, and the
   * task must be stepped.
   */
  begin(task: number, call: Call): Outcome | undefined {
    this.#requireFreePin(call);
    const started = entryOf(call, this.options);
    if ('result' in started) return { result: started.result, errorIndex: undefined };
    this.interpreter.start(task, this.#codeOf(started.name), started.args);
    return undefined;
  }

  /** Whether the kernel refuses a call's arguments before it does anything. */
  refuses(call: Call): boolean {
    return 'result' in entryOf(call, this.options);
  }

  /** Takes a task's next step; undefined if it is idle or waits. */
  step(task: number): Taken | undefined {
    return this.interpreter.step(task);
  }

  /** Whether a task's next step is at a place: a step's name, or `routine.step` with a routine that contains it. */
  isAt(task: number, place: string): boolean {
    const [step = '', routine] = place.split('.').toReversed();
    const next = this.interpreter.next(task);
    return next?.name === step && (routine === undefined || next.path.includes(routine));
  }

  /** Whether a task is within a call. */
  busy(task: number): boolean {
    return this.memory.code[task] !== IDLE;
  }

  /** The outcome of a task's last call. */
  outcome(task: number): Outcome {
    const result = RESULTS[columnOf(this.memory, taskResult)[task] ?? 0] ?? 'ok';
    const index = columnOf(this.memory, taskErrorIndex)[task] ?? 0;
    // Only fault injection gives a conversion -ENOMEM; for other calls it resets the index.
    const naming = result === 'EAGAIN' || (result === 'ENOMEM' && this.program.sizes['fault_injection'] === 1);
    const named = naming && index < (this.program.sizes['index'] ?? 0);
    return { result, errorIndex: named ? folioIndex(index) : undefined };
  }

  /** The value that a task's last `load` or `guest-load` found. Needs the machine's part `contents`. */
  loaded(task: number): number {
    return columnOf(this.memory, contents.loaded)[task] ?? 0;
  }

  /**
   * Makes a call and runs it to its end; other tasks run only while it waits.
   * @param observe called with every step of every task.
   * @throws Error if it waits for something that no task does.
   */
  call(task: number, call: Call, observe?: (taken: Taken) => void): Outcome {
    if (observe === undefined) return this.#callFast(task, call);
    const refused = this.begin(task, call);
    if (refused !== undefined) return refused;
    this.#finish(task, (which) => {
      const taken = this.interpreter.step(which);
      if (taken !== undefined) observe(taken);
      return taken !== undefined;
    });
    return this.outcome(task);
  }

  #requireFreePin(call: Call): void {
    if (!('pin' in call) || callNamed(call.call).pin === undefined) return;
    if (columnOf(this.memory, pins.references)[call.pin] !== 0)
      throw new RangeError(`pin ${call.pin} is in use or beyond the machine's ${this.options.pins ?? 0}`);
  }

  #callFast(task: number, call: Call): Outcome {
    this.#requireFreePin(call);
    const entry = entryOf(call, this.options);
    if ('result' in entry) return { result: entry.result, errorIndex: undefined };
    if (this.busy(task)) throw new Error(`${this.taskName(task)} is within a call`);
    this.#columns ??= compileColumns(this.program, this.memory);
    const { run, step } = this.#columns;
    if (!run(task, this.#codeOf(entry.name), entry.args, this.#others(task, step))) this.#finish(task, step);
    return this.outcome(task);
  }

  #finish(task: number, step: (task: number) => boolean): void {
    const others = this.#others(task, step);
    while (this.busy(task))
      if (!step(task) && !others())
        throw new Error(`${this.taskName(task)} waits for ever at '${this.interpreter.next(task)?.name}'`);
  }

  /**
   * Lets another task take a step, and returns whether any could: the task of the last step while it can, then the next
   * one by number. Asking all tasks for every step would cost more than the step if there are many.
   */
  #others(task: number, step: (task: number) => boolean): () => boolean {
    let last = 0;
    return () => {
      for (let i = 0; i < this.tasks; i++) {
        const other = (last + i) % this.tasks;
        if (other === task || !step(other)) continue;
        last = other;
        return true;
      }
      return false;
    };
  }

  #codeOf(name: SyscallName): number {
    const code = this.#codes.get(name);
    if (code === undefined) throw new Error(`this machine was built without the call '${name}'`);
    return code;
  }

  /** All holders of a reference, by folio number. */
  holders(): Holders {
    return holdersOf(this.interpreter, (task) => this.taskName(task));
  }

  /** The same, updated with every later step. */
  liveLedger(): LiveLedger {
    return new LiveLedger(this.interpreter, (task) => this.taskName(task));
  }

  /** The folios of an inode in the page cache, with their holders. */
  ledger(inode: number, holders = this.holders()): Ledger {
    const width = this.program.sizes['index'] ?? 0;
    const pages = columnOf(this.memory, iPages).subarray(inode * width, (inode + 1) * width);
    const none = this.program.sizes['folio'] ?? 0;
    const ledger: FolioLedger[] = [];
    for (const [index, of] of pages.entries())
      if (of !== none && of !== pages[index - 1]) ledger.push(this.folioLedger(of, holders.get(of) ?? [], index));
    return ledger;
  }

  /** One folio in the page cache, with its holders. */
  folioLedger(of: number, holders: readonly Holder[], index = columnOf(this.memory, folio.index)[of]): FolioLedger {
    return {
      index: folioIndex(index ?? 0),
      pfn: pfn(of),
      order: order(columnOf(this.memory, folio.order)[of] ?? 0),
      strength: 'proved',
      holders,
    };
  }

  /** Invariant I6: folios whose count differs from the sum of their holders. */
  imbalances(): readonly Imbalance[] {
    return imbalances(this.interpreter, this.holders());
  }
}

/**
 * @example
 * import { createMachine, DEFAULT_PROFILE, foliosOf, Machine, patchNamed, PATCHES, PROFILES } from 'folioscope/machine';
 * const machine = createMachine({
 *   cpus: 2,
 *   tasks: [
 *     { name: 'vmm', cpu: 0 },
 *     { name: 'other', cpu: 1 },
 *   ],
 *   guestMemfds: [{ pages: 1 }],
 *   patch: patchNamed('baseline'),
 * });
 * const argument = { offset: 0n, size: 4096n, attributes: 8n, flags: 0n, reserved: [] };
 * machine.call(1, { call: 'touch', inode: 0, start: 0, pages: 1 }).result; // => 'ok'
 * // The page waits in CPU 1's batch, so a check without a drain refuses it.
 * machine.call(0, { call: 'set-memory-attributes2', inode: 0, argument }); // => { result: 'EAGAIN', errorIndex: 0 }
 * machine instanceof Machine; // => true
 * foliosOf([{ pages: 1 }]); // => 2
 * PATCHES.map(({ name }) => name); // => ['baseline', 'local-drain', 'v6', 'v8', 'drain-for-folio']
 * PROFILES.includes(DEFAULT_PROFILE); // => true
 */
export const createMachine = (options: MachineOptions): Machine => new Machine(options);

// SPDX-License-Identifier: MIT
import {
  buildRecorded,
  COUNT,
  cpuFbatches,
  DRAIN_ALL,
  DRAIN_ASKS,
  DRAIN_LOCAL,
  drainAll,
  folio,
  gmemInode,
  INSERTED,
  iPages,
  LOOK,
  type Patch,
  type Profile,
  REF_FREEZE,
  REF_MOD_NOTHING,
  REF_MOD_UNLESS,
  REF_SET,
  RETURNED,
  taskCpu,
  WORK_BEGUN,
  WORK_DONE,
  WORK_QUEUED,
} from '../kernel/index.ts';
import {
  type Column,
  columnOf,
  type Columns,
  compileColumns,
  copyMemory,
  createMemory,
  type Effect,
  IDLE,
  Interpreter,
  type Mark,
  type Memory,
  type Program,
  type Step,
  type Taken,
  type Variable,
} from '../lang/index.ts';
import type { ReferenceOperation } from '../ledger/index.ts';

/** What a recording would show of a step. */
export type Shown =
  | { readonly kind: 'add' | 'delete'; readonly folio: number; readonly inode: number; readonly index: number }
  | { readonly kind: 'insertion'; readonly folio: number }
  | { readonly kind: 'work-queued' | 'work-begun' | 'work-done'; readonly cpu: number }
  | { readonly kind: 'return'; readonly result: number }
  | {
      readonly kind: 'reference';
      readonly folio: number;
      readonly operation: ReferenceOperation;
      readonly value: number;
      readonly returned: number | undefined;
      readonly count: number;
      /** PG_lru is set. */
      readonly isOnLru: boolean;
    };
export type ShownKind = Shown['kind'];

/** The step before which a task rests. */
export type Rest =
  | { readonly at: 'idle' }
  /** Its next step takes a CPU's cpu_fbatches.lock. */
  | { readonly at: 'batch-lock' }
  /** Its next step reads a folio's count, or looks at it otherwise. */
  | { readonly at: 'look' }
  /** Its drain of all CPUs has drained its own, and takes the drains' mutex next. */
  | { readonly at: 'drain-mutex' }
  /** Its drain of all CPUs asks next whether this one needs it. */
  | { readonly at: 'asks'; readonly cpu: number }
  /** Its next step would show this. */
  | { readonly at: 'shows'; readonly shown: readonly Shown[] }
  /** The guard of its next step is false. */
  | { readonly at: 'waits'; readonly step: Step };

/** Whether a task stands before an insertion, or before the freeze that a flush tries first. */
export const isFlush = (rest: Rest): boolean =>
  rest.at === 'shows' && rest.shown.some(({ kind }) => kind === 'insertion');

/** Tasks besides the kworkers and the scheduler: so many may be within calls at once. */
export const MOST_TASKS = 24;

/** Steps after which a task goes round: a mutant may, and then shows nothing more. */
const MOST_STEPS = 2_000_000;

/** Facts about a step's text. */
interface StepFacts {
  readonly mayShow: boolean;
  readonly locks: boolean;
  readonly looks: boolean;
  readonly serialises: boolean;
  readonly asks: boolean;
}

/** The codes that a followed recording needs. */
const CALLS = [
  'touch',
  'fallocate',
  'convert',
  'punch_hole',
  'migrate',
  'use_other_memory',
  'lru_add_drain',
  'lru_add_drain_all',
  'kworker',
] as const;
export type CodeName =
  | (typeof CALLS)[number]
  | 'other-add'
  | 'other-delete'
  | 'anonymous-add'
  | 'get'
  | 'try-get'
  | 'put'
  | 'lock'
  | 'unlock'
  | 'zap';

interface Standing {
  readonly step: Step;
  readonly facts: StepFacts;
}

export interface DriverOptions {
  readonly profile: Profile;
  readonly patch: Patch;
  readonly cpus: number;
  /** Tasks besides the kworkers and the scheduler. */
  readonly tasks: number;
  readonly inodes: number;
  /** Pages of each inode. */
  readonly pages: number;
  readonly shows: ReadonlySet<ShownKind>;
  /** Whether a folio's references are recorded. */
  readonly showsReferences: (folio: number) => boolean;
  readonly showsInsertion: (folio: number) => boolean;
  /** `interpreted`: every step by the interpreter; for measuring. */
  readonly way?: 'interpreted' | 'compiled';
}

const SHOWING_MARKS: ReadonlySet<Mark> = new Set<Mark>([
  INSERTED,
  RETURNED,
  WORK_QUEUED,
  WORK_BEGUN,
  WORK_DONE,
  REF_MOD_NOTHING,
  DRAIN_ALL,
  DRAIN_LOCAL,
]);

/**
 * The executable kernel, driven by a recording: tasks take its steps one by one, and rest before each step that the
 * recording would show. Steps that show nothing run compiled; the others by the interpreter, and are taken back if
 * the recording does not have the event yet.
 */
export class Driver {
  readonly options: DriverOptions;
  readonly program: Program;
  readonly memory: Memory;
  readonly #interpreter: Interpreter;
  readonly #columns: Columns;
  readonly #codes: ReadonlyMap<string, number>;
  readonly #places: Standing[][] = [];
  readonly #lock: Column;
  readonly #batched: Column;
  readonly #slots: Column;
  readonly #references: Column;
  readonly #others: Column;
  readonly cpuOf: Column;
  /** Called when a task goes on for so many steps without an event that it is stopped. */
  onEndless: (steps: number) => void = () => {};
  /** Called when a task begins a drain. */
  onDrain: (task: number) => void = () => {};
  /** Steps taken. */
  steps = 0;
  /** Changes of the memory. */
  #version = 0;
  /** What a task would show, as long as the memory is unchanged. */
  #peeked: { readonly task: number; readonly version: number; readonly rest: Rest } | undefined;
  readonly #row: { readonly slots: Int32Array; code: number; pc: number };

  constructor(options: DriverOptions) {
    this.options = options;
    const { profile, patch, cpus, tasks, inodes, pages } = options;
    const sizes = {
      tasks: tasks + 1 + cpus,
      cpus,
      folios: inodes * pages,
      inodes,
      pages,
      mms: 1,
      pins: 0,
      references: 65_535,
      order: 0,
      lruDisables: 1,
      parts: ['migration', 'lru_batches'] as const,
    };
    this.program = buildRecorded({ profile, patch }, sizes, CALLS);
    this.#codes = new Map(this.program.codes.map(({ name }, number) => [name, number]));
    this.memory = createMemory(this.program);
    this.#row = { slots: new Int32Array(this.memory.slotsPerTask), code: 0, pc: 0 };
    this.#interpreter = new Interpreter(this.program, this.memory);
    this.#columns = compileColumns(this.program, this.memory);
    this.#lock = columnOf(this.memory, cpuFbatches.lock);
    this.#batched = columnOf(this.memory, cpuFbatches.lruAdd.nr);
    this.#slots = columnOf(this.memory, cpuFbatches.lruAdd.folios);
    this.#references = columnOf(this.memory, folio.refcount);
    this.#others = columnOf(this.memory, cpuFbatches.others.nr);
    this.cpuOf = columnOf(this.memory, taskCpu);
    columnOf(this.memory, gmemInode.pages).fill(pages);
    for (let cpu = 0; cpu < cpus; cpu++) {
      this.cpuOf[this.worker(cpu)] = cpu;
      this.start(this.worker(cpu), 'kworker', []);
    }
  }

  /** The task that is a CPU's kworker. */
  worker(cpu: number): number {
    return this.options.tasks + 1 + cpu;
  }

  start(task: number, code: CodeName, args: readonly number[]): void {
    this.#version++;
    const number = this.#codes.get(code);
    if (number === undefined) throw new Error(`no code '${code}'`);
    this.#columns.start(task, number, args);
  }

  isIdle(task: number): boolean {
    return this.memory.code[task] === IDLE;
  }

  /** Whether a task holds the lock of a CPU's batches. */
  isLocked(cpu: number): boolean {
    return this.#lock[cpu] !== 0;
  }

  /** Folios in a CPU's lru_add batch. */
  batched(cpu: number): number {
    return this.#batched[cpu] ?? 0;
  }

  /** Whether a CPU has folios in a batch besides lru_add. */
  hasOthers(cpu: number): boolean {
    const kinds = this.#others.length / this.options.cpus;
    for (let kind = 0; kind < kinds; kind++) if (this.#others[cpu * kinds + kind] !== 0) return true;
    return false;
  }

  /** Folios of a CPU's lru_add batch, in their order. */
  batch(cpu: number): readonly number[] {
    const slots = this.program.sizes['slot'] ?? 0;
    const column = columnOf(this.memory, cpuFbatches.lruAdd.folios);
    return [...column.subarray(cpu * slots, cpu * slots + this.batched(cpu))];
  }

  /** Whether a drain of a CPU's lru_add batch would free all of its folios, and insert none. */
  freesAll(cpu: number): boolean {
    if (!this.options.profile.flushFreesLastReference) return false;
    const first = cpu * (this.program.sizes['slot'] ?? 0);
    for (let at = first; at < first + this.batched(cpu); at++)
      if (this.#references[this.#slots[at] ?? 0] !== 1) return false;
    return true;
  }

  /** Moves a task to a CPU, as the scheduler does. @returns whether it could: not within a local lock. */
  migrate(task: number, cpu: number): boolean {
    if (this.cpuOf[task] === cpu) return true;
    this.#version++;
    const scheduler = this.options.tasks;
    this.start(scheduler, 'migrate', [task, cpu]);
    while (!this.isIdle(scheduler))
      if (!this.#columns.step(scheduler)) {
        this.memory.code[scheduler] = IDLE;
        return false;
      }
    return true;
  }

  /** The next step of a task, for messages. */
  next(task: number): Step | undefined {
    return this.#interpreter.next(task);
  }

  /**
   * Runs a task until it rests. `enters`: it may take the batch lock where it stands; `asks`: a drain of all may ask the CPU that is
   * next; `serialises`: it may take the drains' mutex.
   */
  advance(task: number, { enters = false, looks = false, asks = false, serialises = true } = {}): Rest {
    let [mayEnter, mayAsk] = [enters, asks];
    const last = this.steps + MOST_STEPS;
    for (;;) {
      const place = this.#placeOf(task);
      if (place === undefined) return { at: 'idle' };
      const { step, facts } = place;
      if (this.steps >= last) {
        this.onEndless(MOST_STEPS);
        return { at: 'waits', step };
      }
      if (facts.locks && !mayEnter) return { at: 'batch-lock' };
      if (facts.looks && !looks) return { at: 'look' };
      if (facts.serialises && !serialises) return { at: 'drain-mutex' };
      if (facts.asks && !mayAsk) return { at: 'asks', cpu: this.#askedBy(task) };
      if (facts.asks) mayAsk = false;
      if (facts.locks) mayEnter = false;
      if (!facts.mayShow) {
        if (this.options.way === 'interpreted' ? this.#interpreter.step(task) === undefined : !this.#columns.step(task))
          return { at: 'waits', step };
        this.steps++;
        this.#version++;
        continue;
      }
      if (this.#peeked !== undefined && this.#peeked.task === task && this.#peeked.version === this.#version)
        return this.#peeked.rest;
      this.#keepRow(task);
      const taken = this.#interpreter.step(task);
      if (taken === undefined) return { at: 'waits', step };
      const shown = this.#shownBy(taken);
      if (shown.length > 0) {
        this.#undo(taken);
        const rest = { at: 'shows', shown } as const;
        this.#peeked = { task, version: this.#version, rest };
        return rest;
      }
      this.steps++;
      this.#version++;
      if (taken.observed.some(({ mark }) => mark === DRAIN_ALL || mark === DRAIN_LOCAL)) this.onDrain(task);
    }
  }

  /** Takes the step at which a task rests, whatever it shows. */
  take(task: number): void {
    if (!this.#columns.step(task)) throw new Error('a task at rest has no step');
    this.steps++;
    this.#version++;
  }

  /** The next step of a task, with facts about its text; looked up once for each place of each code. */
  #placeOf(task: number): Standing | undefined {
    const code = this.memory.code[task] ?? IDLE;
    if (code === IDLE) return undefined;
    const places = (this.#places[code] ??= []);
    const pc = this.memory.pc[task] ?? 0;
    const known = places[pc];
    if (known !== undefined) return known;
    const step = this.#interpreter.next(task);
    if (step === undefined) return undefined;
    const place = { step, facts: this.#factsOf(step) };
    places[pc] = place;
    return place;
  }

  #factsOf(step: Step): StepFacts {
    const { marks, written } = touched(step.effects);
    return {
      mayShow:
        [...marks].some((mark) => SHOWING_MARKS.has(mark)) ||
        written.has(iPages.variable) ||
        (this.options.shows.has('reference') && written.has(folio.refcount.variable)),
      locks: step.guard !== undefined && written.has(cpuFbatches.lock.variable),
      looks: marks.has(COUNT) || marks.has(LOOK),
      serialises: step.guard !== undefined && written.has(drainAll.mutex.variable),
      asks: marks.has(DRAIN_ASKS),
    };
  }

  /** The CPU that a drain asks next. */
  #askedBy(task: number): number {
    this.#keepRow(task);
    const taken = this.#interpreter.step(task);
    if (taken === undefined) throw new Error('a drain waits where it asks');
    this.#undo(taken);
    return taken.observed.find(({ mark }) => mark === DRAIN_ASKS)?.args['cpu'] ?? 0;
  }

  #shownBy(taken: Taken): readonly Shown[] {
    const shown: Shown[] = [];
    const show = (one: Shown): void => {
      if (!this.options.shows.has(one.kind)) return;
      if (one.kind === 'reference' && !this.options.showsReferences(one.folio)) return;
      if (one.kind === 'insertion' && !this.options.showsInsertion(one.folio)) return;
      shown.push(one);
    };
    const none = this.program.sizes['folio'] ?? 0;
    const counts = columnOf(this.memory, folio.refcount);
    const wasOnLru = (of: number): boolean => {
      const write = taken.writes.find(({ variable, index }) => variable === folio.lru.variable && index[0] === of);
      return write === undefined ? this.isOnLru(of) : write.before === 1;
    };
    const reference = (of: number, operation: ReferenceOperation, value: number, returned: number | undefined): void =>
      show({
        kind: 'reference',
        folio: of,
        operation,
        value,
        returned,
        count: counts[of] ?? 0,
        // A freeze comes before the insertion of the same step.
        isOnLru: operation === 'freeze' ? wasOnLru(of) : this.isOnLru(of),
      });
    for (const { mark, args } of taken.observed) {
      const of = args['folio'] ?? 0;
      const cpu = args['cpu'] ?? 0;
      if (mark === INSERTED) {
        // A flush tries to freeze each folio before it inserts it, in kernels that do so, and reports it also if it fails.
        if (this.options.profile.flushFreesLastReference) reference(of, 'freeze', 1, 0);
        show({ kind: 'insertion', folio: of });
      } else if (mark === WORK_QUEUED) show({ kind: 'work-queued', cpu });
      else if (mark === WORK_BEGUN) show({ kind: 'work-begun', cpu });
      else if (mark === WORK_DONE) show({ kind: 'work-done', cpu });
      else if (mark === RETURNED) show({ kind: 'return', result: args['result'] ?? 0 });
      else if (mark === REF_MOD_NOTHING) reference(of, 'mod', 0, undefined);
    }
    const isMarked = (wanted: Mark, of: number): boolean =>
      taken.observed.some(({ mark, args }) => mark === wanted && args['folio'] === of);
    for (const { variable, index, before, after } of taken.writes) {
      if (variable === iPages.variable) {
        const [inode = 0, page = 0] = index;
        if (before === none && after !== none) show({ kind: 'add', folio: after, inode, index: page });
        else if (before !== none && after === none) show({ kind: 'delete', folio: before, inode, index: page });
      } else if (variable === folio.refcount.variable) {
        const of = index[0] ?? 0;
        const value = after - before;
        if (isMarked(REF_FREEZE, of)) reference(of, 'freeze', before, 1);
        else if (isMarked(REF_SET, of)) reference(of, 'set', after, undefined);
        else if (isMarked(REF_MOD_UNLESS, of)) reference(of, 'mod-unless', value, 1);
        else if (value > 0) reference(of, 'mod', value, undefined);
        else reference(of, 'mod-and-test', value, Number(after === 0));
      }
    }
    return shown;
  }

  /** Keeps a task's own state before a step that may be taken back. */
  #keepRow(task: number): void {
    const { memory } = this;
    const from = task * memory.slotsPerTask;
    this.#row.slots.set(memory.slots.subarray(from, from + memory.slotsPerTask));
    this.#row.code = memory.code[task] ?? 0;
    this.#row.pc = memory.pc[task] ?? 0;
  }

  /** Takes back the step that was taken since {@link Driver.#keepRow}. */
  #undo(taken: Taken): void {
    const { memory, program } = this;
    const { task } = taken;
    for (let i = taken.writes.length - 1; i >= 0; i--) {
      const write = taken.writes[i];
      if (write === undefined) continue;
      const { variable, index, before } = write;
      const row = variable.domains.reduce((at, { name }, n) => at * (program.sizes[name] ?? 0) + (index[n] ?? 0), 0);
      const column = memory.columns.get(variable);
      if (column !== undefined) column[row] = before;
    }
    memory.code[task] = this.#row.code;
    memory.pc[task] = this.#row.pc;
    memory.slots.set(this.#row.slots, task * memory.slotsPerTask);
  }

  /** Whether a folio number is free in the page allocator. */
  isFree(of: number): boolean {
    return columnOf(this.memory, folio.allocated)[of] === 0;
  }

  references(of: number): number {
    return columnOf(this.memory, folio.refcount)[of] ?? 0;
  }

  isMapped(of: number): boolean {
    return (columnOf(this.memory, folio.mapcount)[of] ?? 0) > 0;
  }

  isFolioLocked(of: number): boolean {
    return columnOf(this.memory, folio.locked)[of] === 1;
  }

  isOnLru(of: number): boolean {
    return columnOf(this.memory, folio.lru)[of] === 1;
  }

  /** The folio at a page, or undefined. */
  at(inode: number, index: number): number | undefined {
    const found = columnOf(this.memory, iPages)[inode * this.options.pages + index];
    return found === this.program.sizes['folio'] ? undefined : found;
  }

  /** A folio that only the page cache holds, which is on the LRU: what is not in a batch leaves the memory, and comes back. */
  putBack(of: number, inode: number, index: number): void {
    this.#version++;
    const { memory } = this;
    columnOf(memory, folio.allocated)[of] = 1;
    columnOf(memory, folio.refcount)[of] = 1;
    columnOf(memory, folio.mapping)[of] = inode;
    columnOf(memory, folio.index)[of] = index;
    columnOf(memory, folio.uptodate)[of] = 1;
    columnOf(memory, folio.lru)[of] = 1;
    columnOf(memory, iPages)[inode * this.options.pages + index] = of;
  }

  /** Takes a folio out of the memory, which one reference holds and no batch. */
  putAside(of: number, inode: number, index: number | undefined): void {
    this.#version++;
    const { memory, program } = this;
    columnOf(memory, folio.allocated)[of] = 0;
    columnOf(memory, folio.refcount)[of] = 0;
    columnOf(memory, folio.mapping)[of] = program.sizes['inode'] ?? 0;
    columnOf(memory, folio.index)[of] = 0;
    columnOf(memory, folio.uptodate)[of] = 0;
    columnOf(memory, folio.lru)[of] = 0;
    if (index !== undefined) columnOf(memory, iPages)[inode * this.options.pages + index] = program.sizes['folio'] ?? 0;
  }

  /** Attributes of an inode's pages, which no event shows: 1 is private. */
  setAttributes(inode: number, isPrivate: number): void {
    this.#version++;
    const { pages } = this.options;
    columnOf(this.memory, gmemInode.private).fill(isPrivate, inode * pages, (inode + 1) * pages);
  }

  /** Empties a CPU's batches, whose content a loss hides: nothing is known of it. */
  forgetBatch(cpu: number): void {
    this.#version++;
    const slots = this.program.sizes['slot'] ?? 0;
    columnOf(this.memory, cpuFbatches.lruAdd.folios).fill(
      this.program.sizes['folio'] ?? 0,
      cpu * slots,
      (cpu + 1) * slots,
    );
    this.#batched[cpu] = 0;
  }

  save(): Memory {
    return copyMemory(this.memory);
  }

  restore(saved: Memory): void {
    this.#version++;
    for (const [variable, column] of saved.columns) this.memory.columns.get(variable)?.set(column);
    this.memory.slots.set(saved.slots);
    this.memory.code.set(saved.code);
    this.memory.pc.set(saved.pc);
  }
}

function touched(
  effects: readonly Effect[],
  found = { marks: new Set<Mark>(), written: new Set<Variable>() },
): { readonly marks: Set<Mark>; readonly written: Set<Variable> } {
  for (const effect of effects)
    switch (effect.kind) {
      case 'assign':
        if (effect.place.op === 'read') found.written.add(effect.place.variable);
        break;
      case 'observe':
        found.marks.add(effect.mark);
        break;
      case 'when':
        touched(effect.then, found);
        touched(effect.else, found);
        break;
      case 'each':
        touched(effect.body, found);
        break;
      case 'assert':
        break;
    }
  return found;
}

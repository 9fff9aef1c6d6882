// SPDX-License-Identifier: MIT
// What generator functions need around them to be run, stepped and explored.
//
// A generator cannot be copied, so where a task stands has to be said by what it has read since its call began: its
// log. Logs are kept as a tree, so that equal logs are one number, a step whose reads are known is taken without any
// generator, and a generator is replayed only for reads that are seen for the first time. A log is forgotten when the
// call returns. That is as cheap as this way becomes; what it cannot have is that a task forgets a value which it will
// not use again.
import { explore } from '../../src/check/index.ts';
import { type Announced, type Cells, check, folio_add_lru, type Shared, type Steps, worker } from './generators.ts';
import {
  CONVERTER,
  CPUS,
  type Final,
  MOST_STATES,
  type Prototype,
  type Stepping,
  TASKS,
  textOf,
  WORKER,
  type World,
} from './protocol.ts';

/** What task t calls, one after the other; the worker begins again and again. */
const callsOf = (m: Shared, task: number): readonly (() => Steps)[] => {
  if (task === CONVERTER) return [() => check(m, 0, 1)];
  if (task === WORKER) return [() => worker(m, 1)];
  const half = m.folios / 2;
  return Array.from({ length: half }, (_, i) => () => folio_add_lru(m, task, task * half + i));
};

type Array8or32 = Uint8Array | Int32Array;

/** Memory as it is: for stepping and full size. */
class PlainCells implements Cells {
  readonly cells: Array8or32;
  constructor(cells: Array8or32) {
    this.cells = cells;
  }
  read(i: number): number {
    return this.cells[i]!;
  }
  write(i: number, value: number): void {
    this.cells[i] = value;
  }
  add(i: number, amount: number): void {
    this.cells[i] = this.cells[i]! + amount;
  }
}

type PlainShared = { readonly [K in keyof Shared]: Shared[K] extends Cells ? PlainCells : Shared[K] };

const plainShared = ({ folios, slots }: World): PlainShared => ({
  folios,
  slots,
  refcount: new PlainCells(new Uint8Array(folios)),
  lru: new PlainCells(new Uint8Array(folios)),
  lock: new PlainCells(new Uint8Array(CPUS)),
  nr: new PlainCells(new Uint8Array(CPUS)),
  batch: new PlainCells(new Int32Array(CPUS * slots)),
  work: new PlainCells(new Uint8Array(1)),
  verdict: new PlainCells(new Int32Array(1)),
});

function boot(m: PlainShared): void {
  for (const cells of [m.lru, m.lock, m.nr, m.work, m.verdict]) cells.cells.fill(0);
  m.refcount.cells.fill(1);
  m.batch.cells.fill(m.folios);
}

const finalOf = (m: PlainShared): Final => ({
  refcount: m.refcount.cells,
  lru: m.lru.cells,
  nr: m.nr.cells,
  verdict: m.verdict.read(0),
});

const waits = (announced: Announced): boolean =>
  typeof announced !== 'string' && announced.of.read(announced.i) !== announced.is;

/** A task at work: its call, and the step that it has announced. */
class Running {
  readonly #calls: readonly (() => Steps)[];
  readonly #forEver: boolean;
  #call = 0;
  #steps: Steps | undefined;
  announced: Announced | undefined;

  constructor(calls: readonly (() => Steps)[], forEver: boolean) {
    this.#calls = calls;
    this.#forEver = forEver;
    this.#begin();
  }

  #begin(): void {
    this.#steps = this.#calls[this.#call]?.();
    this.announced = this.#steps?.next().value ?? undefined;
  }

  /** Takes the announced step. @returns false where the task is done or has to wait. */
  step(): boolean {
    if (this.announced === undefined || waits(this.announced)) return false;
    const { done, value } = this.#steps!.next();
    if (done !== true) this.announced = value;
    else {
      this.#call = this.#forEver ? 0 : this.#call + 1;
      this.#begin();
    }
    return true;
  }
}

const running = (m: Shared): readonly Running[] =>
  Array.from({ length: TASKS }, (_, task) => new Running(callsOf(m, task), task === WORKER));

/** Where a task stands: what it announces, or which read it is about to make; and what follows each value read. */
interface Node {
  readonly task: number;
  readonly call: number;
  readonly before: Node | undefined;
  /** The value by which `before` came here; -1 where it took a step. */
  readonly by: number;
  /** Writes from `before` to here: cell, value, whether it is added. */
  readonly writes: { readonly cell: number; readonly value: number; readonly adds: boolean }[];
  /** The cell that is read next, or RESTS, or RETURNS. */
  reads: number;
  /** The cell that has to hold `is`; -1 where the step need not wait. */
  waitsFor: number;
  is: number;
  /** Among the nodes at which tasks rest. */
  number: number;
  readonly after: Map<number, Node>;
}
const RESTS = -1;
const RETURNS = -2;
const STEP = -1;

const newNode = (task: number, call: number, before: Node | undefined, by: number): Node => ({
  task,
  call,
  before,
  by,
  writes: [],
  reads: RESTS,
  waitsFor: -1,
  is: 0,
  number: -1,
  after: new Map(),
});
const NOWHERE = newNode(-1, -1, undefined, STEP);

/** Notes what a generator does from a node on, having replayed what led there. */
class Recorder {
  /** Memory of the state in which the step is taken. */
  cells: Uint8Array = new Uint8Array(0);
  node = NOWHERE;
  /** Values still to be replayed, last first. */
  replay: number[] = [];
  replaying = true;
  /** The replay is within the step that is being explored: after its last value, what happens is new. */
  lastStep = false;
}

class RecordingCells implements Cells {
  readonly #recorder: Recorder;
  readonly first: number;
  constructor(recorder: Recorder, first: number) {
    this.#recorder = recorder;
    this.first = first;
  }
  read(i: number): number {
    const recorder = this.#recorder;
    if (recorder.replaying) {
      const known = recorder.replay.pop()!;
      if (recorder.lastStep && recorder.replay.length === 0) recorder.replaying = false;
      return known;
    }
    const { cells, node } = recorder;
    const cell = this.first + i;
    node.reads = cell;
    const value = cells[cell]!;
    recorder.node = nodeAfter(node, value);
    return value;
  }
  write(i: number, value: number): void {
    this.#note(i, value, false);
  }
  add(i: number, amount: number): void {
    this.#note(i, amount, true);
  }
  #note(i: number, value: number, adds: boolean): void {
    const { replaying, node, cells } = this.#recorder;
    if (replaying) return;
    const write = { cell: this.first + i, value, adds };
    node.writes.push(write);
    cells[write.cell] = adds ? cells[write.cell]! + value : value;
  }
}

function nodeAfter(before: Node, by: number): Node {
  const node = newNode(before.task, before.call, before, by);
  before.after.set(by, node);
  return node;
}

/** A memory of bytes and the logs of all tasks, explored as words: the bytes, then a node's number a task. */
class Logs {
  readonly #recorder = new Recorder();
  readonly #cells: { readonly [K in keyof Shared]: Shared[K] extends Cells ? RecordingCells : Shared[K] };
  readonly #calls: readonly (readonly (() => Steps)[])[];
  readonly #roots: readonly (readonly Node[])[];
  readonly resting: Node[] = [];
  readonly initial: Int32Array;
  readonly #memoryWords: number;
  #bytesOf: Int32Array | undefined;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor({ folios, slots }: World) {
    let cells = 0;
    const place = (count: number): RecordingCells => {
      cells += count;
      return new RecordingCells(this.#recorder, cells - count);
    };
    this.#cells = {
      folios,
      slots,
      refcount: place(folios),
      lru: place(folios),
      lock: place(CPUS),
      nr: place(CPUS),
      batch: place(CPUS * slots),
      work: place(1),
      verdict: place(1),
    };
    this.#memoryWords = Math.ceil(cells / 4);
    this.#calls = Array.from({ length: TASKS }, (_, task) => callsOf(this.#cells, task));
    // A task that is done rests at a node of its own, behind its last call.
    this.#roots = this.#calls.map((calls, task) => [...calls, undefined].map((_, call) => this.#rootOf(task, call)));
    this.initial = new Int32Array(this.#memoryWords + TASKS);
    const bytes = this.#bytesIn(this.initial);
    bytes.fill(1, 0, folios);
    bytes.fill(folios, this.#cells.batch.first, this.#cells.batch.first + CPUS * slots);
    for (const [task, [root]] of this.#roots.entries()) this.initial[this.#memoryWords + task] = root!.number;
  }

  get words(): number {
    return this.initial.length;
  }

  #rootOf(task: number, call: number): Node {
    const root = newNode(task, call, undefined, STEP);
    root.number = this.resting.push(root) - 1;
    const announced = this.#calls[task]![call]?.().next().value ?? undefined;
    if (announced === undefined) root.reads = RETURNS;
    else this.#announce(root, announced);
    return root;
  }

  #announce(node: Node, announced: Announced): void {
    if (typeof announced === 'string') return;
    node.waitsFor = (announced.of as RecordingCells).first + announced.i;
    node.is = announced.is;
  }

  #bytesIn(state: Int32Array): Uint8Array {
    if (this.#bytesOf !== state) {
      this.#bytesOf = state;
      this.#bytes = new Uint8Array(state.buffer, state.byteOffset, this.#memoryWords * 4);
    }
    return this.#bytes;
  }

  /** See Model.step. */
  readonly step = (task: number, state: Int32Array): boolean => {
    const bytes = this.#bytesIn(state);
    const from = this.resting[state[this.#memoryWords + task]!]!;
    if (from.reads === RETURNS) return false;
    if (from.waitsFor !== -1 && bytes[from.waitsFor] !== from.is) return false;
    let node = from.after.get(STEP);
    if (node === undefined) node = this.#explore(from, STEP, bytes);
    else {
      apply(node, bytes);
      while (node.reads >= 0) {
        const value: number = bytes[node.reads]!;
        const next: Node | undefined = node.after.get(value);
        if (next === undefined) {
          node = this.#explore(node, value, bytes);
          break;
        }
        node = next;
        apply(node, bytes);
      }
    }
    state[this.#memoryWords + task] = node.reads === RETURNS ? this.#afterReturn(node) : node.number;
    return true;
  };

  #afterReturn({ task, call }: Node): number {
    return this.#roots[task]![task === WORKER ? 0 : call + 1]!.number;
  }

  done(task: number, state: Int32Array): boolean {
    return this.resting[state[this.#memoryWords + task]!]!.reads === RETURNS;
  }

  finalOf(state: Int32Array): Final {
    const bytes = this.#bytesIn(state);
    const { folios, lru, nr, verdict } = this.#cells;
    const from = (first: number, count: number): Uint8Array => bytes.slice(first, first + count);
    return {
      refcount: from(0, folios),
      lru: from(lru.first, folios),
      nr: from(nr.first, CPUS),
      verdict: bytes[verdict.first]!,
    };
  }

  /** Goes on from a node by a value (or a step) that has not been seen there, up to the next rest. */
  #explore(from: Node, by: number, bytes: Uint8Array): Node {
    const recorder = this.#recorder;
    let steps = by === STEP ? 1 : 0;
    recorder.replay = by === STEP ? [] : [by];
    for (let node: Node | undefined = from; node?.before !== undefined; node = node.before)
      if (node.by === STEP) steps++;
      else recorder.replay.push(node.by);
    recorder.replaying = true;
    recorder.cells = bytes;
    const generator = this.#calls[from.task]![from.call]!();
    generator.next();
    for (; steps > 1; steps--) generator.next();
    // Within this last step, reads before the new value are replayed too; their writes are in the state already.
    recorder.lastStep = true;
    recorder.replaying = recorder.replay.length > 0;
    recorder.node = nodeAfter(from, by);
    const { done, value } = generator.next();
    recorder.lastStep = false;
    const { node } = recorder;
    if (done === true) node.reads = RETURNS;
    else {
      node.number = this.resting.push(node) - 1;
      this.#announce(node, value);
    }
    return node;
  }
}

function apply(node: Node, bytes: Uint8Array): void {
  for (const { cell, value, adds } of node.writes) bytes[cell] = adds ? bytes[cell]! + value : value;
}

export const generators: Prototype & Stepping = {
  explorer: (world) => () => {
    const logs = new Logs(world);
    const ends = new Set<string>();
    const mayEnd = (state: Int32Array): boolean => {
      ends.add(textOf(logs.finalOf(state)));
      return [0, 1, CONVERTER].every((task) => logs.done(task, state));
    };
    const model = { words: logs.words, tasks: TASKS, initial: logs.initial, step: logs.step };
    const { verdict, states, transitions } = explore(model, { invariants: [], mayEnd, mostStates: MOST_STATES });
    if (verdict !== 'holds') throw new Error(`generators: ${verdict}`);
    return { states, transitions, ends };
  },
  runner: (world) => {
    const m = plainShared(world);
    return () => {
      boot(m);
      const kworker = new Running(callsOf(m, WORKER), true);
      for (const task of [0, 1, CONVERTER]) for (const call of callsOf(m, task)) runToEnd(call(), kworker);
      while (kworker.step());
      return finalOf(m);
    };
  },
  stepper: (world) => {
    const m = plainShared(world);
    return () => {
      boot(m);
      const tasks = running(m);
      let steps = 0;
      for (let before = -1; before !== steps; ) {
        before = steps;
        for (const task of tasks) if (task.step()) steps++;
      }
      return steps;
    };
  },
};

function runToEnd(steps: Steps, kworker: Running): void {
  for (let next = steps.next(); next.done !== true; next = steps.next())
    while (waits(next.value)) if (!kworker.step()) throw new Error('all wait');
}

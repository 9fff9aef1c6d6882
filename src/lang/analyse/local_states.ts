// SPDX-License-Identifier: MIT
import { Cells, type Positions } from './cells.ts';
import { Values } from './cell_values.ts';
import { type Claims, claimsText, NO_CLAIMS } from './claims_text.ts';
import { type Edge, Edges } from './edges.ts';
import { LocalTable } from './local_table.ts';
import { compileLocally, type LocalText } from './local_text.ts';
import { columnOf, IDLE, type Memory } from '../program/memory.ts';
import { type Change, Infeasible, Oracle, READ } from './oracle.ts';
import type { Code, Program } from '../program/program.ts';

/** Where a task can be: a step that it rests at, and the values that it remembers there. */
export interface LocalState {
  /** The number of steps stands for "done". */
  readonly pc: number;
  /** By slot, as in `Memory.slots`. */
  readonly slots: Int32Array;
  /** What the step, in any of its options, may touch: READ | WRITTEN | ADDED by cell. */
  readonly touched: ReadonlyMap<number, number>;
  /** The cells that the guard of every option found 0 whenever it let the step pass. */
  readonly passesOnlyAtZero: ReadonlySet<number>;
  /** What the guards look at where the step has to wait; undefined where it never does. */
  readonly waitsFor: ReadonlySet<number> | undefined;
  readonly edges: readonly Edge[];
  /** What the task claims here, by label, as text to compare. */
  readonly claims: ReadonlyMap<string, string>;
  /** The labels under which that depends on shared memory. */
  readonly varying: ReadonlySet<string>;
}

/** All local states of all tasks that any interleaving can reach, and more: see `localStates`. */
export interface LocalStates {
  /** By task; the first is the one that it begins in. */
  readonly tasks: readonly (readonly LocalState[])[];
  readonly cells: Cells;
  /** What each element of shared memory begins with. */
  readonly initial: readonly number[];
}

/** Too many ways to go through them all. */
export class TooManyLocalStates extends Error {}

/** How much may be spent on finding them. */
export interface Effort {
  /** Runs of steps. */
  readonly runs: number;
  /** Local states of all tasks. */
  readonly states: number;
}

/**
 * The local states of every task, each task taken alone: what it reads from an element of shared memory may be any value
 * that the element begins with or that some task writes there, and what it is told of others' claims all that these could be.
 * So these are all local states that an interleaving can reach, and more.
 * @throws TooManyLocalStates where `most` does not suffice.
 */
export function localStates(
  program: Program,
  codeOf: readonly number[],
  initial: Memory,
  positions: (cells: Cells) => Positions,
  most: Effort,
): LocalStates & { readonly positions: Positions } {
  const cells = new Cells(program);
  const values = new Values(cells.max);
  for (const variable of program.variables)
    for (const [i, value] of columnOf(initial, { variable }).entries()) values.learn(cells.first(variable) + i, value);
  const pseudo = positions(cells);
  const oracle = new Oracle(values, cells.max);
  const texts = codeOf.map((number, task) => {
    const code = program.codes[number];
    if (code === undefined) throw new Error(`no code ${number}`);
    return { code, text: compileLocally(code, task, cells, program, oracle, pseudo) };
  });
  const shared: Shared = {
    values,
    oracle,
    others: new Others(texts, values, pseudo, cells.count),
    left: { ...most },
    known: { elements: new Map(), changes: new Map(), looked: new Map() },
  };
  const explorers = texts.map(({ code, text }, task) => {
    const claims = Array.from({ length: code.flow.steps.length + 1 }, (_, pc) => claimsText(code, pc, task, program));
    const explorer = new Explorer(task, code, text, claims, shared);
    const idle = initial.code[task] === IDLE;
    const slots = new Int32Array(code.slotMax.length);
    if (!idle)
      slots.set(initial.slots.subarray(task * initial.slotsPerTask, task * initial.slotsPerTask + slots.length));
    explorer.enter(idle ? code.flow.steps.length : (initial.pc[task] ?? 0), slots);
    return explorer;
  });
  for (let again = true; again; ) again = explorers.map((explorer) => explorer.round()).some(Boolean);
  return {
    cells,
    initial: Array.from({ length: cells.count }, (_, cell) => values.of(cell)[0] ?? 0),
    positions: pseudo,
    tasks: explorers.map((explorer) => explorer.found()),
  };
}

/** What all tasks together may claim, and who may have finished, as values of the cells that stand for it. */
class Others {
  readonly #values: Values;
  readonly #claims: { readonly label: string | undefined; readonly cell: number; readonly byTask: number[] }[];
  /** By task: the cell of whether it has finished, where somebody looks. */
  readonly #finished: readonly (number | undefined)[];

  constructor(
    texts: readonly { readonly text: LocalText }[],
    values: Values,
    positions: Positions,
    firstPosition: number,
  ) {
    const labels = new Set(texts.flatMap(({ text }) => [...text.positions.labels]));
    const awaited = new Set(texts.flatMap(({ text }) => [...text.positions.awaited]));
    this.#values = values;
    this.#claims = [...labels].map((label) => ({
      label,
      cell: positions.claimed(label),
      byTask: texts.map(() => 0),
    }));
    this.#finished = texts.map((_, task) => (awaited.has(task) ? positions.finished(task) : undefined));
    values.makeRoom(firstPosition + positions.count);
    for (const { cell } of this.#claims) values.learn(cell, 0);
    for (const cell of this.#finished) if (cell !== undefined) values.learn(cell, 0);
  }

  /** A task can be somewhere. */
  learn(task: number, { most }: Claims, isDone: boolean): void {
    const finished = this.#finished[task];
    if (isDone && finished !== undefined) this.#values.learn(finished, 1);
    for (const { label, cell, byTask } of this.#claims) {
      const claimed = most.get(label) ?? 0;
      if (claimed <= (byTask[task] ?? 0)) continue;
      byTask[task] = claimed;
      const all = byTask.reduce((sum, its) => sum + its, 0);
      for (let value = 1; value <= all; value++) this.#values.learn(cell, value);
    }
  }
}

/** What the tasks' explorers have in common. */
interface Shared {
  readonly values: Values;
  readonly oracle: Oracle;
  readonly others: Others;
  /** How much may still be spent. */
  readonly left: { runs: number; states: number };
  /** Equal things once, by a text: there are many local states, and few that they touch differently. */
  readonly known: {
    readonly elements: Map<string, Elements>;
    readonly changes: Map<string, readonly Change[]>;
    readonly looked: Map<string, readonly number[]>;
  };
}

/** What the runs of a step have found out about elements. */
type Elements = Pick<LocalState, 'touched' | 'passesOnlyAtZero' | 'waitsFor'>;

/** What is known of a local state once its step has been run. */
interface Ran {
  readonly elements: Elements;
  /** Cells of whose values it depends. */
  readonly looked: readonly number[];
  readonly edges: readonly Edge[];
}

/** Goes through the local states of one task. */
class Explorer {
  readonly #task: number;
  readonly #code: Code;
  readonly #text: LocalText;
  readonly #claimsAt: readonly ((L: Int32Array) => Claims)[];
  readonly #shared: Shared;
  readonly #table: LocalTable;
  readonly #claims: Claims[] = [];
  readonly #ran: (Ran | undefined)[] = [];
  /** By local state: when it was run last. */
  readonly #ranAt: number[] = [];
  readonly #slots: Int32Array;
  readonly #edges: Edges;
  readonly #changes: number[] = [];
  // What the runs of the local state in hand have looked at and touched.
  readonly #looked = new Set<number>();
  readonly #touched = new Map<number, number>();
  readonly #waitsFor = new Set<number>();
  readonly #passes = new Set<number>();
  #hasPassed = false;
  #hasWaited = false;
  #zeros: readonly number[] = [];

  constructor(
    task: number,
    code: Code,
    text: LocalText,
    claimsAt: readonly ((L: Int32Array) => Claims)[],
    shared: Shared,
  ) {
    this.#task = task;
    this.#code = code;
    this.#text = text;
    this.#claimsAt = claimsAt;
    this.#shared = shared;
    this.#edges = new Edges(shared.known.changes);
    this.#table = new LocalTable(code.slotMax.length);
    this.#slots = new Int32Array(code.slotMax.length);
  }

  /** The number of a local state. */
  enter(pc: number, slots: Int32Array): number {
    const id = this.#table.number(pc, slots);
    if (id < this.#ranAt.length) return id;
    if (--this.#shared.left.states < 0) throw new TooManyLocalStates();
    const claims = this.#claimsAt[pc]?.(slots);
    if (claims === undefined) throw new Error(`there is no step ${pc}`);
    this.#claims.push(claims);
    this.#ran.push(undefined);
    this.#ranAt.push(-1);
    this.#shared.others.learn(this.#task, claims, pc === this.#code.flow.steps.length);
    return id;
  }

  /** Runs what has not been run since the values that it looks at have become more. @returns whether there was any. */
  round(): boolean {
    let any = false;
    for (let id = 0; id < this.#table.count; id++) {
      if (!this.#isStale(id)) continue;
      any = true;
      this.#run(id);
    }
    return any;
  }

  #isStale(id: number): boolean {
    const ran = this.#ran[id];
    if (ran === undefined) return true;
    const ranAt = this.#ranAt[id]!;
    const { values } = this.#shared;
    for (const cell of ran.looked) if (values.changedAt(cell) > ranAt) return true;
    return false;
  }

  /** Values only become more: so what this finds replaces all that was known of the state. */
  #run(id: number): void {
    const { oracle, values } = this.#shared;
    this.#ranAt[id] = values.tick;
    this.#looked.clear();
    this.#touched.clear();
    this.#waitsFor.clear();
    this.#passes.clear();
    this.#hasPassed = false;
    this.#hasWaited = false;
    this.#edges.clear();
    for (const run of this.#text.runs[this.#table.pc(id)] ?? []) {
      let more = true;
      while (more) {
        if (--this.#shared.left.runs < 0) throw new TooManyLocalStates();
        oracle.begin();
        this.#slots.set(this.#table.values(id));
        try {
          this.#zeros = [];
          this.#note(run(this.#slots, this.#guarded));
        } catch (thrown) {
          if (!(thrown instanceof Infeasible)) throw thrown;
        }
        for (const cell of oracle.given()) this.#looked.add(cell);
        more = oracle.next();
      }
    }
    this.#ran[id] = {
      elements: this.#elements(this.#text.asserted[this.#table.pc(id)] ?? []),
      looked: this.#cellsLookedAt(),
      edges: this.#edges.all,
    };
  }

  readonly #guarded = (): void => {
    const { oracle } = this.#shared;
    const zeros: number[] = [];
    for (let i = 0; i < oracle.touches; i++) {
      const cell = oracle.touched[i]!;
      if (oracle.foundZero(cell)) zeros.push(cell);
    }
    this.#zeros = zeros;
  };

  /** Takes down what a run came to; 0 where its guard did not hold. */
  #note(after: number): void {
    const { oracle } = this.#shared;
    this.#touch();
    if (after === 0) {
      this.#hasWaited = true;
      for (let i = 0; i < oracle.touches; i++) this.#waitsFor.add(oracle.touched[i]!);
      return;
    }
    if (this.#hasPassed) {
      if (this.#passes.size > 0)
        for (const cell of this.#passes) if (!this.#zeros.includes(cell)) this.#passes.delete(cell);
    } else for (const cell of this.#zeros) this.#passes.add(cell);
    this.#hasPassed = true;
    oracle.leave(this.#changes);
    this.#edges.add(this.enter(after - 1, this.#slots), this.#changes);
  }

  #touch(): void {
    const { oracle } = this.#shared;
    for (let i = 0; i < oracle.touches; i++) {
      const cell = oracle.touched[i]!;
      const known = this.#touched.get(cell) ?? 0;
      const how = known | oracle.how(cell);
      if (how !== known) this.#touched.set(cell, how);
    }
  }

  #cellsLookedAt(): readonly number[] {
    const { looked } = this.#shared.known;
    const cells = [...this.#looked];
    const key = cells.join();
    const known = looked.get(key);
    if (known === undefined) looked.set(key, cells);
    return known ?? cells;
  }

  #elements(asserted: readonly number[]): Elements {
    const touched = new Map(this.#touched);
    for (const cell of asserted) touched.set(cell, (touched.get(cell) ?? 0) | READ);
    const { elements } = this.#shared.known;
    const key = `${[...touched].join()}|${[...this.#passes].join()}|${this.#hasWaited ? [...this.#waitsFor].join() : '-'}`;
    let known = elements.get(key);
    if (known === undefined) {
      known = {
        touched,
        passesOnlyAtZero: new Set(this.#passes),
        waitsFor: this.#hasWaited ? new Set(this.#waitsFor) : undefined,
      };
      elements.set(key, known);
    }
    return known;
  }

  found(): readonly LocalState[] {
    return this.#ran.map((ran, id) => {
      if (ran === undefined) throw new Error('a local state has not been run');
      const { texts: claims, varying } = this.#claims[id] ?? NO_CLAIMS;
      return {
        pc: this.#table.pc(id),
        slots: this.#table.values(id),
        ...ran.elements,
        edges: ran.edges,
        claims,
        varying,
      };
    });
  }
}

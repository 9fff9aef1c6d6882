// SPDX-License-Identifier: MIT
import type { Code } from '../program/program.ts';
import type { Values } from './cell_values.ts';
import { type Claims, NO_CLAIMS } from './claims_text.ts';
import { type Edge, Edges } from './edges.ts';
import type { LocalState } from './local_state.ts';
import { LocalTable } from './local_table.ts';
import type { LocalText } from './local_text.ts';
import { type Change, Infeasible, type Oracle, READ } from './oracle.ts';
import type { Others } from './others.ts';

/** The limits of the search for local states are reached. */
export class TooManyLocalStates extends Error {}

/** State that the explorers of all tasks share. */
export interface Shared {
  readonly values: Values;
  readonly oracle: Oracle;
  readonly others: Others;
  /** What is left of the limits. */
  readonly left: { runs: number; states: number };
  /** Interned values, by a text: many local states share few distinct sets. */
  readonly known: {
    readonly elements: Map<string, Elements>;
    readonly changes: Map<string, readonly Change[]>;
    readonly looked: Map<string, readonly number[]>;
  };
}

/** The elements that the runs of a step touched. */
type Elements = Pick<LocalState, 'touched' | 'passesOnlyAtZero' | 'waitsFor'>;

/** Results of running a local state's step. */
interface Ran {
  readonly elements: Elements;
  /** Cells whose values decide it. */
  readonly looked: readonly number[];
  readonly edges: readonly Edge[];
}

/** The search for one task's local states. */
export class Explorer {
  readonly #task: number;
  readonly #code: Code;
  readonly #text: LocalText;
  readonly #claimsAt: readonly ((L: Int32Array) => Claims)[];
  readonly #shared: Shared;
  readonly #table: LocalTable;
  readonly #claims: Claims[] = [];
  readonly #ran: (Ran | undefined)[] = [];
  /** By local state: the tick of its last run. */
  readonly #ranAt: number[] = [];
  readonly #slots: Int32Array;
  readonly #edges: Edges;
  readonly #changes: number[] = [];
  // The cells that the runs of the current local state read and touched.
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

  /** The number of a local state; a new one is queued for running. */
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

  /** Runs every local state whose cells have new values. @returns whether there was one. */
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

  /** Value sets only grow, so the new results replace the old ones. */
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

  /** Records the result of one execution of the step; 0 if its guard did not hold. */
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

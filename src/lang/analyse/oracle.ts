// SPDX-License-Identifier: MIT
import type { Values } from './cell_values.ts';

/** The ways in which a step touches an element of shared memory. */
export const READ = 1;
export const WRITTEN = 2;
/** Changed by a number that does not depend on it, and not read: two such changes commute. */
export const ADDED = 4;
const HOW = READ | WRITTEN | ADDED;

/** Known about an element within a run: its value before, its value now, or a sum to be added to its value. */
const BASE = 8;
const NOW = 16;
const PENDING = 32;

/** Kinds of change in the result of `leave`. */
export const ADDS = 0;
const SETS = 1;

/** A change of an element's value: an addition, or an assignment if the value before is unknown. */
export interface Change {
  readonly cell: number;
  readonly kind: 'add' | 'set';
  readonly by: number;
}

/** An infeasible run: a value or an index is out of its range. */
export class Infeasible extends Error {}
const INFEASIBLE = new Infeasible('a value or an index is out of its range');

/**
 * The values that a step reads, one combination a run, until all combinations are exhausted. `choices` is the current path in the
 * tree of combinations.
 */
export class Oracle {
  /** The cells that the run has touched; `touches` of them are valid. */
  touched = new Int32Array(16);
  touches = 0;
  readonly #values: Values;
  readonly #max: Int32Array;
  readonly #choices: number[] = [];
  readonly #cells: number[] = [];
  #depth = 0;
  #run = 0;
  /** By cell: the last run that touched it. The arrays below hold that run's values. */
  #touchedIn = new Int32Array(0);
  #state = new Uint8Array(0);
  #base = new Int32Array(0);
  #now = new Int32Array(0);
  #pending = new Int32Array(0);
  /** Answers about claims in this run, by threes: cell, element, amount. */
  readonly #claims: number[] = [];

  constructor(values: Values, max: Int32Array) {
    this.#values = values;
    this.#max = max;
  }

  begin(): void {
    const { count } = this.#values;
    if (this.#touchedIn.length < count) {
      this.#touchedIn = new Int32Array(count);
      this.#state = new Uint8Array(count);
      this.#base = new Int32Array(count);
      this.#now = new Int32Array(count);
      this.#pending = new Int32Array(count);
      this.touched = new Int32Array(count);
    }
    this.#run++;
    this.#depth = 0;
    this.touches = 0;
    this.#claims.length = 0;
  }

  /** Goes to the next combination. @returns false after the last. */
  next(): boolean {
    for (let at = this.#choices.length - 1; at >= 0; at--) {
      const choice = this.#choices[at]! + 1;
      if (choice < this.#values.of(this.#cells[at]!).length) {
        this.#choices[at] = choice;
        return true;
      }
      this.#choices.pop();
      this.#cells.pop();
    }
    return false;
  }

  /** The ways in which this run has touched a cell. */
  how(cell: number): number {
    return this.#state[cell]! & HOW;
  }

  /** Whether the run has read 0 from a cell before changing it. */
  foundZero(cell: number): boolean {
    return (this.#state[cell]! & BASE) !== 0 && this.#base[cell] === 0;
  }

  #touch(cell: number, how: number): void {
    if (this.#touchedIn[cell] === this.#run) this.#state[cell]! |= how;
    else {
      this.#touchedIn[cell] = this.#run;
      this.#state[cell] = how;
      this.touched[this.touches++] = cell;
    }
  }

  #known(cell: number): number {
    return this.#touchedIn[cell] === this.#run ? this.#state[cell]! : 0;
  }

  /** The value of a cell on the current path. */
  #choose(cell: number): number {
    if (this.#depth === this.#choices.length) {
      this.#choices.push(0);
      this.#cells.push(cell);
    }
    const value = this.#values.of(cell)[this.#choices[this.#depth++]!];
    if (value === undefined) throw INFEASIBLE;
    return value;
  }

  readonly read = (cell: number): number => {
    const known = this.#known(cell);
    if ((known & NOW) !== 0) {
      this.#state[cell]! |= READ;
      return this.#now[cell]!;
    }
    const base = this.#choose(cell);
    const isPending = (known & PENDING) !== 0;
    const value = isPending ? base + this.#pending[cell]! : base;
    if (value < 0 || value > this.#max[cell]!) throw INFEASIBLE;
    this.#touch(cell, isPending ? READ | WRITTEN | BASE | NOW : READ | BASE | NOW);
    this.#state[cell]! &= ~PENDING;
    this.#base[cell] = base;
    this.#now[cell] = value;
    return value;
  };

  /** The amount that all tasks claim of an element, or whether a task has finished; `cell` says which. */
  readonly claimed = (cell: number, of: number): number => {
    const claims = this.#claims;
    for (let i = 0; i < claims.length; i += 3) if (claims[i] === cell && claims[i + 1] === of) return claims[i + 2]!;
    const value = this.#choose(cell);
    this.#touch(cell, READ);
    claims.push(cell, of, value);
    return value;
  };

  readonly write = (cell: number, value: number): void => {
    if (value < 0 || value > this.#max[cell]!) throw INFEASIBLE;
    this.#touch(cell, WRITTEN | NOW);
    this.#state[cell]! &= ~PENDING;
    this.#now[cell] = value;
  };

  readonly add = (cell: number, by: number): void => {
    const known = this.#known(cell);
    if ((known & NOW) !== 0) this.write(cell, this.#now[cell]! + by);
    else {
      this.#touch(cell, ADDED | PENDING);
      this.#pending[cell] = (known & PENDING) === 0 ? by : this.#pending[cell]! + by;
    }
  };

  readonly index = (value: number, extent: number): number => {
    if (value < 0 || value >= extent) throw INFEASIBLE;
    return value;
  };

  readonly fit = (value: number, max: number): number => {
    if (value < 0 || value > max) throw INFEASIBLE;
    return value;
  };

  /** The cells whose values the run has read, with repetitions. */
  given(): readonly number[] {
    return this.#cells;
  }

  /**
   * Adds the values that the run leaves in shared memory to the possible values of their cells.
   * @param changes receives the changes, by threes: cell, ADDS or SETS, number.
   */
  leave(changes: number[]): void {
    changes.length = 0;
    for (let i = 0; i < this.touches; i++) {
      const cell = this.touched[i]!;
      const state = this.#state[cell]!;
      if ((state & PENDING) !== 0) {
        const by = this.#pending[cell]!;
        this.#values.adds(cell, by);
        changes.push(cell, ADDS, by);
      } else if ((state & (WRITTEN | ADDED)) !== 0) {
        const now = this.#now[cell]!;
        this.#values.learn(cell, now);
        if ((state & BASE) === 0) changes.push(cell, SETS, now);
        else changes.push(cell, ADDS, now - this.#base[cell]!);
      }
    }
  }
}

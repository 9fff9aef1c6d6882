// SPDX-License-Identifier: MIT
import type { Values } from './cell_values.ts';

/** How a step touches an element of shared memory. */
export const READ = 1;
export const WRITTEN = 2;
/** Changed by a number that does not depend on it, and not looked at: two such changes commute. */
export const ADDED = 4;
const HOW = READ | WRITTEN | ADDED;

/** What else is known of an element in a run: what it was before, what it is now, what is to be added to what it is. */
const BASE = 8;
const NOW = 16;
const PENDING = 32;

/** In what `leave` puts down. */
export const ADDS = 0;
const SETS = 1;

/** What a step does to an element's value: adds, or sets it where the value before is not known. */
export interface Change {
  readonly cell: number;
  readonly kind: 'add' | 'set';
  readonly by: number;
}

/** A way that cannot be gone: a value or an index out of its range. */
export class Infeasible extends Error {}
const INFEASIBLE = new Infeasible('a value or an index is out of its range');

/**
 * Runs one step for every combination of values that the cells which it looks at can have. Each run takes the next
 * combination: `choices` is its path in the tree of them.
 */
export class Oracle {
  /** The cells that the run has touched, `touches` of them. */
  touched = new Int32Array(16);
  touches = 0;
  readonly #values: Values;
  readonly #max: Int32Array;
  readonly #choices: number[] = [];
  readonly #cells: number[] = [];
  #depth = 0;
  #run = 0;
  /** By cell: the last run that touched it. What stands in the others is of that run. */
  #touchedIn = new Int32Array(0);
  #state = new Uint8Array(0);
  #base = new Int32Array(0);
  #now = new Int32Array(0);
  #pending = new Int32Array(0);
  /** What the run was told of claims: the cell, of what, how much. */
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

  /** Moves to the next combination. @returns false after the last. */
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

  /** How a cell has been touched in this run. */
  how(cell: number): number {
    return this.#state[cell]! & HOW;
  }

  /** Whether the run has found 0 in a cell before it changed it. */
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

  /** The next of a cell's values on the path. */
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

  /** What all tasks together claim of an element under a label, or whether a task has finished: `cell` says which. */
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

  /** The cells whose values the run has been given, as often as it was. */
  given(): readonly number[] {
    return this.#cells;
  }

  /**
   * Makes the values that the run leaves in shared memory values that others can find there, and puts down what it changed: by threes a
   * cell, whether the number is added to what it was or what it is now, and the number.
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

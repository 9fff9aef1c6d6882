// SPDX-License-Identifier: MIT
/** How a step touches an element of shared memory. */
export const READ = 1;
export const WRITTEN = 2;
/** Changed by a number that does not depend on it, and not looked at: two such changes commute. */
export const ADDED = 4;

/** What a step does to an element's value: adds, or sets it where the value before is not known. */
export interface Change {
  readonly cell: number;
  readonly kind: 'add' | 'set';
  readonly by: number;
}

/** What all tasks together may claim of an element, as far as a step can tell: who notes more is met by the search's own check. */
const CLAIMS = [0, 1, 2];
const MOST_CLAIMED = 2;

/** A way that cannot be gone: a value or an index out of its range. */
export class Infeasible extends Error {}
const INFEASIBLE = new Infeasible('a value or an index is out of its range');

/**
 * Runs one step for every combination of values that the cells which it looks at can have. Each run takes the next
 * combination: `choices` is its path in the tree of them.
 */
export class Oracle {
  readonly values: readonly number[][];
  readonly #max: Int32Array;
  readonly #choices: number[] = [];
  readonly #cells: number[] = [];
  #depth = 0;
  readonly #base = new Map<number, number>();
  readonly #now = new Map<number, number>();
  readonly #pending = new Map<number, number>();
  readonly touched = new Map<number, number>();

  constructor(values: readonly number[][], max: Int32Array) {
    this.values = values;
    this.#max = max;
  }

  begin(): void {
    this.#depth = 0;
    this.#base.clear();
    this.#now.clear();
    this.#pending.clear();
    this.touched.clear();
  }

  /** Moves to the next combination. @returns false after the last. */
  next(): boolean {
    for (let at = this.#choices.length - 1; at >= 0; at--) {
      const choice = (this.#choices[at] ?? 0) + 1;
      if (choice < this.#values(this.#cells[at] ?? 0).length) {
        this.#choices[at] = choice;
        return true;
      }
      this.#choices.pop();
      this.#cells.pop();
    }
    return false;
  }

  #values(cell: number): readonly number[] {
    // Behind the elements of shared memory is what positions mean.
    return cell < this.#max.length ? (this.values[cell] ?? []) : CLAIMS;
  }

  #most(cell: number): number {
    return this.#max[cell] ?? MOST_CLAIMED;
  }

  #touch(cell: number, how: number): void {
    this.touched.set(cell, (this.touched.get(cell) ?? 0) | how);
  }

  /** What a guard has seen: the cells read so far, with their values. */
  seen(): ReadonlyMap<number, number> {
    return new Map(this.#base);
  }

  readonly read = (cell: number): number => {
    const known = this.#now.get(cell);
    if (known !== undefined) {
      this.#touch(cell, READ);
      return known;
    }
    if (this.#depth === this.#choices.length) {
      this.#choices.push(0);
      this.#cells.push(cell);
    }
    const base = this.#values(cell)[this.#choices[this.#depth++] ?? 0];
    if (base === undefined) throw INFEASIBLE;
    const delta = this.#pending.get(cell);
    this.#pending.delete(cell);
    const value = base + (delta ?? 0);
    this.#fit(value, this.#most(cell));
    this.#touch(cell, delta === undefined ? READ : READ | WRITTEN);
    this.#base.set(cell, base);
    this.#now.set(cell, value);
    return value;
  };

  readonly write = (cell: number, value: number): void => {
    this.#fit(value, this.#most(cell));
    this.#pending.delete(cell);
    this.#touch(cell, WRITTEN);
    this.#now.set(cell, value);
  };

  readonly add = (cell: number, by: number): void => {
    const known = this.#now.get(cell);
    if (known === undefined) {
      this.#touch(cell, ADDED);
      this.#pending.set(cell, (this.#pending.get(cell) ?? 0) + by);
    } else this.write(cell, known + by);
  };

  readonly index = (value: number, extent: number): number => {
    if (value < 0 || value >= extent) throw INFEASIBLE;
    return value;
  };

  readonly #fit = (value: number, max: number): void => {
    if (value < 0 || value > max) throw INFEASIBLE;
  };

  readonly fit = (value: number, max: number): number => {
    this.#fit(value, max);
    return value;
  };

  /** What the run did to shared memory, and the values that it leaves there. */
  outcome(): { readonly changes: readonly Change[]; readonly values: readonly (readonly [number, number])[] } {
    const changes: Change[] = [];
    const values: (readonly [number, number])[] = [];
    for (const [cell, how] of this.touched) {
      const pending = this.#pending.get(cell);
      if (pending !== undefined) {
        changes.push({ cell, kind: 'add', by: pending });
        for (const value of this.#values(cell)) {
          const after = value + pending;
          if (after >= 0 && after <= this.#most(cell)) values.push([cell, after]);
        }
      } else if ((how & (WRITTEN | ADDED)) !== 0) {
        const after = this.#now.get(cell) ?? 0;
        const base = this.#base.get(cell);
        changes.push(base === undefined ? { cell, kind: 'set', by: after } : { cell, kind: 'add', by: after - base });
        values.push([cell, after]);
      }
    }
    return { changes, values };
  }
}

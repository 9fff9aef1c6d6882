// SPDX-License-Identifier: MIT

/** The known values of each element: the set only grows. */
export class Values {
  readonly #values: number[][] = [];
  readonly #known: Set<number>[] = [];
  /** By cell: the amounts added to any value of it. */
  readonly #added: Set<number>[] = [];
  readonly #changedAt: number[] = [];
  readonly #max: Int32Array;
  #tick = 0;

  /** @param max of the elements of shared memory; pseudo-cells behind them have no range. */
  constructor(max: Int32Array) {
    this.#max = max;
    this.makeRoom(max.length);
  }

  get count(): number {
    return this.#values.length;
  }

  /** A counter of everything learned. */
  get tick(): number {
    return this.#tick;
  }

  /** Ensures that there are so many cells. */
  makeRoom(count: number): void {
    while (this.#values.length < count) {
      this.#values.push([]);
      this.#known.push(new Set());
      this.#added.push(new Set());
      this.#changedAt.push(0);
    }
  }

  of(cell: number): readonly number[] {
    return this.#values[cell]!;
  }

  /** The `tick` at which a value of a cell was last learned. */
  changedAt(cell: number): number {
    return this.#changedAt[cell]!;
  }

  /** A possible value of a cell. Values out of its range are ignored. */
  learn(cell: number, value: number): void {
    const known = this.#known[cell]!;
    if (known.has(value)) return;
    const todo = [value];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (known.has(next) || next < 0 || next > (this.#max[cell] ?? Number.POSITIVE_INFINITY)) continue;
      known.add(next);
      this.#values[cell]!.push(next);
      this.#changedAt[cell] = ++this.#tick;
      for (const by of this.#added[cell]!) todo.push(next + by);
    }
  }

  /** Some task adds `by` to any value of a cell. */
  adds(cell: number, by: number): void {
    const added = this.#added[cell]!;
    if (added.has(by)) return;
    added.add(by);
    for (const value of this.#values[cell]!) this.learn(cell, value + by);
  }
}

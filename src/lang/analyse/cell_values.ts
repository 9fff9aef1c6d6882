// SPDX-License-Identifier: MIT

/** The known possible values of each element. The sets only grow. */
export class Values {
  readonly #values: number[][] = [];
  readonly #known: Set<number>[] = [];
  /** By cell: numbers that some step adds to its value. */
  readonly #added: Set<number>[] = [];
  readonly #changedAt: number[] = [];
  readonly #max: Int32Array;
  #tick = 0;

  /** @param max largest values of the elements of shared memory; cells behind them have no limit. */
  constructor(max: Int32Array) {
    this.#max = max;
    this.makeRoom(max.length);
  }

  get count(): number {
    return this.#values.length;
  }

  /** The number of values learned so far. */
  get tick(): number {
    return this.#tick;
  }

  /** Grows to this many cells. */
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

  /** The `tick` at which a value of the cell was last learned. */
  changedAt(cell: number): number {
    return this.#changedAt[cell]!;
  }

  /** Adds a possible value of a cell. A value out of its range is ignored. */
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

  /** Adds `by` to the numbers that a step adds to the cell's value. */
  adds(cell: number, by: number): void {
    const added = this.#added[cell]!;
    if (added.has(by)) return;
    added.add(by);
    for (const value of this.#values[cell]!) this.learn(cell, value + by);
  }
}

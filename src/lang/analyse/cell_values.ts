// SPDX-License-Identifier: MIT

/** The values that each element can have, as far as they are known: they only become more. */
export class Values {
  readonly #values: number[][] = [];
  readonly #known: Set<number>[] = [];
  /** By cell: what is added to whatever it holds. */
  readonly #added: Set<number>[] = [];
  readonly #changedAt: number[] = [];
  readonly #max: Int32Array;
  #tick = 0;

  /** @param max of the elements of shared memory; what comes behind them has no range. */
  constructor(max: Int32Array) {
    this.#max = max;
    this.makeRoom(max.length);
  }

  get count(): number {
    return this.#values.length;
  }

  /** Counts whatever is learned. */
  get tick(): number {
    return this.#tick;
  }

  /** Makes sure that there are so many cells. */
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

  /** When it was, by `tick`, that a value of a cell was last learned. */
  changedAt(cell: number): number {
    return this.#changedAt[cell]!;
  }

  /** A value that a cell can have. Values out of its range are none. */
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

  /** Somebody adds `by` to whatever a cell holds. */
  adds(cell: number, by: number): void {
    const added = this.#added[cell]!;
    if (added.has(by)) return;
    added.add(by);
    for (const value of this.#values[cell]!) this.learn(cell, value + by);
  }
}

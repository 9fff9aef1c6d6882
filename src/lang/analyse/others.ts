// SPDX-License-Identifier: MIT
import type { Positions } from './cells.ts';
import type { Values } from './cell_values.ts';
import type { Claims } from './claims_text.ts';
import type { LocalText } from './local_text.ts';

/** The amounts that all tasks may claim, and the tasks that may have finished, as values of pseudo-cells. */
export class Others {
  readonly #values: Values;
  readonly #claims: { readonly label: string | undefined; readonly cell: number; readonly byTask: number[] }[];
  /** By task: the pseudo-cell of whether it has finished; undefined if no step reads it. */
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

  /** Adds a local state that a task can be in. */
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

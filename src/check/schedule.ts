// SPDX-License-Identifier: MIT
import type { Random } from './random.ts';

/** How the next task is chosen in a random walk. */
export type Strategy =
  /** Every possible step has the same probability. */
  | { readonly kind: 'uniform' }
  /**
   * Tasks have random priorities, and the highest one that can step does. `depth` - 1 times in a walk, at random, it
   * falls behind all others except some that have fallen themselves: Burckhardt et al., "A Randomized Scheduler with
   * Probabilistic Guarantees of Finding Bugs" (ASPLOS 2010). With n tasks and walks of k steps, a bug of `depth`
   * orderings is found with a probability of at least 1 / (n k^(depth - 1)), if no task has options.
   */
  | { readonly kind: 'pct'; readonly depth: number };

/** The choices of tasks in one walk. */
export interface Schedule {
  /** Tasks and options, as numbers of `Walkable.moves`, in the order of preference; valid until the next call. */
  readonly order: () => Int32Array;
  /** Records which of them was taken. */
  readonly taken: (move: number) => void;
}

/** @param taskOf by move: its task. */
export class Uniform implements Schedule {
  readonly #random: Random;
  readonly #order: Int32Array;

  constructor(random: Random, taskOf: Int32Array) {
    this.#random = random;
    this.#order = taskOf.map((_, move) => move);
  }

  order(): Int32Array {
    this.#random.shuffle(this.#order);
    return this.#order;
  }

  taken(): void {
    // No effect: every step stays equally probable.
  }
}

export class Pct implements Schedule {
  readonly #random: Random;
  readonly #taskOf: Int32Array;
  readonly #moves: Int32Array;
  readonly #priority: Int32Array;
  /** The steps after which the task that took them gets a low priority, and which priority; nearest last. */
  readonly #changes: { readonly after: number; readonly priority: number }[];
  #step = 0;

  /**
   * @param taskOf by move: its task.
   * @param length expected number of steps of the walk.
   */
  constructor(random: Random, taskOf: Int32Array, depth: number, length: number) {
    this.#random = random;
    this.#taskOf = taskOf;
    this.#moves = taskOf.map((_, move) => move);
    this.#priority = Int32Array.from({ length: Math.max(-1, ...taskOf) + 1 }, (_, task) => task + depth);
    random.shuffle(this.#priority);
    // The order of the two low priorities is random, because some orderings need the one, and some the other.
    this.#changes = Array.from({ length: depth - 1 }, (_, i) => ({
      after: random.below(length),
      priority: i + 1,
    })).toSorted((a, b) => b.after - a.after);
  }

  order(): Int32Array {
    const priority = (move: number): number => this.#priority[this.#taskOf[move]!]!;
    // Options of one task stay in their random order.
    this.#random.shuffle(this.#moves);
    return this.#moves.toSorted((a, b) => priority(b) - priority(a));
  }

  taken(move: number): void {
    for (let next = this.#changes.at(-1); next?.after === this.#step; next = this.#changes.at(-1)) {
      this.#priority[this.#taskOf[move]!] = next.priority;
      this.#changes.pop();
    }
    this.#step++;
  }
}

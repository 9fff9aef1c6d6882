// SPDX-License-Identifier: MIT
import type { Random } from './random.ts';

/** Who decides whose turn it is in a random walk. */
export type Strategy =
  /** Every step that can be taken is as likely as any other. */
  | { readonly kind: 'uniform' }
  /**
   * Tasks have random priorities, the first that can step does, and `depth` - 1 times in a walk, at random, it comes behind all others but
   * some of those to which that happens too: Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (ASPLOS 2010). Of n tasks in a walk of k steps,
   * what takes `depth` orderings of steps is found with a probability of 1 / (n k^(depth - 1)) at least, where no task has options.
   */
  | { readonly kind: 'pct'; readonly depth: number };

/** Decides whose turn it is in one walk. */
export interface Schedule {
  /** Tasks and options, as numbers of `Walkable.moves`, in the order in which they are to be tried; until the next call. */
  readonly order: () => Int32Array;
  /** Told which of them was taken. */
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
    // What was taken changes no odds.
  }
}

export class Pct implements Schedule {
  readonly #random: Random;
  readonly #taskOf: Int32Array;
  readonly #moves: Int32Array;
  readonly #priority: Int32Array;
  /** The steps after which the task that took them gets a low priority, and which; nearest last. */
  readonly #changes: { readonly after: number; readonly priority: number }[];
  #step = 0;

  /**
   * @param taskOf by move: its task.
   * @param length how many steps the walk is likely to take.
   */
  constructor(random: Random, taskOf: Int32Array, depth: number, length: number) {
    this.#random = random;
    this.#taskOf = taskOf;
    this.#moves = taskOf.map((_, move) => move);
    this.#priority = Int32Array.from({ length: Math.max(-1, ...taskOf) + 1 }, (_, task) => task + depth);
    random.shuffle(this.#priority);
    // Which of two is the lower does not depend on which comes first: some orderings need the one, some the other.
    this.#changes = Array.from({ length: depth - 1 }, (_, i) => ({
      after: random.below(length),
      priority: i + 1,
    })).toSorted((a, b) => b.after - a.after);
  }

  order(): Int32Array {
    const priority = (move: number): number => this.#priority[this.#taskOf[move]!]!;
    // Options of one task stay in the order into which chance puts them.
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

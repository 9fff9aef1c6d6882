// SPDX-License-Identifier: MIT
import { numbers } from './numbers.ts';
import type { Strategy } from './strategy.ts';

/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized scheduler with
 * probabilistic guarantees of finding bugs", 2010). The ready task of the highest priority runs; at `depth` - 1 turns,
 * chosen in advance, its priority falls below all others. With n tasks and k turns a run shows a given bug of `depth`
 * orderings with a probability of at least 1 / (n * k^(depth - 1)).
 * @param length expected number of turns of the run.
 */
export function pct(depth: number, seed: number, length: number): Strategy {
  const below = numbers(seed);
  const changes = new Map<number, number>();
  // Priorities 1 to depth - 1 are reserved for the changes, a lower one for each.
  for (let change = 1; change < depth; change++) changes.set(below(Math.max(1, length)), depth - change);
  const priorities = new Map<number, number>();
  let turn = 0;
  const prioritise = (tasks: readonly number[]): void => {
    const shuffled = [...tasks];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] ?? 0, shuffled[i] ?? 0];
    }
    for (const [i, task] of shuffled.entries()) priorities.set(task, depth + i);
  };
  return {
    choose: ({ tasks, ready }) => {
      if (priorities.size === 0) prioritise(tasks);
      const highest = (): number | undefined =>
        tasks.filter(ready).toSorted((a, b) => (priorities.get(b) ?? 0) - (priorities.get(a) ?? 0))[0];
      const chosen = highest();
      const lower = changes.get(turn++);
      if (lower === undefined || chosen === undefined) return chosen;
      priorities.set(chosen, lower);
      return highest();
    },
  };
}

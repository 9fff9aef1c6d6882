// SPDX-License-Identifier: MIT
import { inOrder, type ListedTurn, type Strategy } from '../../src/machine/index.ts';

/**
 * The listed turns as far as they can be taken, then in order. So one list can lead two forms of the check, which need different numbers of
 * steps: a turn of a task that is done or waits is left out, and counted.
 */
export function following(
  turns: readonly ListedTurn[],
  taskNamed: (name: string) => number | undefined,
): { readonly strategy: Strategy; readonly skipped: () => number } {
  const rest = inOrder();
  const each = turns.flatMap(({ task, times }) =>
    Array.from({ length: typeof times === 'number' ? times : 1 }, () => task),
  );
  let [at, skipped] = [0, 0];
  return {
    strategy: {
      choose: (turn) => {
        for (let name = each[at]; name !== undefined; name = each[at]) {
          at++;
          const task = taskNamed(name);
          if (task !== undefined && turn.tasks.includes(task) && turn.ready(task)) return task;
          skipped++;
        }
        return rest.choose(turn);
      },
      // Which turns follow depends on the place in the list too.
      position: () => (at >= each.length ? 0 : undefined),
    },
    skipped: () => skipped,
  };
}

// SPDX-License-Identifier: MIT
import { inOrder, type ListedTurn, type Strategy } from '../../src/machine/index.ts';

/**
 * Takes the listed turns, and then continues in the default order. A turn of a task that is done or waits is skipped and
 * counted. So one list can be used for two forms of the check, which need different numbers of steps.
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
      // The following turns also depend on the position in the list.
      position: () => (at >= each.length ? 0 : undefined),
    },
    skipped: () => skipped,
  };
}

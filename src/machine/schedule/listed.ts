// SPDX-License-Identifier: MIT
import { inOrder } from './in-order.ts';
import { ScheduleMisfit, type Strategy } from './strategy.ts';

/** Turns that an explicit schedule names. */
export interface ListedTurn {
  readonly task: string;
  /** How often in a row. */
  readonly times: number;
  /** What the step is called; any where absent. */
  readonly step?: string | undefined;
}

/**
 * The turns that a list names, one after the other; then in order until all is done.
 * @param taskNamed number of a task; undefined where there is none.
 */
export function listed(list: readonly ListedTurn[], taskNamed: (name: string) => number | undefined): Strategy {
  const rest = inOrder();
  let [at, taken, turn] = [0, 0, 0];
  const next = (): ListedTurn | undefined => {
    while (at < list.length && taken >= (list[at]?.times ?? 0)) [at, taken] = [at + 1, 0];
    return list[at];
  };
  return {
    choose: (around) => {
      const wanted = next();
      if (wanted === undefined) return rest.choose(around);
      turn++;
      const task = taskNamed(wanted.task);
      if (task === undefined)
        throw new ScheduleMisfit(`turn ${turn} is of '${wanted.task}', but there is no such task`);
      if (!around.tasks.includes(task) || !around.ready(task))
        throw new ScheduleMisfit(`turn ${turn} is of ${wanted.task}, which is done or waits`);
      return task;
    },
    took: (_, step) => {
      const wanted = next();
      if (wanted === undefined) return;
      taken++;
      if (wanted.step !== undefined && step !== undefined && wanted.step !== step)
        throw new ScheduleMisfit(`turn ${turn} is '${wanted.step}' of ${wanted.task}, which is at '${step}'`);
    },
  };
}

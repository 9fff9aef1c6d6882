// SPDX-License-Identifier: MIT
import { inOrder } from './in-order.ts';
import { ScheduleMisfit, type Strategy, type Turn } from './strategy.ts';

/** A number of turns in an explicit schedule. */
export interface ListedTurn {
  readonly task: string;
  /**
   * Number of turns in a row; `all` is until the task is done or waits. A place (`@step`, `@routine.step`) is until
   * that is its next step, or the task is done. With `all` and with a place, kworkers take the turns for which it
   * waits.
   */
  readonly times: number | 'all' | `@${string}`;
  /** Name of the step; any step if absent. */
  readonly step?: string | undefined;
}

/**
 * The turns of a list, one after the other; then in order until all tasks are done.
 * @param taskNamed number of a task; undefined if there is none.
 */
export function listed(list: readonly ListedTurn[], taskNamed: (name: string) => number | undefined): Strategy {
  const rest = inOrder();
  let [at, taken, turn] = [0, 0, 0];
  const numberOf = (name: string): number => {
    const task = taskNamed(name);
    if (task === undefined) throw new ScheduleMisfit(`turn ${turn} is of '${name}', but there is no such task`);
    return task;
  };
  /** The task of the entry, or the kworker that works for it; undefined if the entry is used up. */
  const ofEntry = ({ task: name, times }: ListedTurn, around: Turn): number | undefined => {
    if (typeof times === 'number' && taken >= times) return undefined;
    const task = numberOf(name);
    const { tasks, ready, workers, isAt } = around;
    if (typeof times === 'number') {
      if (tasks.includes(task) && ready(task)) return task;
      throw new ScheduleMisfit(`turn ${turn} is of ${name}, which is done or waits`);
    }
    const isReady = tasks.includes(task) && ready(task);
    if (times !== 'all' && isAt(task, times.slice(1))) return undefined;
    return isReady ? task : workers.find(ready);
  };
  return {
    choose: (around) => {
      turn++;
      for (let wanted = list[at]; wanted !== undefined; wanted = list[at]) {
        const task = ofEntry(wanted, around);
        if (task !== undefined) return task;
        [at, taken] = [at + 1, 0];
      }
      return rest.choose(around);
    },
    took: (_, step) => {
      const wanted = list[at];
      if (wanted === undefined) return;
      taken++;
      if (wanted.step !== undefined && step !== undefined && wanted.step !== step)
        throw new ScheduleMisfit(`turn ${turn} is '${wanted.step}' of ${wanted.task}, which is at '${step}'`);
    },
    // An entry with a number of turns ends by itself.
    position: () => (typeof list[at]?.times === 'number' ? undefined : at),
  };
}

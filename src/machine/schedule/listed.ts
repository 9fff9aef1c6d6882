// SPDX-License-Identifier: MIT
import { inOrder } from './in-order.ts';
import { ScheduleMisfit, type Strategy, type Turn } from './strategy.ts';

/** Turns that an explicit schedule names. */
export interface ListedTurn {
  readonly task: string;
  /**
   * How often in a row; `all` is until it is done or waits. A place (`@step`, `@routine.step`) is until its next step is
   * that one, or it is done. With `all` and with a place kworkers take the turns that it waits for.
   */
  readonly times: number | 'all' | `@${string}`;
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
  const numberOf = (name: string): number => {
    const task = taskNamed(name);
    if (task === undefined) throw new ScheduleMisfit(`turn ${turn} is of '${name}', but there is no such task`);
    return task;
  };
  /** The task of the entry, or who works for it; undefined where the entry is used up. */
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

// SPDX-License-Identifier: MIT

/** What a strategy knows when it chooses the next turn. */
export interface Turn {
  /** All tasks that may take turns, in the machine's order: the scenario's threads, then the kworkers. */
  readonly tasks: readonly number[];
  /** Whether a task can take a step now. It costs time: a strategy calls it as rarely as possible. */
  readonly ready: (task: number) => boolean;
  /** Those of `tasks` that only work for others: the kworkers. */
  readonly workers: readonly number[];
  /** Whether a task's next step is at a place: a step's name, or `routine.step` with a routine that contains it. */
  readonly isAt: (task: number, place: string) => boolean;
  /** The task of the previous turn; undefined at the first. */
  readonly last: number | undefined;
}

/** Chooses the turns of one run. A turn is one step of a task. */
export interface Strategy {
  /** @returns undefined if no task is ready. @throws ScheduleMisfit if an explicit schedule does not fit. */
  readonly choose: (turn: Turn) => number | undefined;
  /** Called with the step of the turn; undefined if the turn had none (a call that was refused at once). */
  readonly took?: (task: number, step: string | undefined) => void;
  /**
   * The strategy's own state, as a number: if the machine, the last task and this are equal to earlier ones, the same
   * turns follow. Undefined, or absent, if more than that decides.
   */
  readonly position?: () => number | undefined;
}

/** An explicit schedule names something that cannot happen: it belongs to another scenario, patch or version. */
export class ScheduleMisfit extends Error {
  override readonly name = 'ScheduleMisfit';
}

/** The first ready task after a place in the order, wrapping around once. */
export function firstReadyFrom({ tasks, ready }: Turn, place: number): number | undefined {
  for (let i = 0; i < tasks.length; i++) {
    const task = tasks[(place + i) % tasks.length];
    if (task !== undefined && ready(task)) return task;
  }
  return undefined;
}

// SPDX-License-Identifier: MIT

/** What is known when somebody is to take the next turn. */
export interface Turn {
  /** Everybody who may ever take one, in the machine's order: the scenario's threads, then the kworkers. */
  readonly tasks: readonly number[];
  /** Whether a task can take a step now. Asking costs: a strategy asks no more than it has to. */
  readonly ready: (task: number) => boolean;
  /** Those of `tasks` that only ever work for others: the kworkers. */
  readonly workers: readonly number[];
  /** Whether the next step of a task is that of a place: a step's name, or `routine.step` with a routine that it stands in. */
  readonly isAt: (task: number, place: string) => boolean;
  /** Who took the turn before; undefined at the first. */
  readonly last: number | undefined;
}

/** Decides whose turn it is, one object a run. A turn is one step of a task. */
export interface Strategy {
  /** @returns undefined where nobody is ready. @throws ScheduleMisfit where an explicit schedule does not fit. */
  readonly choose: (turn: Turn) => number | undefined;
  /** Told of the step that was taken in the turn; undefined where the turn had none (a call that was refused at once). */
  readonly took?: (task: number, step: string | undefined) => void;
  /**
   * What it chooses by, besides what it is told of a turn, as a number: where the machine, the last task and this are as they were
   * before, the same turns follow. Undefined, or not there, where more than that decides.
   */
  readonly position?: () => number | undefined;
}

/** An explicit schedule names what cannot happen: it belongs to another scenario, patch or version. */
export class ScheduleMisfit extends Error {
  override readonly name = 'ScheduleMisfit';
}

/** The first ready task behind a place in the order, once around. */
export function firstReadyFrom({ tasks, ready }: Turn, place: number): number | undefined {
  for (let i = 0; i < tasks.length; i++) {
    const task = tasks[(place + i) % tasks.length];
    if (task !== undefined && ready(task)) return task;
  }
  return undefined;
}

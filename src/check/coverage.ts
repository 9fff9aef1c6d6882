// SPDX-License-Identifier: MIT
import type { Observe, Successors, Symmetry } from '../lang/index.ts';

/** A step of a task, with the routines that contain it, outermost first. */
export interface StepOfTask {
  readonly task: number;
  readonly path: readonly string[];
  readonly step: string;
}

/** Steps of the tasks' codes that were taken in some state. */
export interface Coverage {
  readonly steps: number;
  readonly taken: number;
  /** Steps that were never taken, in the order of tasks and places. */
  readonly never: readonly StepOfTask[];
  /** Steps that were taken, in the same order. */
  readonly ever: readonly StepOfTask[];
  /** Observations that some run made, by the place in the text. */
  readonly observed: readonly { readonly task: number; readonly observed: Observe }[];
}

/**
 * Coverage of a search. A step that is inlined at several places of a task counts at each. With symmetry, a step of one
 * task counts as taken for all tasks of its class.
 */
export function coverageOf(
  { places, taken }: Pick<Successors, 'places' | 'taken'>,
  { classes }: Symmetry = { classes: [] },
): Coverage {
  const isTaken = Array.from(taken, (flag) => flag !== 0);
  for (const members of classes) {
    const byTask = members.map(({ task }) => places.flatMap((place, i) => (place.task === task ? [i] : [])));
    for (const same of byTask[0]?.map((_, at) => byTask.flatMap((of) => of[at] ?? [])) ?? []) {
      const any = same.some((i) => isTaken[i]);
      for (const i of same) isTaken[i] = any;
    }
  }
  const all = places.flatMap(({ task, step, observed }, i) =>
    observed === undefined ? [{ of: { task, path: step.path, step: step.name }, isTaken: isTaken[i] }] : [],
  );
  const [ever, never] = [true, false].map((wanted) =>
    all.flatMap(({ of, isTaken: was }) => (was === wanted ? [of] : [])),
  );
  const seen = places.flatMap(({ task, observed }, i) =>
    observed !== undefined && isTaken[i] === true ? [{ task, observed }] : [],
  );
  return { steps: all.length, taken: ever?.length ?? 0, never: never ?? [], ever: ever ?? [], observed: seen };
}

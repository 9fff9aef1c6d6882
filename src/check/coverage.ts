// SPDX-License-Identifier: MIT
import type { Observe, Successors, Symmetry } from '../lang/index.ts';

/** A step of a task, by the routines that it stands in, outermost first. */
export interface StepOfTask {
  readonly task: number;
  readonly path: readonly string[];
  readonly step: string;
}

/** Which steps of the tasks' codes were taken in any state. */
export interface Coverage {
  readonly steps: number;
  readonly taken: number;
  /** Those that were never taken, in the order of tasks and places. */
  readonly never: readonly StepOfTask[];
  /** Those that were, likewise. */
  readonly ever: readonly StepOfTask[];
  /** What was observed on any run, by the place in the text. */
  readonly observed: readonly { readonly task: number; readonly observed: Observe }[];
}

/**
 * What a search has covered. A step that stands at several places of a task, inlined more than once, counts at each. Where
 * one state stands for others, a step counts as taken for all tasks of a class that has one which took it.
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

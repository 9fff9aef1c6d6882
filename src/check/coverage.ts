// SPDX-License-Identifier: MIT
import type { Successors } from '../lang/index.ts';

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
}

/** What a search has covered. A step that stands at several places of a task, inlined more than once, counts at each. */
export function coverageOf({ places, taken }: Pick<Successors, 'places' | 'taken'>): Coverage {
  const all = places.map(({ task, step }, i) => ({
    of: { task, path: step.path, step: step.name },
    isTaken: taken[i] === 1,
  }));
  const [ever, never] = [true, false].map((wanted) =>
    all.flatMap(({ of, isTaken }) => (isTaken === wanted ? [of] : [])),
  );
  return { steps: places.length, taken: ever?.length ?? 0, never: never ?? [], ever: ever ?? [] };
}

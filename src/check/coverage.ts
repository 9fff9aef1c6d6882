// SPDX-License-Identifier: MIT
import type { Successors } from '../lang/index.ts';

/** A step that was never taken, by the routines that it stands in, outermost first. */
export interface NeverTaken {
  readonly task: number;
  readonly path: readonly string[];
  readonly step: string;
}

/** Which steps of the tasks' codes were taken in any state. */
export interface Coverage {
  readonly steps: number;
  readonly taken: number;
  /** In the order of tasks and places. */
  readonly never: readonly NeverTaken[];
}

/** What a search has covered. A step that stands at several places of a task, inlined more than once, counts at each. */
export function coverageOf({ places, taken }: Pick<Successors, 'places' | 'taken'>): Coverage {
  const never = places.flatMap(({ task, step }, i) =>
    taken[i] === 0 ? [{ task, path: step.path, step: step.name }] : [],
  );
  return { steps: places.length, taken: places.length - never.length, never };
}

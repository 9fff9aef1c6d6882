// SPDX-License-Identifier: MIT
import type { Coverage as Places, StepOfTask } from '../check/index.ts';
import type { Coverage, NeverTaken } from './answer.ts';

/** The routine that contains a step; undefined if the step is in a system call's own text. */
const routineOf = ({ path }: StepOfTask): string => path.at(-1) ?? '';

/**
 * Coverage by routine. A routine is inlined at each call, by every task; a step counts as taken if it was taken at one
 * of these places.
 */
export function coveredBy({ never, ever }: Places): Coverage {
  const taken = stepsByRoutine(ever);
  const left = stepsByRoutine(never);
  const rows = [...left].flatMap(([routine, steps]): readonly NeverTaken[] => {
    const here = taken.get(routine) ?? new Set();
    const missing = [...steps].filter((step) => !here.has(step));
    return missing.length === 0 ? [] : [{ routine, steps: missing, whole: here.size === 0 }];
  });
  const count = (of: ReadonlyMap<string, ReadonlySet<string>>): number =>
    [...of.values()].reduce((sum, { size }) => sum + size, 0);
  const missing = rows.reduce((sum, { steps }) => sum + steps.length, 0);
  return { steps: count(taken) + missing, taken: count(taken), never: rows };
}

function stepsByRoutine(places: readonly StepOfTask[]): ReadonlyMap<string, Set<string>> {
  const routines = new Map<string, Set<string>>();
  for (const place of places) {
    const routine = routineOf(place);
    const steps = routines.get(routine) ?? new Set();
    routines.set(routine, steps.add(place.step));
  }
  return routines;
}

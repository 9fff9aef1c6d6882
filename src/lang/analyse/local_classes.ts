// SPDX-License-Identifier: MIT
import type { Footprints } from './footprint.ts';
import { futuresOf } from './futures.ts';
import { count } from './task_set.ts';
import type { TaskView } from './task_view.ts';

/** Limit of the comparison: local states times sets of locks. */
const MOST_COMPARED = 4_000_000;

/**
 * Equivalence classes of a task's local states, for choosing persistent sets. Equivalent states have the same next footprint,
 * hold and wait for the same locks, and have the same future whichever locks others hold. If there are too many states to
 * compare, each is a class of its own.
 */
export function classesOf(
  view: Omit<TaskView, 'classOf' | 'classes'>,
  footprints: Footprints,
): Pick<TaskView, 'classOf' | 'classes'> {
  const { next, guard, held, stopsAt, flags, everStopsAt } = view;
  const sets = subsetsOf(everStopsAt, MOST_COMPARED / next.length);
  if (sets === undefined) {
    return { classOf: next.map((_, id) => id), classes: next.length };
  }
  const told = [next, guard, held, stopsAt, flags, ...sets.map((closed) => futuresOf(view, closed, footprints))];
  const known = new Map<number, number>();
  // Refined by one property after the other: the key is the class so far, and the property.
  let classOf = new Int32Array(next.length);
  for (const by of told) {
    known.clear();
    const finer = new Int32Array(next.length);
    for (let id = 0; id < next.length; id++) {
      const key = classOf[id]! * 2 ** 32 + (by[id]! >>> 0);
      let number = known.get(key);
      if (number === undefined) known.set(key, (number = known.size));
      finer[id] = number;
    }
    classOf = finer;
  }
  return { classOf, classes: known.size };
}

/** All subsets of these locks; undefined if there are more than `most`. */
function subsetsOf(locks: number, most: number): readonly number[] | undefined {
  if (2 ** count(locks) > most) return undefined;
  const sets = [0];
  for (let set = (0 - locks) & locks; set !== 0; set = (set - locks) & locks) sets.push(set);
  return sets;
}

/** A property of local states that all members of a class share, by class. */
export function ofClasses<T extends Int32Array | Uint8Array>(of: T, classOf: Int32Array, classes: T): T {
  for (let id = 0; id < of.length; id++) classes[classOf[id]!] = of[id]!;
  return classes;
}

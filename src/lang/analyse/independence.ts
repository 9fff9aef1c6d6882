// SPDX-License-Identifier: MIT
import type { Memory } from '../program/memory.ts';
import type { Code, Program } from '../program/program.ts';
import type { Value } from '../text/expression.ts';
import { simplify } from '../text/simplify.ts';
import { Positions } from './cells.ts';
import { headsIn } from './cycle_heads.ts';
import { elementsOf } from './elements.ts';
import { Footprints } from './footprint.ts';
import { classesOf } from './local_classes.ts';
import { localStates } from './local_states.ts';
import { TooManyLocalStates } from './local_explorer.ts';
import type { LocalState } from './local_state.ts';
import { findLocks } from './locks.ts';
import { type Terms, termsOf } from './property_terms.ts';
import { stays } from './staying.ts';
import type { Symmetry } from './symmetry.ts';
import { CLOSES_CYCLE, type Dependences, STAYS } from './task_view.ts';

/** Limits of the search for local states: some seconds. Each state costs a kilobyte. */
const MOST = { runs: 16_000_000, states: 200_000 };
/** Most tasks: a set of them is a small integer. */
const MOST_TASKS = 30;

/** The local states of a program's tasks, and what their steps depend on. */
export interface Independence {
  readonly tasks: readonly (readonly LocalState[])[];
  readonly dependences: Dependences;
}

/**
 * The analysis for choosing persistent sets (`Choice`). A set of tasks T is persistent in a state if two things hold
 * for everything that the other tasks can do without T, however long: it conflicts with no step that T can take now,
 * and it enables no waiting task of T. What a task can do follows from its local state: everything reachable in the
 * graph of its local states, but nothing behind a lock that a task of T holds. Every cycle of states contains a state
 * in which all steps are taken, because every cycle of a task's local states contains one whose step is only taken with
 * all others.
 *
 * @param symmetry of a search that keeps one state for all equivalent ones. A task may then continue as another member
 * of its class, so the steps that are only taken with all others must be the same for all members.
 * @returns undefined if there are too many local states.
 * @example
 * import {
 *   buildCode,
 *   createMemory,
 *   FUSABLE,
 *   independence,
 *   int,
 *   Interpreter,
 *   program,
 *   sharedScalar,
 * } from 'folioscope/lang';
 * const [a, b] = [sharedScalar('a', int(1)), sharedScalar('b', int(1))];
 * const sizes = { task: 2 };
 * const [first, second] = [a, b].map((of) => buildCode('set', null, sizes, 0, (k) => k.step('set', () => of.set(1))));
 * const apart = program(sizes, [a, b], [first!, second!]);
 * const memory = createMemory(apart);
 * const interpreter = new Interpreter(apart, memory);
 * for (const task of [0, 1]) interpreter.start(task, task);
 * // Each task has two local states: before and after its step. Which steps are enough in a state, `Successors.choose` says;
 * // with FUSABLE set, no state is kept between the step and the next.
 * independence(apart, [0, 1], memory, [])?.tasks.map((states) => states.length); // => [2, 2]
 * FUSABLE > 2 ** 29; // => true
 */
export function independence(
  program: Program,
  codeOf: readonly number[],
  initial: Memory,
  properties: readonly Value<'bool'>[],
  sometimes: readonly Value<'bool'>[] = [],
  symmetry: Symmetry = { classes: [] },
): Independence | undefined {
  if (codeOf.length > MOST_TASKS) return undefined;
  const codes = codeOf.map((number) => {
    const code = program.codes[number];
    if (code === undefined) throw new Error(`no code ${number}`);
    return code;
  });
  let terms: Terms | undefined;
  let found: ReturnType<typeof localStates>;
  try {
    found = localStates(
      program,
      codeOf,
      initial,
      (cells) => {
        const positions = new Positions(cells.count);
        const [always, once] = [properties, sometimes].map((of) => of.map(({ expr }) => simplify(expr, program.sizes)));
        terms = termsOf(always ?? [], once ?? [], cells, positions);
        return positions;
      },
      MOST,
    );
  } catch (thrown) {
    if (thrown instanceof TooManyLocalStates) return undefined;
    throw thrown;
  }
  if (terms === undefined) throw new Error('the properties have not been looked at');
  return { tasks: found.tasks, dependences: dependencesOf(codes, found, terms, symmetry) };
}

function dependencesOf(
  codes: readonly Code[],
  found: ReturnType<typeof localStates>,
  terms: Terms,
  symmetry: Symmetry,
): Dependences {
  const locks = findLocks(found);
  const elements = elementsOf(codes, found, terms);
  const footprints = new Footprints(elements.count);
  const heads = headsIn(found.tasks, symmetry);
  const views = found.tasks.map((states, task) => {
    const code = codes[task];
    if (code === undefined) throw new Error(`no task ${task}`);
    const stopsAt = Int32Array.from(states, ({ waitsFor, passesOnlyAtZero }) =>
      waitsFor === undefined
        ? 0
        : locks.reduce((set, { cell }, i) => (passesOnlyAtZero.has(cell) ? set | (1 << i) : set), 0),
    );
    const staysAt = Array.from({ length: code.flow.steps.length + 1 }, (_, pc) => stays(code, pc));
    const edges = new Int32Array(states.length + 1);
    for (const [id, state] of states.entries()) edges[id + 1] = (edges[id] ?? 0) + state.edges.length;
    return {
      edges,
      to: Int32Array.from(states.flatMap((state) => state.edges.map(({ to }) => to))),
      next: Int32Array.from(states, (state) => footprints.number(elements.footprint(footprints, task, states, state))),
      guard: Int32Array.from(states, ({ waitsFor = [] }) => footprints.number(footprints.make(waitsFor, [], []))),
      held: Int32Array.from(states, (_, id) =>
        locks.reduce(
          (set, { held }, i) => ((held[task]?.[id] ?? 0) > 0 && held[task]?.[id] !== 255 ? set | (1 << i) : set),
          0,
        ),
      ),
      stopsAt,
      flags: Uint8Array.from(
        states,
        ({ pc }, id) => (heads[task]?.has(id) === true ? CLOSES_CYCLE : 0) | (staysAt[pc] === true ? STAYS : 0),
      ),
      everStopsAt: stopsAt.reduce((set, locksHere) => set | locksHere, 0),
    };
  });
  const all = [...footprints.all];
  return {
    views: views.map((view) => ({ ...view, ...classesOf(view, new Footprints(elements.count, all)) })),
    elements: elements.count,
    footprints: all,
  };
}

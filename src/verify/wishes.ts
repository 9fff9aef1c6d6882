// SPDX-License-Identifier: MIT
import { RESULTS } from '../kernel/index.ts';
import { domain, int, literal, type Program, type Property, shared } from '../lang/index.ts';
import type { Event, Scenario, Wish } from '../scenario/index.ts';
import { leavesEarly } from './early-exit.ts';
import { LEFT_EARLY } from './premises.ts';
import type { SmallWorld } from './small-world.ts';
import type { Watch } from './watch.ts';

/** What each task's last call came to, plus one, of those that are explored: `before` leaves results too. */
const returned = shared('noted.returned', [domain('task')], int(RESULTS.length));

/** What a scenario wants to see happen under a form of the check. */
export const wishesOf = ({ check }: Scenario, patch: string): readonly Wish[] =>
  check.sometimes.byPatch.get(patch) ?? check.sometimes.every;

/** A wish as the file says it. */
const wishText = ({ machine }: Scenario, wish: Wish): string =>
  'event' in wish ? wish.event : `${machine.tasks[wish.task]?.name}: ${wish.result}`;

/** Wishes that conditions on states tell of, and what has to be noted for them. */
export function watchingWishes(
  program: Program,
  { scenario, patch }: SmallWorld,
): { readonly program: Program; readonly watch: Watch; readonly sometimes: readonly Property[] } {
  const results = wishesOf(scenario, patch.name).flatMap((wish) => ('event' in wish ? [] : [wish]));
  const tasks = new Set(results.map(({ task }) => task));
  const early = leavesEarly(program, LEFT_EARLY);
  return {
    program: tasks.size === 0 ? program : { ...program, variables: [...program.variables, returned.variable] },
    watch: {
      returns: ({ task, result }) =>
        tasks.has(task) ? [{ kind: 'assign', place: returned.at(task).expr, value: result.plus(1).expr }] : [],
    },
    sometimes: [
      ...(early === undefined ? [] : [early]),
      ...results.map((wish) => ({
        name: wishText(scenario, wish),
        holds: returned.at(wish.task).eq(literal(RESULTS.indexOf(wish.result) + 1)),
      })),
    ],
  };
}

/** The wishes that did not come true. */
export function unfulfilled(
  { scenario, patch }: SmallWorld,
  seen: ReadonlySet<Event>,
  unreached: readonly string[],
): readonly string[] {
  return wishesOf(scenario, patch.name).flatMap((wish) => {
    const text = wishText(scenario, wish);
    if (!('event' in wish)) return unreached.includes(text) ? [text] : [];
    return seen.has(wish.event) ? [] : [text];
  });
}

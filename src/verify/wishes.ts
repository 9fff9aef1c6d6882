// SPDX-License-Identifier: MIT
import { RESULTS, RETURNED } from '../kernel/index.ts';
import { domain, int, literal, shared } from '../lang/index.ts';
import type { Event, Scenario, Wish } from '../scenario/index.ts';
import type { Composer } from './composer.ts';
import { note, on } from './observing.ts';
import type { SmallWorld } from './small-world.ts';

/** By task: the result of its last explored call, plus one; `before` leaves results too. */
const returned = shared('noted.returned', [domain('task')], int(RESULTS.length));

/** A scenario's `sometimes` under a form of the check. */
export const wishesOf = ({ check }: Scenario, patch: string): readonly Wish[] =>
  check.sometimes.byPatch.get(patch) ?? check.sometimes.every;

/** A `sometimes` entry in the file's words. */
const wishText = ({ machine }: Scenario, wish: Wish): string =>
  'event' in wish ? wish.event : `${machine.tasks[wish.task]?.name}: ${wish.result}`;

/** Adds the conditions on states for `sometimes`. */
export function askForWishes(composer: Composer, { scenario, patch }: SmallWorld): void {
  const results = wishesOf(scenario, patch.name).flatMap((wish) => ('event' in wish ? [] : [wish]));
  if (results.length === 0) return;
  const tasks = new Set(results.map(({ task }) => task));
  composer.share(returned.variable);
  composer.watch(
    on(RETURNED, (said, { task, call }) =>
      call !== undefined && tasks.has(task) ? [note(returned.at(task), said('result').plus(1))] : [],
    ),
  );
  composer.sometimes.push(
    ...results.map((wish) => ({
      name: wishText(scenario, wish),
      holds: returned.at(wish.task).eq(literal(RESULTS.indexOf(wish.result) + 1)),
    })),
  );
}

/** The `sometimes` entries that no run satisfied. */
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

// SPDX-License-Identifier: MIT
import type { Coverage } from '../check/index.ts';
import type { Event, PropertyId } from '../scenario/index.ts';
import type { SmallWorld } from './small-world.ts';
import { type Moment, type Watch, watched } from './watch.ts';

/** The name under which a question asks whether somebody ever leaves a drain of all early: no step shows it alone. */
export const LEFT_EARLY = 'left-early';

const keyOf = (task: number, path: readonly string[], step: string): string => [task, ...path, step].join('/');

/** The steps in which events happen, told by their routines. */
export type Events = ReadonlyMap<Event, ReadonlySet<string>>;

export function eventsIn(world: SmallWorld): Events {
  const events = new Map<Event, Set<string>>();
  const happens = (event: Event, { task, step }: Moment): readonly [] => {
    const known = events.get(event) ?? new Set();
    events.set(event, known.add(keyOf(task, step.path, step.name)));
    return [];
  };
  const watch: Watch = {
    looks: (moment) => happens('checked', moment),
    refuses: (moment) => happens('refused', moment),
    drains: (moment) => happens(moment.which === 'local' ? 'drained-locally' : 'drained-all', moment),
    stores: (moment) => happens('converted', moment),
  };
  watched(world.program, world, [watch]);
  return events;
}

/**
 * What happened on any run.
 * @param mayLeave whether somebody may leave a drain early, and was watched.
 */
export function happened(
  events: Events,
  { ever }: Coverage,
  { unreached, mayLeave }: { readonly unreached: readonly string[]; readonly mayLeave: boolean },
): ReadonlySet<Event> {
  const taken = new Set(ever.map(({ task, path, step }) => keyOf(task, path, step)));
  const seen = [...events].flatMap(([event, steps]) => ([...steps].some((step) => taken.has(step)) ? [event] : []));
  return new Set<Event>(mayLeave && !unreached.includes(LEFT_EARLY) ? [...seen, LEFT_EARLY] : seen);
}

/** Without what a property says nothing, and how that is told. */
const PREMISES: Readonly<Partial<Record<PropertyId, readonly [Event, string]>>> = {
  I1: ['converted', 'no attribute is ever stored'],
  I2: ['refused', 'no page is ever refused'],
  'I2/SC-20': ['refused', 'no page is ever refused'],
  'I2/SC-21': ['refused', 'no page is ever refused'],
  I3: ['checked', 'the check never looks at a page'],
  I4: ['refused', 'no page is ever refused'],
  'I4/SC-17': ['refused', 'no page is ever refused'],
  I9: [LEFT_EARLY, 'no drain is ever left early'],
};

/** Why it says nothing that a property holds; undefined where it says something. */
export function vacuous(id: PropertyId, seen: ReadonlySet<Event>): string | undefined {
  const premise = PREMISES[id];
  return premise === undefined || seen.has(premise[0]) ? undefined : premise[1];
}

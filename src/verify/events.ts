// SPDX-License-Identifier: MIT
import type { Coverage } from '../check/index.ts';
import { CHECK, DRAIN_ALL, DRAIN_LEFT_EARLY, DRAIN_LOCAL, REFUSED, STORED } from '../kernel/index.ts';
import type { Mark } from '../lang/index.ts';
import { type Event, EVENTS } from '../scenario/index.ts';
import { callAt, isConversion } from './observing.ts';
import type { SmallWorld } from './small-world.ts';

/** The marks that show events; `anywhere`: not only in conversions. */
const MARKS: Readonly<Record<Event, { readonly mark: Mark; readonly anywhere?: true }>> = {
  checked: { mark: CHECK },
  refused: { mark: REFUSED },
  'drained-locally': { mark: DRAIN_LOCAL },
  'drained-all': { mark: DRAIN_ALL },
  converted: { mark: STORED },
  'left-early': { mark: DRAIN_LEFT_EARLY, anywhere: true },
};

/** The marks whose coverage shows events. */
export const EVENT_MARKS: ReadonlySet<Mark> = new Set(Object.values(MARKS).map(({ mark }) => mark));

/** Events that happened on some run. */
export function happened(world: SmallWorld, { observed: seen }: Coverage): ReadonlySet<Event> {
  const events = new Set<Event>();
  for (const { task, observed } of seen) {
    const call = callAt(world, task, observed.at);
    const converts = call !== undefined && isConversion(call);
    for (const event of EVENTS) {
      const { mark, anywhere } = MARKS[event];
      if (mark === observed.mark && (converts || anywhere === true)) events.add(event);
    }
  }
  return events;
}

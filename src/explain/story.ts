// SPDX-License-Identifier: MIT
import type { Cpu } from '../ledger/index.ts';
import type { CpuBatch } from './batch.ts';
import type { Gap } from './gap.ts';
import type { Conversions } from './conversions.ts';
import type { Creations } from './creations.ts';
import type { Drains } from './drains.ts';
import type { EventOrder } from './follow/event-order.ts';
import type { SeenEvents } from './follow/seen-events.ts';
import type { Strays } from './follow/strays.ts';
import type { Inodes } from './inodes.ts';
import type { Moments } from './moments.ts';
import type { Surroundings } from './state/surroundings.ts';

/** Results of one pass over the events of a recording: the basis of all answers. */
export interface Story {
  readonly moments: Moments;
  readonly inodes: Inodes;
  readonly conversions: Conversions;
  readonly creations: Creations;
  readonly drains: Drains;
  readonly batches: ReadonlyMap<Cpu, CpuBatch>;
  readonly gaps: readonly Gap[];
  /** The kinds of events that it has. */
  readonly seen: SeenEvents;
  /** Folios with unrecorded events. */
  readonly strays: Strays;
  readonly order: EventOrder;
}

/** A full batch is always flushed: if a batch filled up again and no insertion was recorded, that event was off. */
export const isBlind = ({ seen: { filledUnseen, anyInsertion } }: Story): boolean => filledUnseen && !anyInsertion;

/** Why it is unknown for every folio whether it waits. */
export function doubtOf(story: Story): Surroundings['doubt'] {
  if (isBlind(story)) return 'no insertions';
  if (story.order.late !== undefined) return 'not sorted';
  return story.seen.anyInsertion ? undefined : 'no insertion seen';
}

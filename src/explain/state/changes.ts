// SPDX-License-Identifier: MIT
import { type Nanoseconds, nanoseconds } from '../../ledger/index.ts';
import type { Flush } from '../flush.ts';
import type { Generation } from '../generation.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Reports every time at which the place of a folio (`standingAt`) may change: between two of them it is unchanged.
 * Changes for all folios at once are excluded.
 */
export function eachChange(folio: Generation, around: Surroundings, tell: (at: Nanoseconds) => void): void {
  const { add, insertion, deletedAt, doubtedAt, references, referencesBefore, putbacks, seenAt, releasedAt } = folio;
  const { flush, gap } = folio;
  event(add?.at, around, tell);
  event(insertion?.at, around, tell);
  event(deletedAt, around, tell);
  if (doubtedAt !== undefined) tell(doubtedAt);
  if (releasedAt !== undefined) tell(releasedAt);
  if (flush !== undefined) flushChanges(flush, tell);
  for (const putback of putbacks) {
    tell(putback.from);
    event(putback.insertion.at, around, tell);
    flushChanges(putback.flush, tell);
  }
  if (references !== undefined) tell(references.from);
  for (const { from } of referencesBefore) tell(from);
  if (gap !== undefined) {
    if (gap.from !== undefined) tell(gap.from);
    if (gap.flushedAt !== undefined) tell(gap.flushedAt);
  }
  const refused = around.refusedAt(folio);
  if (refused !== undefined) tell(nanoseconds(refused + 1n));
  // A recorded delete shows that the folio was there until then.
  if (deletedAt !== undefined && seenAt >= deletedAt) return;
  if (!around.showsDeletes) tell(nanoseconds(seenAt + 1n));
  const lost = around.losses.after(seenAt);
  if (lost !== undefined) tell(lost);
}

/** If equal stamps have no order, an event is doubtful in its own tick. */
function event(at: Nanoseconds | undefined, { isCoarse }: Surroundings, tell: (at: Nanoseconds) => void): void {
  if (at === undefined) return;
  tell(at);
  if (isCoarse) tell(nanoseconds(at + 1n));
}

function flushChanges({ over, lastSure, latestEnd }: Flush, tell: (at: Nanoseconds) => void): void {
  if (over !== undefined) tell(over);
  if (lastSure !== undefined) tell(lastSure);
  if (latestEnd !== undefined && (over === undefined || over > latestEnd)) tell(latestEnd);
}

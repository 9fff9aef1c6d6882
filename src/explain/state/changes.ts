// SPDX-License-Identifier: MIT
import { type Nanoseconds, nanoseconds } from '../../ledger/index.ts';
import type { Flush } from '../batch.ts';
import type { AskedInode, Surroundings } from './surroundings.ts';

/**
 * When an inode's state may change next after `at`: the first time, or some time up to `to` where there is one.
 * Undefined where nothing changes any more.
 */
export function nextChange(
  inode: AskedInode,
  at: Nanoseconds,
  to: Nanoseconds,
  around: Surroundings,
): Nanoseconds | undefined {
  let next: Nanoseconds | undefined;
  const consider = (time: Nanoseconds | undefined): void => {
    if (time !== undefined && time > at && (next === undefined || time < next)) next = time;
  };
  const after = (time: Nanoseconds | undefined): void => {
    consider(time);
    if (time !== undefined) consider(nanoseconds(time + 1n));
  };
  const ofFlush = (flush: Flush | undefined): void => {
    if (flush === undefined || (flush.over !== undefined && flush.over <= at)) return;
    consider(flush.over);
    consider(flush.lastSure);
    consider(flush.latestEnd);
  };
  for (const gap of around.gaps) {
    after(gap.from);
    after(gap.to);
    consider(gap.flushedAt);
  }
  for (const { firstFlush } of around.batches.values()) consider(firstFlush);
  consider(around.drainedAt);
  consider(around.flushedLater);
  // What came last is the likeliest to have changed.
  for (let place = inode.folios.length - 1; place >= 0; place--) {
    if (next !== undefined && next <= to) return next;
    const folio = inode.folios[place];
    if (folio === undefined) continue;
    const { add, insertion, deletedAt, doubtedAt, references, referencesBefore, putbacks, seenAt, releasedAt } = folio;
    if (deletedAt !== undefined && deletedAt < at) continue;
    after(add?.at);
    after(insertion?.at);
    after(deletedAt);
    after(seenAt);
    consider(doubtedAt);
    consider(releasedAt);
    ofFlush(folio.flush);
    for (const putback of putbacks) {
      after(putback.from);
      after(putback.insertion.at);
      ofFlush(putback.flush);
    }
    consider(references?.from);
    for (const { from } of referencesBefore) consider(from);
    after(around.refusedAt(folio));
  }
  return next;
}

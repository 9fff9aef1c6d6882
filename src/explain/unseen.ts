// SPDX-License-Identifier: MIT
import type { FolioIndex, Ledger, Nanoseconds } from '../ledger/index.ts';
import type { ConversionCall, IndexRange, Unseen } from './answer.ts';

export const EAGAIN = -11;

/**
 * What would refuse a conversion at a moment although nothing that is known does.
 * @param folios all that are known; `isOlder`: others may be there.
 */
export function unseenAt(
  at: Nanoseconds,
  {
    folios,
    range,
    isOlder,
  }: { readonly folios: Ledger; readonly range: IndexRange | undefined; readonly isOlder: boolean },
  calls: readonly ConversionCall[],
): Unseen | undefined {
  const asked = folios.filter(isWithin(range));
  if (asked.length > 0 ? asked.every(({ strength }) => strength === 'proved') : !isOlder) return undefined;
  const call = standing(calls, at);
  return call === undefined ? { what: 'unrecorded references' } : { what: 'refused call', at: call.at };
}

/** Whether some page of a folio is in a range. */
export const isWithin =
  (range: IndexRange | undefined) =>
  ({ index, order }: { readonly index: FolioIndex; readonly order: number }): boolean =>
    range === undefined || (index < range.to && index + 2 ** order > range.from);

/** The last call up to a moment that was refused unseen, unless one of the same file has succeeded since. */
function standing(calls: readonly ConversionCall[], at: Nanoseconds): ConversionCall | undefined {
  const done = calls.filter(({ until }) => until !== undefined && until <= at);
  const last = done.findLastIndex(({ unexplained }) => unexplained);
  const refused = done[last];
  return done.slice(last + 1).some(({ fd, returned }) => fd === refused?.fd && returned === 0) ? undefined : refused;
}

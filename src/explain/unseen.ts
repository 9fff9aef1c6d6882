// SPDX-License-Identifier: MIT
import type { FolioIndex, Ledger, Nanoseconds } from '../ledger/index.ts';
import type { ConversionCall, IndexRange, Unseen } from './answer.ts';

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
  if (folios.some(isWithin(range)) ? areProved(folios, range) : !isOlder) return undefined;
  const call = standing(calls, at);
  return call === undefined ? { what: 'unrecorded references' } : { what: 'refused call', at: call.at };
}

/** Whether of every folio of a range all references are known. */
export function areProved(folios: Ledger, range: IndexRange | undefined): boolean {
  const isAsked = isWithin(range);
  return folios.every((folio) => folio.strength === 'proved' || !isAsked(folio));
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

// SPDX-License-Identifier: MIT
import type { FolioIndex, Ledger, Nanoseconds } from '../ledger/index.ts';
import type { ConversionCall, IndexRange, Unseen } from './answer.ts';

/**
 * References that would refuse a conversion at a moment although no known one does.
 * @param folios all known folios; `isOlder`: others may exist.
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

/** Whether all references of every folio of a range are known. */
export function areProved(folios: Ledger, range: IndexRange | undefined): boolean {
  const isAsked = isWithin(range);
  return folios.every((folio) => folio.strength === 'proved' || !isAsked(folio));
}

/** Whether some page of a folio is in a range. */
export const isWithin =
  (range: IndexRange | undefined) =>
  ({ index, order }: { readonly index: FolioIndex; readonly order: number }): boolean =>
    range === undefined || (index < range.to && index + 2 ** order > range.from);

/** The last call up to a moment with an unseen cause of refusal, unless a later one on the same file has succeeded. */
function standing(calls: readonly ConversionCall[], at: Nanoseconds): ConversionCall | undefined {
  const done = calls.filter(({ until }) => until !== undefined && until <= at);
  const last = done.findLastIndex(({ unexplained }) => unexplained);
  const refused = done[last];
  return done.slice(last + 1).some(({ fd, returned }) => fd === refused?.fd && returned === 0) ? undefined : refused;
}

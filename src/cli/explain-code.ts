// SPDX-License-Identifier: MIT
import { isErrno } from '../abi/index.ts';
import type { Explanation, MomentAnswer } from '../explain/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';

/** Conditions for an exit code of 1. */
interface Failing {
  /** Any refused moment, not only the last. */
  readonly any: boolean;
  /** Refused recorded conversions: if no moment was requested. */
  readonly calls: boolean;
  /** The inode was requested: it is judged in any case. */
  readonly isWanted?: boolean;
}

/**
 * Decided by the recorded refusals, then by the last moment's `baseline` verdict; the worst of several inodes. It is
 * undecided after damage, or if the recording does not show its inode.
 */
export function codeOf(
  { moments, trace, doubt, conversions, inodes }: Explanation,
  { isWanted = false, ...failing }: Failing,
): ExitCode {
  if (trace.damage.length > 0) return EXIT.undecided;
  const last = moments.at(-1);
  // There was a guest_memfd without known content, or there may have been one.
  if (last === undefined) return doubt === undefined ? EXIT.well : EXIT.undecided;
  if ((failing.calls || failing.any) && conversions.some(({ returned }) => isErrno(returned, 'EAGAIN')))
    return EXIT.notWell;
  if (failing.any && moments.some(({ baseline }) => baseline.verdict === 'refused')) return EXIT.notWell;
  const asked = moments.filter(({ at, marker }) => at === last.at && marker === last.marker);
  const isKnown = ({ dev, ino }: MomentAnswer): boolean =>
    isWanted || inodes.some((inode) => inode.dev === dev && inode.ino === ino && inode.kind === 'guest_memfd');
  const refused = asked.filter(({ baseline }) => baseline.verdict === 'refused');
  if (refused.some(isKnown)) return EXIT.notWell;
  if (refused.length > 0) return EXIT.undecided;
  const isCutOff = trace.lost.some(({ at }) => at === undefined);
  return isCutOff || asked.some(({ strength }) => strength === 'unknown') ? EXIT.undecided : EXIT.well;
}

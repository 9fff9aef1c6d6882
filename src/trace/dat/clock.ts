// SPDX-License-Identifier: MIT
import type { Nanoseconds } from '../../ledger/index.ts';
import { nanoseconds } from '../../ledger/index.ts';

/** Conversion of a recording's time stamps to nanoseconds: options DATE, OFFSET and TSC2NSEC of trace-cmd.dat(5). */
export interface ClockOptions {
  /** Added to every time, in nanoseconds. */
  offset: bigint;
  /** For clock `x86-tsc`: ns = ticks * mult >> shift. */
  tsc: { readonly mult: bigint; readonly shift: bigint } | undefined;
}

/** The rule of trace-cmd's `timestamp_calc()`; it uses the third value of TSC2NSEC only between host and guest. */
export function toNanoseconds(stamp: bigint, clock: ClockOptions): Nanoseconds {
  if (clock.tsc === undefined) return nanoseconds(stamp + clock.offset);
  return nanoseconds(((stamp * clock.tsc.mult) >> clock.tsc.shift) + clock.offset);
}

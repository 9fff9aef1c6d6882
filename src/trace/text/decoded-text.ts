// SPDX-License-Identifier: MIT
import type { Cpu, KernelEvent, Loss, Nanoseconds } from '../../ledger/index.ts';

/** A line's event: decoded; of no interest; or of interest and unreadable. */
export type DecodedText = Exclude<KernelEvent, Loss> | 'nothing' | 'unreadable';

/** Place and time of a line's event. */
export interface LineOrigin {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  readonly comm: string | undefined;
  readonly buffer: string | undefined;
}

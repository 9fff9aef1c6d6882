// SPDX-License-Identifier: MIT
import type { Cpu, KernelEvent, Loss, Nanoseconds } from '../../ledger/index.ts';

/** What a line's event is: decoded; of no interest; or of interest and not readable. */
export type DecodedText = Exclude<KernelEvent, Loss> | 'nothing' | 'unreadable';

/** Where and when a line says that its event fired. */
export interface LineOrigin {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  readonly comm: string | undefined;
  readonly buffer: string | undefined;
}

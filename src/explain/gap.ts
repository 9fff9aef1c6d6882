// SPDX-License-Identifier: MIT
import type { Cpu, Nanoseconds } from '../ledger/index.ts';

/** Events of a CPU that were lost, and for how long that hides what its batch holds. */
export class Gap {
  readonly cpu: Cpu;
  readonly buffer: string | undefined;
  /** The last event before it; undefined where there is none. */
  readonly from: Nanoseconds | undefined;
  /** The first event after it; undefined where there is none. */
  readonly to: Nanoseconds | undefined;
  /** The CPU's first flush after it: whatever entered the batch unseen has left it. */
  flushedAt: Nanoseconds | undefined = undefined;

  constructor(cpu: Cpu, buffer: string | undefined, from: Nanoseconds | undefined, to: Nanoseconds | undefined) {
    this.cpu = cpu;
    this.buffer = buffer;
    this.from = from;
    this.to = to;
  }

  /** Whether the CPU's batch may hold, after every event up to `at`, what the events do not say. */
  mayHideAt(at: Nanoseconds): boolean {
    return (this.from === undefined || this.from <= at) && !this.isOver(at);
  }

  isOver(at: Nanoseconds): boolean {
    return this.flushedAt !== undefined && this.flushedAt <= at;
  }
}

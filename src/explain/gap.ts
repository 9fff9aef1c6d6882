// SPDX-License-Identifier: MIT
import type { Cpu, Nanoseconds } from '../ledger/index.ts';

/** A gap of lost events of a CPU, and the time for which it hides the content of its batch. */
export class Gap {
  readonly cpu: Cpu;
  readonly buffer: string | undefined;
  /** The last event before it; undefined if there is none. */
  readonly from: Nanoseconds | undefined;
  /** The first event after it; undefined if there is none. */
  readonly to: Nanoseconds | undefined;
  /** The CPU's first flush after it: by then every unseen entry has left the batch. */
  flushedAt: Nanoseconds | undefined = undefined;

  constructor(cpu: Cpu, buffer: string | undefined, from: Nanoseconds | undefined, to: Nanoseconds | undefined) {
    this.cpu = cpu;
    this.buffer = buffer;
    this.from = from;
    this.to = to;
  }

  /** Whether, after every event up to `at`, the CPU's batch may hold unseen folios. */
  mayHideAt(at: Nanoseconds): boolean {
    return (this.from === undefined || this.from <= at) && !this.isOver(at);
  }

  isOver(at: Nanoseconds): boolean {
    return this.flushedAt !== undefined && this.flushedAt <= at;
  }
}

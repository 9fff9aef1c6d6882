// SPDX-License-Identifier: MIT
import type { Redactor, TraceSummary } from '../../trace/index.ts';
import type { PerfettoSink } from './packets.ts';

/** What of a recording becomes a trace file, and where it goes. */
export interface PerfettoOptions {
  readonly sink: PerfettoSink;
  /** Only this buffer of the recording. */
  readonly buffer?: string | undefined;
  /** Replaces what identifies; undefined: nothing is replaced. */
  readonly redactor?: Redactor | undefined;
  /** Progress callback with the share of the work that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** What was written. */
export interface WrittenPerfetto {
  readonly trace: TraceSummary;
  readonly packets: number;
  /** Number of generic ftrace events. */
  readonly events: number;
  /** One sentence each: what the file does not have, or has only approximately. */
  readonly notes: readonly string[];
}

// SPDX-License-Identifier: MIT
import type { TraceSummary } from '../summary.ts';
import type { LinePrefix } from './line-prefix.ts';

/** The form of one writer's lines; the content of their events is the same for all (`EventText`). */
export interface Dialect {
  readonly format: TraceSummary['format'];
  /** Task names have fixed columns, so that a name with newlines can be joined again. */
  readonly commBytes: number;
  /** Notes for every text of this dialect. */
  readonly notes: readonly string[];
  /** Number of CPUs that the beginning announces. */
  readonly cpus: number;
  /** Whether lines name their buffer. */
  readonly namesBuffers: boolean;
  /** Whether a stack trace follows its event without an introducing line. */
  readonly stackFollows: boolean;
  /** Fills `prefix` from the line that starts at `start`; false if the line does not have the columns of an event. */
  columns(prefix: LinePrefix, bytes: Uint8Array, start: number): boolean;
  /** The same for a line that has lost its columns. */
  trimmed(prefix: LinePrefix, bytes: Uint8Array, start: number, end: number): boolean;
  /** The loss in a line without columns, if there is one. */
  loss(line: string): TextLoss | undefined;
  /** The function in a line of a stack trace, '' for one of a program; undefined for any other line. */
  frame(line: string): string | undefined;
  /** Whether a line without columns is known and without content. */
  isSilent(line: string): boolean;
}

/** A loss in a line of text, before the next event of the CPU. */
export interface TextLoss {
  readonly cpu: number;
  /** Number of lost events; undefined if the line does not give it. */
  readonly events: number | undefined;
  readonly buffer: string | undefined;
}

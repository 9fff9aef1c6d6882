// SPDX-License-Identifier: MIT
import type { TraceSummary } from '../summary.ts';
import type { LinePrefix } from './line-prefix.ts';

/** What one writer's lines look like; what their events say is the same for all (`EventText`). */
export interface Dialect {
  readonly format: TraceSummary['format'];
  /** Task names have whole columns, so that a name with newlines can be put together again. */
  readonly commBytes: number;
  /** What is to be said about every text of this dialect. */
  readonly notes: readonly string[];
  /** The CPUs that the beginning announces, from 0. */
  readonly cpus: number;
  /** Whether lines name their buffer. */
  readonly namesBuffers: boolean;
  /** Whether a stack trace follows its event without a line of its own before it. */
  readonly stackFollows: boolean;
  /** Fills `prefix` from the line that starts at `start`; false where the line has not the columns of an event. */
  columns(prefix: LinePrefix, bytes: Uint8Array, start: number): boolean;
  /** The same for a line that has lost its columns. */
  trimmed(prefix: LinePrefix, bytes: Uint8Array, start: number, end: number): boolean;
  /** The loss that a line without columns tells, if it does. */
  loss(line: string): TextLoss | undefined;
  /** The function that a line of a stack trace names, '' for one of a program; undefined for any other line. */
  frame(line: string): string | undefined;
  /** Whether a line without columns is known and says nothing. */
  isSilent(line: string): boolean;
}

/** A loss as a line of text tells it, before the next event of the CPU. */
export interface TextLoss {
  readonly cpu: number;
  /** How many events; undefined where the line does not know. */
  readonly events: number | undefined;
  readonly buffer: string | undefined;
}

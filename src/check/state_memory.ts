// SPDX-License-Identifier: MIT
import type { Rows } from './rows.ts';

/** States behind each other, whole. */
export interface Piece {
  readonly states: Int32Array;
  /** How many. */
  readonly count: number;
}

/** What adding comes to. */
export interface Insertion {
  readonly pieces: readonly Piece[];
  readonly added: number;
  readonly exhausted: 'states' | 'memory' | 'disk' | undefined;
}

/** The states that a part has seen. */
export interface StateMemory {
  /** Bytes of all that it keeps. */
  readonly bytes: number;
  /** Natural logarithm of the probability that no state was taken for another; 0 where whole states are compared. */
  readonly lnComplete: number;
  /** The level that was found last is about to be expanded. */
  readonly nextLevel: () => void;
  /** Adds those rows of its heaps that were never seen, in order, at most `room`, taking at most so many bytes more. */
  readonly insert: (depth: number, rows: readonly Rows[], room: number, bytes: number) => Insertion;
  /** Visits every state that was added at a depth: it begins at `at` of `states`, until the visitor returns. */
  readonly visit: (depth: number, visitor: (states: Int32Array, at: number) => void) => void;
}

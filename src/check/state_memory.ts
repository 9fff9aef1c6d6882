// SPDX-License-Identifier: MIT
import type { Rows } from './rows.ts';

/** Whole states, concatenated. */
export interface Piece {
  readonly states: Int32Array;
  /** Number of states. */
  readonly count: number;
}

/** Result of adding rows. */
export interface Insertion {
  readonly pieces: readonly Piece[];
  readonly added: number;
  readonly exhausted: 'states' | 'memory' | 'disk' | undefined;
}

/** The visited states of a part. */
export interface StateMemory {
  /** Bytes of everything that it stores. */
  readonly bytes: number;
  /** Natural logarithm of the probability that no two states were confused; 0 if whole states are compared. */
  readonly lnComplete: number;
  /** Called before the last level found is expanded. */
  readonly nextLevel: () => void;
  /** Adds the new rows of its heaps, in order, at most `room`, within so many additional bytes. */
  readonly insert: (depth: number, rows: readonly Rows[], room: number, bytes: number) => Insertion;
  /** Visits every state that was added at a depth: it begins at `at` of `states`, until the visitor returns. */
  readonly visit: (depth: number, visitor: (states: Int32Array, at: number) => void) => void;
}

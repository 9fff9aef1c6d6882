// SPDX-License-Identifier: MIT
import type { Successors, SuccessorsText } from '../lang/index.ts';
import type { Move } from './model.ts';
import type { Steps } from './part.ts';

/**
 * A question for a search: states as words, their successors in bulk, and the properties. A program compiled for
 * exploring is a space; a hand-written model becomes one.
 */
export interface Space extends Pick<Successors, 'asserts' | 'canonicalize' | 'reached' | 'places' | 'taken'> {
  readonly initial: Int32Array;
  /** Names by the numbers of `violated`. */
  readonly properties: readonly string[];
  /** The single steps from a state: all of them, in the order of tasks and options. */
  readonly steps: (state: Int32Array) => readonly Arrival[];
  /** The steps that `expand` takes from a state: one for each successor, or several if states are skipped. */
  readonly ways: (state: Int32Array) => readonly (readonly Arrival[])[];
  readonly compiled: Steps;
  /** Names of the asserts that fail in a step. */
  readonly fails: (state: Int32Array, move: Move) => readonly string[];
  /** Two spaces with equal fingerprints are of the same question; undefined for hand-written models. */
  readonly fingerprint: (() => string) | undefined;
  /** The steps as data for other threads; undefined for hand-written models. */
  readonly text: SuccessorsText | undefined;
}

/** A step and its successor. */
export interface Arrival {
  readonly move: Move;
  readonly to: Int32Array;
}

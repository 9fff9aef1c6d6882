// SPDX-License-Identifier: MIT
import type { Successors, SuccessorsText } from '../lang/index.ts';
import type { Move } from './model.ts';
import type { Steps } from './part.ts';

/**
 * What a search needs to know: states as words, their successors in bulk, and what is asked of them. A program
 * compiled for exploring is one; a hand-written model becomes one.
 */
export interface Space extends Pick<Successors, 'asserts' | 'canonicalize' | 'reached' | 'places' | 'taken'> {
  readonly initial: Int32Array;
  /** Names of what `violated` numbers. */
  readonly properties: readonly string[];
  /** The single steps that lead on from a state: all of them, in the order of tasks and options. */
  readonly steps: (state: Int32Array) => readonly Arrival[];
  /** What `expand` takes from a state: one step each, or several where states are passed by. */
  readonly ways: (state: Int32Array) => readonly (readonly Arrival[])[];
  readonly compiled: Steps;
  /** Names of the asserts that fail in a step. */
  readonly fails: (state: Int32Array, move: Move) => readonly string[];
  /** Two spaces with the same are of the same question; not to be had of hand-written models. */
  readonly fingerprint: (() => string) | undefined;
  /** The steps as data for other threads; not to be had of hand-written models. */
  readonly text: SuccessorsText | undefined;
}

/** A step and the state that it leads to. */
export interface Arrival {
  readonly move: Move;
  readonly to: Int32Array;
}

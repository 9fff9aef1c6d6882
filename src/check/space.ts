// SPDX-License-Identifier: MIT
import type { Successors } from '../lang/index.ts';
import type { Move } from './model.ts';

/**
 * What a search needs to know: states as words, their successors in bulk, and what is asked of them. A program
 * compiled for exploring is one; a hand-written model becomes one.
 */
export interface Space extends Successors {
  readonly initial: Int32Array;
  /** Names of what `violated` numbers. */
  readonly properties: readonly string[];
  /** What leads on from a state, in the order of `expand`: one move, or several where states are passed by; and the state where it ends. */
  readonly moves: (state: Int32Array) => readonly { readonly moves: readonly Move[]; readonly to: Int32Array }[];
}

// SPDX-License-Identifier: MIT
import type { LibraryEntry } from '../book/index.ts';

/** Starts a check of one form on one scenario of the library. */
export interface CheckStart {
  readonly kind: 'start';
  readonly id: number;
  /** Name of the scenario in the library. */
  readonly scenario: string;
  readonly form: string;
  /** The most states. */
  readonly mostStates: number;
}

/** A check is stopped by ending its worker: a worker that explores receives no messages. */
export type CheckAsk = { readonly kind: 'library' } | CheckStart;

/** How far a check is. */
export interface Progress {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly round: number;
}

/** The answer about one property. */
export interface CheckedProperty {
  readonly id: string;
  readonly sentence: string;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  readonly detail: string | undefined;
  readonly vacuous: string | undefined;
  /** Steps of its counterexample. */
  readonly steps: number | undefined;
}

/** The answer of a check, as `check --json` has it. */
export interface Checked {
  readonly scenario: string;
  readonly form: string;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly reason: string | undefined;
  readonly interpreted: boolean;
  readonly asExpected: boolean | undefined;
  readonly properties: readonly CheckedProperty[];
  /** The shortest counterexample's turns, as `--schedule` takes them. */
  readonly schedule: string | undefined;
}

export type CheckTell =
  | { readonly kind: 'library'; readonly scenarios: readonly LibraryEntry[]; readonly forms: readonly string[] }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly kind: 'checked'; readonly id: number; readonly checked: Checked }
  | { readonly kind: 'bad'; readonly id: number; readonly line: string };

// SPDX-License-Identifier: MIT
import type { Film, ShownScenario } from '../book/index.ts';

/** A mistake in the text, with its place from 1. */
export interface Mistake {
  readonly line: number;
  readonly column: number;
  readonly what: string;
}

/** Request to play a scenario under the text's form. */
export interface PlayForm {
  readonly kind: 'play';
  readonly id: number;
  readonly scenario: string;
  /** Turns, as `--schedule` takes them; the scenario's own if undefined. */
  readonly schedule: string | undefined;
}

export type PlaygroundAsk =
  /** The grammar of C, and the module that runs it. */
  | { readonly kind: 'ready'; readonly grammar: ArrayBuffer; readonly runtime: ArrayBuffer }
  | { readonly kind: 'judge'; readonly id: number; readonly name: string; readonly text: string }
  | PlayForm;

/** Result of a form in one scenario. */
export interface Judged {
  readonly scenario: string;
  readonly title: string;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** Whether the scenario file expects this violation for every form: a known exception. */
  readonly isExpected: boolean;
  /** The violated properties. */
  readonly violated: readonly string[];
  readonly states: number;
  /** Steps of the shortest counterexample, and its turns. */
  readonly steps: number | undefined;
  readonly schedule: string | undefined;
}

export type PlaygroundTell =
  | {
      readonly kind: 'ready';
      /** Forms of the check in C, by name; wrong ones begin with `wrong/`. */
      readonly forms: readonly (readonly [name: string, text: string])[];
    }
  | { readonly kind: 'mistakes'; readonly id: number; readonly mistakes: readonly Mistake[] }
  /** The text is a form; the verdicts follow, one for each of these. */
  | { readonly kind: 'translated'; readonly id: number; readonly scenarios: readonly string[] }
  | { readonly kind: 'judged'; readonly id: number; readonly judged: Judged }
  | { readonly kind: 'all-judged'; readonly id: number }
  | { readonly kind: 'played'; readonly id: number; readonly scenario: ShownScenario; readonly film: Film };

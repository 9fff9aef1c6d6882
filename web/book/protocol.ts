// SPDX-License-Identifier: MIT
import type { Film } from './film.ts';

/** A scenario of the page's library, or a text. */
export type ScenarioSource =
  | { readonly kind: 'library'; readonly name: string }
  | { readonly kind: 'text'; readonly file: string; readonly text: string };

/** Request to play a scenario. */
export interface PlayAsked {
  /** Comes back with the answer. */
  readonly id: number;
  readonly scenario: ScenarioSource;
  /** Names of forms of the check. */
  readonly forms: readonly string[];
  /** Turns, as `--schedule` takes them; the scenario's own if undefined. */
  readonly schedule: string | undefined;
  /** A document of `run --json` or `check --json` to play instead of a schedule. */
  readonly recorded?: { readonly file: string; readonly text: string } | undefined;
}

export type BookAsk = { readonly kind: 'library' } | ({ readonly kind: 'play' } & PlayAsked);

/** A scenario, as the page shows it. */
export interface ShownScenario {
  readonly file: string;
  readonly name: string;
  readonly title: string;
  readonly about: string | undefined;
  readonly profile: string;
  readonly cpus: number;
}

/** Result of exploring all interleavings under a form. */
export interface EveryOrder {
  readonly form: string;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  readonly states: number;
  /** Names of the violated properties. */
  readonly violated: readonly string[];
}

/** Films of one scenario. */
export interface Played {
  readonly scenario: ShownScenario;
  readonly films: readonly Film[];
}

/** A scenario file of the library. */
export interface LibraryEntry {
  readonly name: string;
  readonly title: string;
}

export type BookTell =
  | {
      readonly kind: 'library';
      readonly scenarios: readonly LibraryEntry[];
      readonly forms: readonly { readonly name: string; readonly summary: string }[];
    }
  | ({ readonly kind: 'played'; readonly id: number } & Played)
  | { readonly kind: 'every-order'; readonly id: number; readonly answer: EveryOrder }
  | { readonly kind: 'bad'; readonly id: number; readonly line: string };

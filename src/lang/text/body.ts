// SPDX-License-Identifier: MIT
import type { Bound, Expr, Local } from './expr.ts';
import type { Mark } from './mark.ts';

/** An effect of a step on memory. */
export type Effect =
  | { readonly kind: 'assign'; readonly place: Expr; readonly value: Expr }
  | { readonly kind: 'when'; readonly if: Expr; readonly then: readonly Effect[]; readonly else: readonly Effect[] }
  | Observe
  /** Changes nothing; if the condition is false, the step is an error of this name. */
  | { readonly kind: 'assert'; readonly name: string; readonly condition: Expr }
  | {
      readonly kind: 'each';
      readonly bound: Bound;
      readonly from: Expr;
      readonly to: Expr;
      readonly body: readonly Effect[];
    };

/** The meaning of the text at this point. It changes nothing, and no task can depend on it. */
export interface Observe {
  readonly kind: 'observe';
  readonly mark: Mark;
  /** Values of the mark's arguments, by the names that the mark declares. */
  readonly args: Readonly<Record<string, Expr>>;
  /** Place in the text. */
  readonly at: Where;
}

/** A place in a task's text. */
export interface Where {
  /** Number of the call in the task's script; undefined outside scripts. */
  readonly call: number | undefined;
  /** The routines that contain the place, outermost first. */
  readonly path: readonly string[];
}

/**
 * Claim of a task that rests in this part of the text: `amount` of `of`. A claim gives the meaning of a position; it
 * is not part of the state. With a list, `of` is every element of the local array from `from` up to `to`.
 */
export interface Claim {
  readonly label: string;
  readonly of: Expr | { readonly list: Local; readonly from: Expr; readonly to: Expr };
  readonly amount: Expr;
  /** The place (a CPU), if the label has a separate count for each place. */
  readonly on?: Expr;
}

/** Statement of an author's text, in another language, from which a step was translated. */
export interface Origin {
  /** `FILE:LINE`. */
  readonly place: string;
  /** The statement, in one line. */
  readonly text: string;
  /** Number of the step's routines that contain the statement. */
  readonly depth: number;
}

/** One atomic access to shared memory, enabled if its guard holds. */
export interface Step extends Where {
  readonly name: string;
  readonly guard: Expr | undefined;
  readonly effects: readonly Effect[];
  /** The task's claims while it waits to take this step. */
  readonly claims: readonly Claim[];
  /** Absent if the text was written in this language. */
  readonly origin?: Origin;
}

/** A choice among texts that each begin with a step: the task rests before them, and may take any. */
export interface Choice {
  readonly kind: 'either';
  readonly options: readonly (readonly Body[])[];
  /** The task's claims while it rests there. */
  readonly claims: readonly Claim[];
}

/** Writes to the task's own memory, part of the step before it. */
export interface OwnText {
  readonly kind: 'local';
  readonly effects: readonly Effect[];
  /** The routines that contain it, outermost first: for messages. */
  readonly path?: readonly string[];
}

/** A routine's text after inlining, still structured. */
export type Body =
  | { readonly kind: 'step'; readonly step: Step }
  | OwnText
  | { readonly kind: 'if'; readonly if: Expr; readonly then: readonly Body[]; readonly else: readonly Body[] }
  | Choice
  | { readonly kind: 'loop'; readonly label: number; readonly body: readonly Body[] }
  /** A part of the text that `exit` leaves. */
  | { readonly kind: 'block'; readonly label: number; readonly body: readonly Body[] }
  | { readonly kind: 'exit'; readonly label: number }
  | { readonly kind: 'again'; readonly label: number };

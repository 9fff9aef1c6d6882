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
  /** By the names that the mark declares. */
  readonly args: Readonly<Record<string, Expr>>;
  /** Where it stands. */
  readonly at: Where;
}

/** A place in a task's text. */
export interface Where {
  /** The call of the task's script; undefined in a text that is no script. */
  readonly call: number | undefined;
  /** The routines, outermost first. */
  readonly path: readonly string[];
}

/**
 * "While the task rests in here, it claims `amount` of `of`." A claim gives the meaning of a position; it is not part
 * of the state. With a list, `of` is every element of the local array from `from` up to `to`.
 */
export interface Claim {
  readonly label: string;
  readonly of: Expr | { readonly list: Local; readonly from: Expr; readonly to: Expr };
  readonly amount: Expr;
  /** The place (a CPU), if the label is kept per place. */
  readonly on?: Expr;
}

/** Where an author's text has what a step stands for, which was translated from another language. */
export interface Origin {
  /** `FILE:LINE`. */
  readonly place: string;
  /** The statement, in one line. */
  readonly text: string;
  /** How many of the step's routines are around it. */
  readonly depth: number;
}

/** One atomic access to shared memory, enabled if its guard holds. */
export interface Step extends Where {
  readonly name: string;
  readonly guard: Expr | undefined;
  readonly effects: readonly Effect[];
  /** The task's claims while it waits to take this step. */
  readonly claims: readonly Claim[];
  /** Absent where the text was written in this language. */
  readonly origin?: Origin;
}

/** One of several texts, each of which begins with a step: the task rests before them, and any may be taken. */
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

// SPDX-License-Identifier: MIT
import type { BinaryOp } from '../text/expr.ts';

/** Statements of a text, one for each line; blocks are already indented. */
export type Lines = readonly string[];

/** A value that the model stores between steps. */
export interface Declared {
  readonly name: string;
  /** Largest value; the smallest is 0. */
  readonly max: number;
  /** Undefined for a single value. */
  readonly length: number | undefined;
  readonly initial: readonly number[];
}

/** One rule of the model: a task's step. */
export interface Rule {
  /** Its name in the other checker's output. */
  readonly name: string;
  readonly guard: string;
  readonly body: Lines;
  /** Names of the numbers used only within the rule. */
  readonly scratch: readonly string[];
}

/** A whole model, as text fragments of one dialect. */
export interface Model {
  readonly declared: readonly Declared[];
  readonly rules: readonly Rule[];
  readonly properties: readonly { readonly name: string; readonly condition: string }[];
  /** A state without a possible step is a deadlock unless this holds. */
  readonly mayEnd: string;
}

/** Spelling of conditions, values and statements in another checker's language. Numbers and conditions are separate. */
export interface Dialect {
  readonly element: (name: string, index: string | undefined) => string;
  readonly binary: (operator: BinaryOp, left: string, right: string) => string;
  readonly not: (condition: string) => string;
  readonly choose: (condition: string, then: string, otherwise: string) => string;
  /** 0 or 1 for a condition. */
  readonly asNumber: (condition: string) => string;
  readonly asCondition: (number: string) => string;
  readonly literal: (condition: boolean) => string;
  readonly assign: (place: string, value: string) => string;
  readonly if: (branches: readonly { readonly condition: string; readonly then: Lines }[], otherwise: Lines) => Lines;
  readonly while: (condition: string, body: Lines) => Lines;
  readonly assert: (name: string, condition: string) => string;
  readonly model: (model: Model) => string;
}

export const indented = (lines: Lines): Lines => lines.map((line) => `  ${line}`);

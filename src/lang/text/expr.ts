// SPDX-License-Identifier: MIT
import type { Mark } from './mark.ts';
import type { Domain, Type } from './types.ts';

export type BinaryOp = '+' | '-' | '%' | '<<' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '&&' | '||';

/** Expressions as data: what an execution evaluates, compiles or exports. */
export type Expr =
  | { readonly op: 'const'; readonly value: number }
  /** Number of elements of a domain; also the number that stands for "none". */
  | { readonly op: 'size'; readonly domain: string }
  /** The task that takes the step. */
  | { readonly op: 'self' }
  | {
      readonly op: 'read';
      readonly variable: Variable;
      readonly index: readonly Expr[];
      /** Meanings of a read in a step's text, which become observations. */
      readonly means?: readonly ReadMeaning[];
    }
  | { readonly op: 'local'; readonly local: Local; readonly index?: Expr }
  | { readonly op: 'bound'; readonly bound: Bound }
  | { readonly op: 'binary'; readonly operator: BinaryOp; readonly left: Expr; readonly right: Expr }
  | { readonly op: 'not'; readonly of: Expr }
  | { readonly op: 'choose'; readonly if: Expr; readonly then: Expr; readonly else: Expr }
  /** Amount of an element that all tasks together claim where they rest (see Claim), under one label or any. */
  | { readonly op: 'claimed'; readonly label: string | undefined; readonly of: Expr }
  /** Whether a task has finished its code. */
  | { readonly op: 'finished'; readonly task: number }
  /** The first i with from <= i < to and `where`, otherwise `otherwise`. */
  | {
      readonly op: 'first';
      readonly bound: Bound;
      readonly from: Expr;
      readonly to: Expr;
      readonly where: Expr;
      readonly otherwise: Expr;
    };

/** Shared memory: one value for each element of the domains' product. */
export interface Variable {
  readonly name: string;
  readonly domains: readonly Domain[];
  readonly type: Type;
}

/** A mark at every read of an element; its arguments are the element's indexes, by name. */
export interface ReadMeaning {
  readonly mark: Mark;
  readonly args: readonly string[];
}

/** Memory of one task: a value, or an array of `length` values. It is in a slot that the code's builder assigns. */
export interface Local {
  readonly name: string;
  readonly type: Type;
  readonly length: number | undefined;
  readonly slot: number;
}

/** The present number of a search or a repetition. */
export interface Bound {
  readonly name: string;
}

/** Calls `visit` on an expression and everything in it, outermost first. */
export function walk(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  switch (expr.op) {
    case 'const':
    case 'size':
    case 'self':
    case 'bound':
    case 'finished':
      return;
    case 'claimed':
      walk(expr.of, visit);
      return;
    case 'read':
      for (const index of expr.index) walk(index, visit);
      return;
    case 'local':
      if (expr.index !== undefined) walk(expr.index, visit);
      return;
    case 'binary':
      walk(expr.left, visit);
      walk(expr.right, visit);
      return;
    case 'not':
      walk(expr.of, visit);
      return;
    case 'choose':
      walk(expr.if, visit);
      walk(expr.then, visit);
      walk(expr.else, visit);
      return;
    case 'first':
      walk(expr.from, visit);
      walk(expr.to, visit);
      walk(expr.where, visit);
      walk(expr.otherwise, visit);
  }
}

/** Whether evaluating the expression reads shared memory. */
export function readsShared(expr: Expr): boolean {
  let found = false;
  walk(expr, (part) => {
    if (part.op === 'read' || part.op === 'claimed' || part.op === 'finished') found = true;
  });
  return found;
}

/** Whether two expressions are equal as text. */
export function areAlike(a: Expr, b: Expr): boolean {
  switch (a.op) {
    case 'const':
      return b.op === 'const' && a.value === b.value;
    case 'size':
      return b.op === 'size' && a.domain === b.domain;
    case 'self':
      return b.op === 'self';
    case 'bound':
      return b.op === 'bound' && a.bound === b.bound;
    case 'finished':
      return b.op === 'finished' && a.task === b.task;
    case 'local':
      if (b.op !== 'local' || a.local.slot !== b.local.slot || a.local.length !== b.local.length) return false;
      if (a.index === undefined || b.index === undefined) return a.index === b.index;
      return areAlike(a.index, b.index);
    case 'read':
      return b.op === 'read' && a.variable === b.variable && a.index.every((index, i) => isAt(b.index, i, index));
    case 'binary':
      return b.op === 'binary' && a.operator === b.operator && areAlike(a.left, b.left) && areAlike(a.right, b.right);
    case 'not':
      return b.op === 'not' && areAlike(a.of, b.of);
    case 'claimed':
      return b.op === 'claimed' && a.label === b.label && areAlike(a.of, b.of);
    case 'choose':
      return b.op === 'choose' && areAlike(a.if, b.if) && areAlike(a.then, b.then) && areAlike(a.else, b.else);
    case 'first':
      // Each of two searches has its own bound number.
      return a === b;
  }
}

const isAt = (index: readonly Expr[], i: number, expr: Expr): boolean => {
  const other = index[i];
  return other !== undefined && areAlike(expr, other);
};

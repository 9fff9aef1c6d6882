// SPDX-License-Identifier: MIT
import type { Known } from './known.ts';
import type { Place } from './source.ts';
import type { BinaryOperator, CType } from './syntax.ts';

/** A variable of the form: C's own, or one that translation needs. Pointers to folios and inodes are also values. */
export interface Var {
  readonly name: string;
  readonly type: CType;
  /** `own` is memory of the task; the others are the caller's places, or belong to a batch. */
  readonly place: 'own' | 'err_index' | 'safe' | 'batch';
}

/** A struct folio_batch. Its fields besides the folios are variables. */
export interface Batch {
  readonly name: string;
  /** nr. */
  readonly count: Var;
  /** percpu_pvec_drained. */
  readonly drained: Var;
  /** Whether the check may hold a reference through it; it takes no memory, and only the range analysis uses it. */
  readonly holds: Var;
}

/** A variable that outlives a request. */
export interface Static {
  readonly name: string;
  readonly type: CType;
  readonly value: Expr;
}

/** Arguments that the caller gives. */
export type Given = 'inode' | 'start' | 'nr';

/** A value that a task computes on its own. Conditions are 0 or 1. */
export type Expr =
  | { readonly op: 'const'; readonly value: number }
  | { readonly op: 'given'; readonly of: Given }
  /** No folio, or no inode: NULL. */
  | { readonly op: 'null'; readonly of: 'folio' | 'inode' }
  /** Result of a lookup that finds nothing: ERR_PTR(-ENOENT). */
  | { readonly op: 'no-entry' }
  | { readonly op: 'var'; readonly of: Var }
  | { readonly op: 'element'; readonly of: Batch; readonly index: Expr }
  | { readonly op: 'capacity' }
  | {
      readonly op: 'binary';
      readonly operator: BinaryOperator | '&&' | '||';
      readonly left: Expr;
      readonly right: Expr;
      /** An unsigned comparison, in which negative numbers stand for the largest values. */
      readonly unsigned?: true;
    }
  | { readonly op: 'not'; readonly of: Expr }
  | { readonly op: 'choose'; readonly if: Expr; readonly then: Expr; readonly else: Expr };

/** Argument of a call. */
export type Arg =
  | { readonly kind: 'value'; readonly of: Expr }
  | { readonly kind: 'place'; readonly of: Var }
  | { readonly kind: 'batch'; readonly of: Batch };

/** Call of a function of the table. */
export interface Call {
  readonly kind: 'call';
  readonly known: Known;
  readonly args: readonly Arg[];
  readonly result: Var | undefined;
  /** Reads of values that cannot change meanwhile, in the same step. */
  readonly also: readonly Call[];
  readonly at: Place;
  readonly statement: Place;
}

/** A part of a form's text. */
export type Part =
  | { readonly kind: 'declare'; readonly of: Var | Batch }
  | { readonly kind: 'set'; readonly to: Var; readonly value: Expr; readonly at: Place }
  | { readonly kind: 'set-element'; readonly to: Batch; readonly index: Expr; readonly value: Expr; readonly at: Place }
  /** The value must be in the range; otherwise C would wrap it. */
  | {
      readonly kind: 'check';
      readonly value: Expr;
      readonly low: number;
      readonly high: number;
      readonly at: Place;
    }
  /** A reference is put that no other variable of the form holds; if a batch holds the folio, it no longer does. */
  | { readonly kind: 'unclaim'; readonly folio: Expr; readonly at: Place }
  | Call
  | { readonly kind: 'load'; readonly from: Static; readonly to: Var; readonly at: Place; readonly statement: Place }
  | { readonly kind: 'store'; readonly to: Static; readonly value: Expr; readonly at: Place; readonly statement: Place }
  | { readonly kind: 'if'; readonly if: Expr; readonly then: readonly Part[]; readonly else: readonly Part[] }
  | { readonly kind: 'loop'; readonly label: Label; readonly body: readonly Part[]; readonly at: Place }
  | { readonly kind: 'block'; readonly label: Label; readonly body: readonly Part[] }
  | { readonly kind: 'leave'; readonly label: Label }
  | { readonly kind: 'again'; readonly label: Label }
  /** Its declarations end with it. */
  | { readonly kind: 'scope'; readonly body: readonly Part[] }
  | { readonly kind: 'routine'; readonly name: string; readonly body: readonly Part[] }
  /** Orders that C leaves unspecified. */
  | {
      readonly kind: 'orders';
      readonly threads: readonly (readonly Part[])[];
      readonly orders: readonly (readonly Part[])[];
    };

/** End of a block that a jump leaves; compared by identity. */
export interface Label {
  readonly name: string;
}

export const label = (name: string): Label => ({ name });

/** A form, before the size of its kernel is known. */
export interface Form {
  readonly name: string;
  readonly body: readonly Part[];
  readonly statics: readonly Static[];
  /** All functions that it calls. */
  readonly calls: readonly Known[];
  /** Folios that the check holds besides those of its batches, by kind of holder. */
  readonly held: ReadonlyMap<string, readonly Var[]>;
}

/** Calls `visit` for every part, the outer ones first. */
export function eachPart(parts: readonly Part[], visit: (part: Part) => void): void {
  for (const part of parts) {
    visit(part);
    switch (part.kind) {
      case 'if':
        eachPart(part.then, visit);
        eachPart(part.else, visit);
        break;
      case 'loop':
      case 'block':
      case 'scope':
      case 'routine':
        eachPart(part.body, visit);
        break;
      case 'orders':
        for (const thread of part.threads) eachPart(thread, visit);
        break;
      case 'again':
      case 'call':
      case 'check':
      case 'declare':
      case 'leave':
      case 'load':
      case 'set':
      case 'set-element':
      case 'store':
      case 'unclaim':
    }
  }
}

/** Collects the variables that parts read and write in the task's own memory. */
export function usesOf(parts: readonly Part[], reads: Set<Var>, writes: Set<Var>): void {
  eachPart(parts, (part) => {
    switch (part.kind) {
      case 'set':
        readsOf(part.value, reads);
        writes.add(part.to);
        break;
      case 'unclaim':
        readsOf(part.folio, reads);
        break;
      case 'set-element':
        readsOf(part.index, reads);
        readsOf(part.value, reads);
        break;
      case 'check':
        readsOf(part.value, reads);
        break;
      case 'call':
        for (const arg of part.args) {
          if (arg.kind === 'value') readsOf(arg.of, reads);
          else if (arg.kind === 'place') {
            reads.add(arg.of);
            writes.add(arg.of);
          } else {
            reads.add(arg.of.count);
            writes.add(arg.of.count);
          }
        }
        if (part.result !== undefined) writes.add(part.result);
        break;
      case 'load':
        writes.add(part.to);
        break;
      case 'store':
        readsOf(part.value, reads);
        break;
      case 'if':
        readsOf(part.if, reads);
        break;
      case 'again':
      case 'block':
      case 'declare':
      case 'leave':
      case 'loop':
      case 'orders':
      case 'routine':
      case 'scope':
    }
  });
}

/** Variables that an expression reads. */
export function readsOf(expr: Expr, found: Set<Var> = new Set()): ReadonlySet<Var> {
  switch (expr.op) {
    case 'var':
      found.add(expr.of);
      break;
    case 'element':
      readsOf(expr.index, found);
      break;
    case 'binary':
      readsOf(expr.left, found);
      readsOf(expr.right, found);
      break;
    case 'not':
      readsOf(expr.of, found);
      break;
    case 'choose':
      readsOf(expr.if, found);
      readsOf(expr.then, found);
      readsOf(expr.else, found);
      break;
    case 'capacity':
    case 'const':
    case 'given':
    case 'no-entry':
    case 'null':
  }
  return found;
}

export const constant = (value: number): Expr => ({ op: 'const', value });
export const variable = (of: Var): Expr => ({ op: 'var', of });
export const binary = (
  operator: Extract<Expr, { op: 'binary' }>['operator'],
  left: Expr,
  right: Expr,
): Extract<Expr, { op: 'binary' }> => ({
  op: 'binary',
  operator,
  left,
  right,
});
export const not = (of: Expr): Expr => ({ op: 'not', of });

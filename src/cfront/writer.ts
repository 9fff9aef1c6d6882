// SPDX-License-Identifier: MIT
import type { Batch, Expr, Part, Static, Var } from './ir.ts';
import { Refused, type Place } from './source.ts';
import { LARGEST_INT } from './ranges.ts';
import { merged } from './stable-reads.ts';
import type { CType } from './syntax.ts';

/** An assignable place that a name or an expression denotes. */
export type Target =
  | { readonly kind: 'var'; readonly of: Var }
  | { readonly kind: 'static'; readonly of: Static }
  | { readonly kind: 'batch'; readonly of: Batch }
  | { readonly kind: 'element'; readonly of: Batch; readonly index: Expr };

/** Result of an expression: a value, or a pointer with a known target. */
export type Operand =
  | { readonly kind: 'value'; readonly expr: Expr; readonly type: CType }
  | { readonly kind: 'pointer'; readonly to: Target };
export type Valued = Extract<Operand, { kind: 'value' }>;

export type Binding = Target | { readonly kind: 'pointer'; readonly to: Target };

/** Most parts of a text; a kernel function with its helpers needs fewer. */
const MOST_PARTS = 8_000;

/** Base of the translator: the parts written so far, and the names in scope. */
export abstract class Writer {
  protected out: Part[] = [];
  protected count = 0;
  protected names: Map<string, Binding>[] = [new Map<string, Binding>()];
  /** The statement that is being written out, for reports. */
  protected statement: Place = { line: 0, column: 0, text: '' };

  protected push(part: Part): void {
    if ((part.kind === 'set' || part.kind === 'store') && part.value.op === 'const' && part.value.value > LARGEST_INT)
      throw new Refused(
        `is larger than the values that a variable keeps here, expected at most INT_MAX, or -1 or ULONG_MAX for what is no index`,
        part.at,
      );
    if (++this.count > MOST_PARTS)
      throw new Refused(`is too long with its helpers inlined, expected at most ${MOST_PARTS} parts`, this.statement);
    this.out.push(part);
  }

  protected nest(text: () => void): readonly Part[] {
    const outer = this.out;
    const inner: Part[] = [];
    this.out = inner;
    try {
      text();
    } finally {
      this.out = outer;
    }
    return inner;
  }

  /** Runs `text`, and returns its result and the parts that it wrote. */
  protected capture<T>(text: () => T): { readonly parts: readonly Part[]; readonly value: T } {
    const outer = this.out;
    const parts: Part[] = [];
    this.out = parts;
    try {
      return { value: text(), parts };
    } finally {
      this.out = outer;
    }
  }

  /** A full expression: its temporaries end with it. */
  protected full(text: () => void): void {
    const parts = merged(this.nest(text));
    if (parts.some(({ kind }) => kind === 'declare')) this.push({ kind: 'scope', body: parts });
    else for (const part of parts) this.push(part);
  }

  protected temporary(type: CType, name: string): Var {
    const of: Var = { name, type, place: 'own' };
    this.push({ kind: 'declare', of });
    return of;
  }

  protected bind(name: string, binding: Binding): void {
    this.names.at(-1)?.set(name, binding);
  }

  protected bound(name: string): Binding | undefined {
    for (const names of this.names.toReversed()) {
      const found = names.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  protected scoped(text: () => void): void {
    this.names.push(new Map());
    const parts = this.nest(text);
    this.names.pop();
    if (parts.some(({ kind }) => kind === 'declare')) this.push({ kind: 'scope', body: parts });
    else for (const part of parts) this.push(part);
  }
}

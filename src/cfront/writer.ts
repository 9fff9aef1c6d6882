// SPDX-License-Identifier: MIT
import type { Batch, Expr, Part, Static, Var } from './ir.ts';
import { Refused, type Place } from './source.ts';
import { merged } from './stable-reads.ts';
import type { CType } from './syntax.ts';

/** Something that a name or an expression stands for and that can be written. */
export type Target =
  | { readonly kind: 'var'; readonly of: Var }
  | { readonly kind: 'static'; readonly of: Static }
  | { readonly kind: 'batch'; readonly of: Batch }
  | { readonly kind: 'element'; readonly of: Batch; readonly index: Expr };

/** What an expression comes to: a value, or a pointer whose target is known here. */
export type Operand =
  | { readonly kind: 'value'; readonly expr: Expr; readonly type: CType }
  | { readonly kind: 'pointer'; readonly to: Target };
export type Valued = Extract<Operand, { kind: 'value' }>;

export type Binding = Target | { readonly kind: 'pointer'; readonly to: Target };

/** More parts than a function of the kernel's comes to with its helpers. */
const MOST_PARTS = 8_000;

/** Parts as they are written, and the names that they may use: what every kind of C needs. */
export abstract class Writer {
  protected out: Part[] = [];
  protected count = 0;
  protected names: Map<string, Binding>[] = [new Map<string, Binding>()];
  /** The statement that is being written out, for reports. */
  protected statement: Place = { line: 0, column: 0, text: '' };

  protected push(part: Part): void {
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

  /** What a text comes to, and the parts that it needs. */
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

  /** A full expression: what it needs besides is gone behind it. */
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

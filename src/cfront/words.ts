// SPDX-License-Identifier: MIT
import { Accesses } from './accesses.ts';
import { pointee } from './c-types.ts';
import { binary, constant, variable } from './ir.ts';
import type { Word } from './known.ts';
import { Refused } from './source.ts';
import { BOOL, type CExpr, INT, LONG, UNSIGNED, UNSIGNED_LONG } from './syntax.ts';
import type { Operand, Valued } from './writer.ts';

const ENOENT = 2;

/** Calls of words that only compute. */
export abstract class Words extends Accesses {
  /** A word of the table, unless the text has a function of that name. */
  protected unshadowed(name: string): Word | undefined {
    return this.unit.functions.has(name) ? undefined : this.table.words.get(name);
  }

  protected word(known: Word, expr: Extract<CExpr, { kind: 'call' }>): Operand {
    const nothing: Valued = { kind: 'value', expr: constant(0), type: { kind: 'void' } };
    const { args, at } = expr;
    if (known.word === 'print') {
      for (const arg of args) if (!this.isPlain(arg)) this.effect(arg);
      return nothing;
    }
    this.requireArguments(known.name, known.params.length, expr);
    const [first, second, third] = args;
    if (first === undefined) return nothing;
    switch (known.word) {
      case 'nothing':
        return nothing;
      case 'same':
      case 'mapping-of':
        return this.value(first);
      case 'truth':
        return { kind: 'value', expr: this.truthOf(first), type: INT };
      case 'bit':
        return this.computed('<<', { kind: 'value', expr: constant(1), type: UNSIGNED_LONG }, this.value(first), at);
      case 'enabled': {
        const defined = first.kind === 'name' ? this.named(first.name, at) : undefined;
        if (defined !== undefined) return { kind: 'value', expr: this.truth(defined, at), type: INT };
        throw new Refused(
          `is not known: expected the line '#define ${first.at.text} 1' (or 0) in this file, as the kernel is configured`,
          at,
        );
      }
      case 'write':
        if (second === undefined) return nothing;
        return this.assign({ kind: 'assign', operator: undefined, to: first, value: second, at });
      case 'least':
      case 'most': {
        if (second === undefined) return nothing;
        const [a, b] = this.both(first, second, at);
        return this.chosen(known.word, a, b, at);
      }
      case 'least-of-type':
      case 'most-of-type': {
        if (second === undefined || third === undefined) return nothing;
        const [a, b] = this.both(second, third, at);
        return this.chosen(known.word === 'least-of-type' ? 'least' : 'most', a, b, at);
      }
      case 'between': {
        if (second === undefined || third === undefined) return nothing;
        const [of, low, high] = this.unordered([first, second, third], at);
        if (of === undefined || low === undefined || high === undefined) return nothing;
        return this.chosen('least', this.chosen('most', of, low, at), high, at);
      }
      case 'batch-init':
      case 'batch-reinit': {
        const batch = this.batchOf(first, true);
        this.initialise(batch, at);
        if (known.word === 'batch-init') this.push({ kind: 'set', to: batch.drained, value: constant(0), at });
        return nothing;
      }
      case 'batch-count':
        return { kind: 'value', expr: variable(this.batchOf(first, true).count), type: UNSIGNED };
      case 'batch-space': {
        const { count } = this.batchOf(first, true);
        return { kind: 'value', expr: binary('-', { op: 'capacity' }, variable(count)), type: UNSIGNED };
      }
      case 'is-error': {
        const { expr: of } = this.folioOf(first);
        return { kind: 'value', expr: binary('==', of, { op: 'no-entry' }), type: BOOL };
      }
      case 'is-error-or-null': {
        const { expr: of } = this.folioOf(first);
        return { kind: 'value', expr: binary('>=', of, { op: 'null', of: 'folio' }), type: BOOL };
      }
      case 'error-of':
        this.folioOf(first);
        return { kind: 'value', expr: constant(-ENOENT), type: LONG };
    }
  }

  /** What is printed without an effect: a text, or what the kernel has and the model lacks. */
  private isPlain(arg: CExpr): boolean {
    if (arg.kind === 'string') return true;
    if (arg.kind === 'field') return arg.name !== 'nr' && !this.table.steps.has(`folio->${arg.name}`);
    return (
      arg.kind === 'name' &&
      this.bound(arg.name) === undefined &&
      !this.unit.variables.has(arg.name) &&
      !this.unit.constants.has(arg.name)
    );
  }

  protected folioOf(expr: CExpr): Valued {
    const value = this.value(expr);
    if (pointee(value.type) !== 'folio') throw new Refused('is not a folio, expected one', expr.at);
    return value;
  }
}

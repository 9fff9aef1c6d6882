// SPDX-License-Identifier: MIT
import { Arithmetic } from './arithmetic.ts';
import { isNumber, typeText } from './c-types.ts';
import { type Batch, constant, type Expr, type Static, variable } from './ir.ts';
import { Refused, type Place } from './source.ts';
import { type CExpr, type CType, type CUnit, INT, pointerTo } from './syntax.ts';
import type { Binding, Operand, Target, Valued } from './writer.ts';

/** Names: variables, constants, batches and their elements, read and written. */
export abstract class Places extends Arithmetic {
  protected readonly unit: CUnit;
  protected readonly statics = new Map<string, Static>();
  protected readonly constants = new Map<string, Valued>();
  protected readonly constantsInHand = new Set<string>();

  constructor(unit: CUnit) {
    super();
    this.unit = unit;
  }

  protected name(expr: Extract<CExpr, { kind: 'name' }>): Operand {
    const { name, at } = expr;
    const bound = this.bound(name);
    if (bound?.kind === 'pointer') return bound;
    if (bound !== undefined) return this.read(bound, at);
    if (name === 'NULL') return { kind: 'value', expr: constant(0), type: INT };
    const known = this.named(name, at);
    if (known !== undefined) return known;
    return this.read(this.target(expr), at);
  }

  /** A constant of the file or of the kernel's headers. */
  protected named(name: string, at: Place): Valued | undefined {
    const known = this.constants.get(name);
    if (known !== undefined) return known;
    const text = this.unit.constants.get(name);
    if (text === undefined) return undefined;
    if (this.constantsInHand.has(name)) throw new Refused(`'${name}' is defined by itself, expected a constant`, at);
    this.constantsInHand.add(name);
    const names = this.names;
    // C looks up a macro's names at its use; in a constant only constants are possible.
    this.names = [new Map<string, Binding>()];
    const { parts, value } = this.capture(() => this.value(text()));
    this.names = names;
    this.constantsInHand.delete(name);
    if (parts.length > 0 || (value.expr.op !== 'const' && value.expr.op !== 'null'))
      throw new Refused(`'${name}' is not a constant, expected one`, at);
    this.constants.set(name, value);
    return value;
  }

  /** Memory that outlives a request: one for each place where C declares it. */
  protected static(key: string, name: string, type: CType, value: CExpr | undefined, at: Place): Static {
    const known = this.statics.get(key);
    if (known !== undefined) return known;
    if (!isNumber(type))
      throw new Refused(`a static ${typeText(type)} is not supported, expected bool or an integer`, at);
    const first: Valued = value === undefined ? { kind: 'value', expr: constant(0), type: INT } : this.constant(value);
    const given = this.convert(first, type, at);
    const made: Static = { name, type, value: given.expr };
    this.statics.set(key, made);
    return made;
  }

  protected target(expr: CExpr): Target {
    switch (expr.kind) {
      case 'name': {
        const bound = this.bound(expr.name);
        if (bound !== undefined && bound.kind !== 'pointer') return bound;
        if (bound !== undefined)
          throw new Refused(`'${expr.name}' must keep pointing to one variable, expected no assignment to it`, expr.at);
        const global = this.unit.variables.get(expr.name);
        if (global !== undefined) {
          const { type, value, at } = global();
          const names = this.names;
          this.names = [new Map<string, Binding>()];
          const of = this.static(expr.name, expr.name, type, value, at);
          this.names = names;
          return { kind: 'static', of };
        }
        throw new Refused(`'${expr.name}' is not declared, expected a variable of this file`, expr.at);
      }
      case 'unary': {
        if (expr.operator !== '*') break;
        const pointer = this.operand(expr.of);
        if (pointer.kind === 'pointer') return pointer.to;
        throw new Refused('only pointers to variables can be dereferenced, expected a field', expr.at);
      }
      case 'index': {
        if (expr.of.kind === 'field' && expr.of.name === 'folios') {
          const batch = this.batchOf(expr.of.of, expr.of.arrow);
          const index = this.value(expr.index);
          if (!isNumber(index.type)) throw new Refused('is not a number, expected an index', expr.index.at);
          return { kind: 'element', of: batch, index: index.expr };
        }
        break;
      }
      case 'field':
        if (expr.name === 'nr') return { kind: 'var', of: this.batchOf(expr.of, expr.arrow).count };
        break;
      case 'assign':
      case 'binary':
      case 'call':
      case 'cast':
      case 'comma':
      case 'conditional':
      case 'empty-list':
      case 'logical':
      case 'number':
      case 'string':
      case 'update':
    }
    throw new Refused('cannot be assigned, expected a variable', expr.at);
  }

  protected batchOf(expr: CExpr, arrow: boolean): Batch {
    if (arrow) {
      const pointer = this.operand(expr);
      if (pointer.kind === 'pointer' && pointer.to.kind === 'batch') return pointer.to.of;
    } else {
      const target = this.target(expr);
      if (target.kind === 'batch') return target.of;
    }
    throw new Refused('is not a struct folio_batch, expected one', expr.at);
  }

  protected initialise(batch: Batch, at: Place): void {
    this.push({ kind: 'set', to: batch.count, value: constant(0), at });
  }

  protected read(target: Target, at: Place): Operand {
    switch (target.kind) {
      case 'var':
        return { kind: 'value', expr: variable(target.of), type: target.of.type };
      case 'element':
        return { kind: 'value', expr: { op: 'element', of: target.of, index: target.index }, type: pointerTo('folio') };
      case 'static': {
        const to = this.temporary(target.of.type, target.of.name);
        this.push({ kind: 'load', from: target.of, to, at, statement: this.statement });
        return { kind: 'value', expr: variable(to), type: target.of.type };
      }
      case 'batch':
        throw new Refused('a batch cannot be used as a value, expected its address', at);
    }
  }

  protected typeOf(target: Target): CType {
    switch (target.kind) {
      case 'var':
      case 'static':
        return target.of.type;
      case 'element':
        return pointerTo('folio');
      case 'batch':
        return { kind: 'struct', name: 'folio_batch' };
    }
  }

  protected write(target: Target, value: Expr, at: Place): void {
    switch (target.kind) {
      case 'var':
        this.push({ kind: 'set', to: target.of, value, at });
        return;
      case 'element':
        this.push({ kind: 'set-element', to: target.of, index: target.index, value, at });
        return;
      case 'static':
        this.push({ kind: 'store', to: target.of, value, at, statement: this.statement });
        return;
      case 'batch':
        throw new Refused('a batch cannot be assigned, expected its elements', at);
    }
  }
}

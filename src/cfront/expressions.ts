// SPDX-License-Identifier: MIT
import { isNumber, promoted } from './c-types.ts';
import { folded } from './compute.ts';
import { binary, constant, not, type Part, variable } from './ir.ts';
import { Places } from './places.ts';
import { Refused, type Place } from './source.ts';
import { BOOL, type CExpr, INT } from './syntax.ts';
import type { Operand, Target, Valued } from './writer.ts';

/** Expressions, in the order in which C evaluates them. */
export abstract class Expressions extends Places {
  protected abstract call(expr: Extract<CExpr, { kind: 'call' }>): Operand;
  protected abstract field(expr: Extract<CExpr, { kind: 'field' }>): Operand;

  protected effect(expr: CExpr): void {
    if (expr.kind === 'comma') {
      this.effect(expr.first);
      this.effect(expr.then);
      return;
    }
    if (expr.kind === 'cast' && expr.type.kind === 'void') {
      this.effect(expr.of);
      return;
    }
    if (expr.kind === 'update') {
      this.update({ ...expr, prefix: true });
      return;
    }
    this.operand(expr);
  }

  protected operand(expr: CExpr): Operand {
    switch (expr.kind) {
      case 'number':
        return { kind: 'value', expr: constant(expr.value), type: expr.type };
      case 'string':
        throw new Refused('a string cannot be used as a value here, expected a number', expr.at);
      case 'empty-list':
        throw new Refused('an initializer list cannot be used as a value here, expected a number', expr.at);
      case 'name':
        return this.name(expr);
      case 'unary':
        return this.unary(expr);
      case 'binary':
        return this.binary(expr.operator, expr.left, expr.right, expr.at);
      case 'logical':
        return this.logical(expr);
      case 'assign':
        return this.assign(expr);
      case 'update':
        return this.update(expr);
      case 'conditional':
        return this.conditional(expr);
      case 'call':
        return this.call(expr);
      case 'field':
        return this.field(expr);
      case 'index':
        return this.read(this.target(expr), expr.at);
      case 'comma':
        this.effect(expr.first);
        return this.operand(expr.then);
      case 'cast': {
        const of = this.operand(expr.of);
        if (of.kind === 'pointer') {
          if (expr.type.kind === 'pointer') return of;
          throw new Refused('a pointer cannot be cast to a number, expected no cast', expr.at);
        }
        return this.convert(of, expr.type, expr.at);
      }
    }
  }

  protected unary(expr: Extract<CExpr, { kind: 'unary' }>): Operand {
    const { operator, of, at } = expr;
    switch (operator) {
      case '*':
        return this.read(this.target(expr), at);
      case '&':
        return { kind: 'pointer', to: this.target(of) };
      case '!': {
        const truth = this.truthOf(of);
        return {
          kind: 'value',
          expr: truth.op === 'const' ? constant(Number(truth.value === 0)) : not(truth),
          type: INT,
        };
      }
      case '+':
      case '-':
      case '~': {
        const value = this.value(of);
        if (!isNumber(value.type)) throw new Refused('is not a number, expected one', of.at);
        const type = promoted(value.type);
        if (operator === '+') return { ...value, type };
        const from = operator === '-' ? constant(0) : constant(-1);
        const known = value.expr.op === 'const' ? constant((operator === '-' ? 0 : -1) - value.expr.value) : undefined;
        if (known !== undefined) return this.fitting(known, type, at);
        return this.fitting(binary('-', from, value.expr), type, at);
      }
    }
  }

  protected logical(expr: Extract<CExpr, { kind: 'logical' }>): Valued {
    const left = this.truthOf(expr.left);
    const { parts, value: right } = this.capture(() => this.truthOf(expr.right));
    if (parts.length === 0) return { kind: 'value', expr: folded(expr.operator, left, right), type: INT };
    const of = this.temporary(BOOL, expr.at.text);
    this.push({ kind: 'set', to: of, value: left, at: expr.at });
    const body: readonly Part[] = [...parts, { kind: 'set', to: of, value: right, at: expr.at }];
    const condition = variable(of);
    this.push({ kind: 'if', if: expr.operator === '&&' ? condition : not(condition), then: body, else: [] });
    return { kind: 'value', expr: condition, type: INT };
  }

  protected conditional(expr: Extract<CExpr, { kind: 'conditional' }>): Valued {
    const condition = this.truthOf(expr.if);
    const then = this.capture(() => this.value(expr.then));
    const otherwise = this.capture(() => this.value(expr.else));
    const type = this.meeting(then.value, otherwise.value, expr.at);
    const [first, second] = [
      this.capture(() => this.convert(then.value, type, expr.then.at).expr),
      this.capture(() => this.convert(otherwise.value, type, expr.else.at).expr),
    ];
    const thenParts = [...then.parts, ...first.parts];
    const elseParts = [...otherwise.parts, ...second.parts];
    const [x, y] = [first.value, second.value];
    if (thenParts.length === 0 && elseParts.length === 0)
      return { kind: 'value', expr: { op: 'choose', if: condition, then: x, else: y }, type };
    const of = this.temporary(type, expr.at.text);
    this.push({
      kind: 'if',
      if: condition,
      then: [...thenParts, { kind: 'set', to: of, value: x, at: expr.at }],
      else: [...elseParts, { kind: 'set', to: of, value: y, at: expr.at }],
    });
    return { kind: 'value', expr: variable(of), type };
  }

  protected assign(expr: Extract<CExpr, { kind: 'assign' }>): Valued {
    const { to, value, operator, at } = expr;
    // The only computed part of a writable place is an index, which the table's calls may not change.
    const target = this.target(to);
    const type = this.typeOf(target);
    let result: Valued;
    if (operator === undefined) result = this.convert(this.value(value), type, value.at);
    else {
      const [old, more] = this.readBeside(target, value, to.at);
      if (old.kind !== 'value' || more.kind !== 'value')
        throw new Refused('cannot be used in arithmetic, expected a number', at);
      result = this.convert(this.computed(operator, old, more, at), type, at);
    }
    this.write(target, result.expr, at);
    if (target.kind === 'static') return result;
    const read = this.read(target, at);
    return read.kind === 'value' ? read : result;
  }

  /** A read and a value that C evaluates in an unspecified order. */
  protected readBeside(target: Target, value: CExpr, at: Place): readonly [Operand, Operand] {
    const [a, b] = this.unorderedTexts([() => this.read(target, at), () => this.operand(value)], at);
    if (a === undefined || b === undefined) throw new Error('two operands are two');
    return [a, b];
  }

  protected update({ of, by, prefix, at }: Extract<CExpr, { kind: 'update' }>): Valued {
    const target = this.target(of);
    const old = this.read(target, of.at);
    if (old.kind !== 'value' || !isNumber(old.type))
      throw new Refused('cannot be incremented or decremented, expected a number', at);
    const one: Valued = { kind: 'value', expr: constant(1), type: INT };
    let before = old;
    if (!prefix) {
      const kept = this.temporary(old.type, of.at.text);
      this.push({ kind: 'set', to: kept, value: old.expr, at });
      before = { kind: 'value', expr: variable(kept), type: old.type };
    }
    const now = this.convert(this.computed(by === 1 ? '+' : '-', old, one, at), old.type, at);
    this.write(target, now.expr, at);
    if (!prefix) return before;
    return target.kind === 'static' ? now : { kind: 'value', expr: old.expr, type: old.type };
  }
}

// SPDX-License-Identifier: MIT
import { binary, constant, type Expr, variable } from './ir.ts';
import { common, isNumber, limits, pointee, promoted, typeText, wrapped } from './c-types.ts';
import { folded, isTruth } from './compute.ts';
import { Refused, type Place } from './source.ts';
import { type BinaryOperator, type CExpr, type CType, INT } from './syntax.ts';
import { Unordered } from './unordered.ts';
import type { Operand, Valued } from './writer.ts';

/** C's arithmetic: conversions between types, and the results of operators. */
export abstract class Arithmetic extends Unordered {
  protected truth({ expr, type }: Valued, at: Place): Expr {
    if (type.kind === 'void') throw new Refused('has no value, expected one', at);
    const kind = pointee(type);
    if (kind !== undefined) return binary('!=', expr, { op: 'null', of: kind });
    if (isTruth(expr)) return expr;
    if (expr.op === 'const') return constant(Number(expr.value !== 0));
    return binary('!=', expr, constant(0));
  }

  /** Whether an expression is true in C; the address of a variable is never NULL. */
  protected truthOf(expr: CExpr): Expr {
    const operand = this.operand(expr);
    return operand.kind === 'pointer' ? constant(1) : this.truth(operand, expr.at);
  }

  protected value(expr: CExpr): Valued {
    const operand = this.operand(expr);
    if (operand.kind === 'value') return operand;
    throw new Refused('a pointer cannot be used as a value here, expected what it points to', expr.at);
  }

  /** A value that stays unchanged: a constant, or a copy in a new variable. */
  protected settled({ expr, type }: Valued, at: Place): readonly [Expr, CType] {
    const now = promoted(type);
    if (expr.op === 'const') return [expr, now];
    const of = this.temporary(now, at.text);
    this.push({ kind: 'set', to: of, value: expr, at });
    return [variable(of), now];
  }

  protected constant(expr: CExpr): number {
    const { parts, value } = this.capture(() => this.value(expr));
    if (parts.length === 0 && value.expr.op === 'const') return value.expr.value;
    throw new Refused('is not a constant, expected one', expr.at);
  }

  /** A value converted to another type. */
  protected convert({ expr, type }: Valued, to: CType, at: Place): Valued {
    if (to.kind === 'bool') return { kind: 'value', expr: this.truth({ kind: 'value', expr, type }, at), type: to };
    if (to.kind === 'void') return { kind: 'value', expr, type: to };
    const [from, into] = [pointee(type), pointee(to)];
    if (into !== undefined) {
      if (expr.op === 'const' && expr.value === 0) return { kind: 'value', expr: { op: 'null', of: into }, type: to };
      if (from === into) return { kind: 'value', expr, type: to };
    }
    if (into !== undefined || from !== undefined || !isNumber(to) || !isNumber(type))
      throw new Refused(`is a ${typeText(type)}, expected a ${typeText(to)}`, at);
    const [was, is] = [limits(type), limits(to)];
    if (expr.op === 'const') {
      if (expr.value >= is.low && expr.value <= is.high) return { kind: 'value', expr, type: to };
      return { kind: 'value', expr: constant(wrapped(expr.value, to)), type: to };
    }
    if (was.low < is.low || was.high > is.high) this.check(expr, to, at);
    return { kind: 'value', expr, type: to };
  }

  protected check(value: Expr, type: CType, at: Place): void {
    const { low, high } = limits(type);
    this.push({ kind: 'check', value, low, high, at });
  }

  /** A result of arithmetic: in C unsigned values wrap, and signed overflow is undefined. */
  protected fitting(expr: Expr, type: CType, at: Place): Valued {
    if (expr.op === 'const') {
      const { low, high } = limits(type);
      if (expr.value >= low && expr.value <= high) return { kind: 'value', expr, type };
      return { kind: 'value', expr: constant(wrapped(expr.value, type)), type };
    }
    // Signed variables are kept in far smaller ranges, so a signed result cannot leave the range of its type.
    if (type.kind === 'int' && !type.signed) this.check(expr, type, at);
    return { kind: 'value', expr, type };
  }

  protected binary(operator: BinaryOperator, left: CExpr, right: CExpr, at: Place): Valued {
    const [a, b] = this.both(left, right, at);
    if (a.kind === 'pointer' || b.kind === 'pointer') {
      const other = a.kind === 'pointer' ? b : a;
      const isNull = other.kind === 'value' && other.expr.op === 'const' && other.expr.value === 0;
      if (isNull && (operator === '==' || operator === '!='))
        return { kind: 'value', expr: constant(Number(operator === '!=')), type: INT };
      throw new Refused('pointers to variables cannot be compared, expected values', at);
    }
    return this.computed(operator, a, b, at);
  }

  protected computed(operator: BinaryOperator, a: Valued, b: Valued, at: Place): Valued {
    const [from, into] = [pointee(a.type), pointee(b.type)];
    if (from !== undefined || into !== undefined) {
      if (operator !== '==' && operator !== '!=')
        throw new Refused('pointers can only be compared, expected == or !=', at);
      const type = from === undefined ? b.type : a.type;
      return {
        kind: 'value',
        expr: binary(operator, this.convert(a, type, at).expr, this.convert(b, type, at).expr),
        type: INT,
      };
    }
    if (!isNumber(a.type) || !isNumber(b.type)) throw new Refused('is not a number, expected one', at);
    if (operator === '<<' || operator === '>>') {
      const type = promoted(a.type);
      if (b.expr.op === 'const' && !(b.expr.value >= 0 && b.expr.value < 31))
        throw new Refused('is shifted too far, expected 0 to 30 bits', at);
      return this.fitting(folded(operator, a.expr, b.expr), type, at);
    }
    const type = common(a.type, b.type);
    const [x, y] = [this.convert(a, type, at).expr, this.convert(b, type, at).expr];
    switch (operator) {
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return { kind: 'value', expr: folded(operator, x, y), type: INT };
      case '/':
      case '%':
        if (y.op !== 'const')
          throw new Refused(`only a constant divisor is supported, expected one after '${operator}'`, at);
        if (y.value === 0) throw new Refused('is divided by 0, expected another divisor', at);
        if (y.value < 0) throw new Refused('is divided by a negative number, expected a positive divisor', at);
        return { kind: 'value', expr: folded(operator, x, y), type };
      case '+':
      case '-':
      case '*':
      case '&':
      case '|':
      case '^':
        return this.fitting(folded(operator, x, y), type, at);
    }
  }

  protected meeting(a: Valued, b: Valued, at: Place): CType {
    if (pointee(a.type) !== undefined) return a.type;
    if (pointee(b.type) !== undefined) return b.type;
    if (!isNumber(a.type) || !isNumber(b.type)) throw new Refused('has no value, expected one', at);
    return common(a.type, b.type);
  }

  protected chosen(word: 'least' | 'most', a: Operand, b: Operand, at: Place): Valued {
    if (a.kind === 'pointer' || b.kind === 'pointer' || !isNumber(a.type) || !isNumber(b.type))
      throw new Refused('is not a number, expected one', at);
    const type = common(a.type, b.type);
    const [x, y] = [this.convert(a, type, at).expr, this.convert(b, type, at).expr];
    const condition = folded(word === 'least' ? '<' : '>', x, y);
    return { kind: 'value', expr: { op: 'choose', if: condition, then: x, else: y }, type };
  }
}

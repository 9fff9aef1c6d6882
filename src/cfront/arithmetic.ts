// SPDX-License-Identifier: MIT
import { binary, constant, type Expr, variable } from './ir.ts';
import { common, isNumber, isWrapping, limits, pointee, promoted, typeText, valueIn, wrapped } from './c-types.ts';
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

  protected constant(expr: CExpr): Valued & { readonly expr: Extract<Expr, { op: 'const' }> } {
    const { parts, value } = this.capture(() => this.value(expr));
    const { expr: known } = value;
    if (parts.length === 0 && known.op === 'const') return { ...value, expr: known };
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
      // LONG_MAX is no number of JavaScript's: it stays as it is, to be compared only.
      if (expr.value === 2 ** 63 && is.high === 2 ** 63) return { kind: 'value', expr, type: to };
      return { kind: 'value', expr: this.number(valueIn(expr.value, type), to, at), type: to };
    }
    if (isWrapping(type) && was.high < is.high) {
      // A large value of 32 bits has another number in 64 bits.
      this.push({ kind: 'check', value: expr, low: 0, high: was.high, at });
      return { kind: 'value', expr, type: to };
    }
    if (was.low < is.low || was.high > is.high) this.check(expr, to, at);
    return { kind: 'value', expr, type: to };
  }

  /** @throws Refused if there is no number for a value. */
  private number(value: bigint, type: CType, at: Place): Expr {
    const known = wrapped(value, type);
    if (known !== undefined) return constant(known);
    throw new Refused(
      `is ${value}, which cannot be computed exactly here, expected a value below 2^53, or ULONG_MAX`,
      at,
    );
  }

  /** Requires a value below the upper half of its unsigned type, for operators that differ there. */
  protected lowerHalf(value: Expr, type: CType, at: Place): void {
    if (isWrapping(type)) this.push({ kind: 'check', value, low: 0, high: limits(type).high, at });
  }

  protected check(value: Expr, type: CType, at: Place): void {
    const { low, high } = limits(type);
    this.push({ kind: 'check', value, low, high, at });
  }

  /** A result of arithmetic: in C unsigned values wrap, and signed overflow is undefined. */
  protected fitting(expr: Expr, type: CType, at: Place): Valued {
    if (expr.op === 'const') {
      if (!Number.isSafeInteger(expr.value) && expr.value !== -(2 ** 63))
        throw new Refused('cannot be computed exactly here, expected values below 2^53, or ULONG_MAX', at);
      return { kind: 'value', expr: this.number(BigInt(expr.value), type, at), type };
    }
    // Signed variables are kept in far smaller ranges, so a signed result cannot leave the range of its type.
    if (isWrapping(type)) this.check(expr, type, at);
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
      if (operator === '>>') {
        if (a.expr.op === 'const' && b.expr.op === 'const') {
          const shifted = valueIn(a.expr.value, type) >> BigInt(b.expr.value);
          return { kind: 'value', expr: this.number(shifted, type, at), type };
        }
        this.lowerHalf(a.expr, type, at);
      }
      return this.fitting(folded(operator, a.expr, b.expr), type, at);
    }
    const type = common(a.type, b.type);
    const [x, y] = [this.convert(a, type, at).expr, this.convert(b, type, at).expr];
    switch (operator) {
      case '==':
      case '!=':
        return { kind: 'value', expr: folded(operator, x, y), type: INT };
      case '<':
      case '<=':
      case '>':
      case '>=':
        return { kind: 'value', expr: folded(operator, x, y, isWrapping(type)), type: INT };
      case '/':
      case '%':
        if (y.op !== 'const')
          throw new Refused(`only a constant divisor is supported, expected one after '${operator}'`, at);
        if (y.value === 0) throw new Refused('is divided by 0, expected another divisor', at);
        if (y.value < 0)
          throw new Refused(
            isWrapping(type)
              ? 'is divided by a number this large, expected a smaller divisor'
              : 'is divided by a negative number, expected a positive divisor',
            at,
          );
        if (x.op === 'const') {
          const [of, by] = [valueIn(x.value, type), BigInt(y.value)];
          return { kind: 'value', expr: this.number(operator === '/' ? of / by : of % by, type, at), type };
        }
        this.lowerHalf(x, type, at);
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
    const condition = folded(word === 'least' ? '<' : '>', x, y, isWrapping(type));
    return { kind: 'value', expr: { op: 'choose', if: condition, then: x, else: y }, type };
  }
}

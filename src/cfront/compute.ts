// SPDX-License-Identifier: MIT
import { binary, constant, type Expr } from './ir.ts';
import type { BinaryOperator } from './syntax.ts';

/** Whether an expression is 0 or 1. */
export function isTruth(expr: Expr): boolean {
  switch (expr.op) {
    case 'const':
      return expr.value === 0 || expr.value === 1;
    case 'var':
      return expr.of.type.kind === 'bool';
    case 'not':
      return true;
    case 'choose':
      return isTruth(expr.then) && isTruth(expr.else);
    case 'binary':
      return ['==', '!=', '<', '<=', '>', '>=', '&&', '||'].includes(expr.operator);
    case 'capacity':
    case 'element':
    case 'given':
    case 'no-entry':
    case 'null':
      return false;
  }
}

/** An operation, or its result if the operands are constants. */
export function folded(operator: BinaryOperator | '&&' | '||', left: Expr, right: Expr, isUnsigned = false): Expr {
  if (left.op !== 'const' || right.op !== 'const')
    return isUnsigned ? { op: 'binary', operator, left, right, unsigned: true } : binary(operator, left, right);
  // A negative number stands for a large unsigned value.
  if (isUnsigned && left.value < 0 !== right.value < 0) return constant(computed(operator, right.value, left.value));
  return constant(computed(operator, left.value, right.value));
}

/** Result of an operation on whole numbers. */
export function computed(operator: BinaryOperator | '&&' | '||', left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return Math.trunc(left / right);
    case '%':
      return (left % right) + 0;
    case '<<':
      return left * 2 ** right;
    case '>>':
      return Math.floor(left / 2 ** right);
    case '&':
      return Number(BigInt(left) & BigInt(right));
    case '|':
      return Number(BigInt(left) | BigInt(right));
    case '^':
      return Number(BigInt(left) ^ BigInt(right));
    case '==':
      return Number(left === right);
    case '!=':
      return Number(left !== right);
    case '<':
      return Number(left < right);
    case '<=':
      return Number(left <= right);
    case '>':
      return Number(left > right);
    case '>=':
      return Number(left >= right);
    case '&&':
      return Number(left !== 0 && right !== 0);
    case '||':
      return Number(left !== 0 || right !== 0);
  }
}

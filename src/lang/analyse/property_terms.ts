// SPDX-License-Identifier: MIT
import type { Expr } from '../text/expr.ts';
import { type Cells, type Positions, touchedBy } from './cells.ts';

/**
 * Sets of elements that the properties read together: the order of changes within a set is visible. Two steps that change
 * different elements of one set do not commute, although neither touches what the other touches. In the state between them a
 * property may see what it does not see in the other order.
 *
 * Each conjunct gives sets of its own. In an equation of sums each summand is a set of its own: a step adds the same number to the
 * difference of the two sides, before and after a step that changes other summands. So a difference that is not 0 in one
 * order also occurs in the other. A `sometimes` property is one set: everything that it reads must hold in one state. A summand
 * that is a single element needs no set: additions to it commute.
 */
export interface Terms {
  readonly sets: readonly (readonly number[])[];
  /** Whether a summand is the amount that all tasks claim of an element. */
  readonly claims: boolean;
}

export function termsOf(
  properties: readonly Expr[],
  sometimes: readonly Expr[],
  cells: Cells,
  positions: Positions,
): Terms {
  const sets: (readonly number[])[] = [];
  let claims = false;
  const add = (expr: Expr): void => {
    const found = touchedBy(expr, cells, positions);
    if (found.length > 0) sets.push(found);
  };
  const summands = (expr: Expr): readonly Expr[] =>
    expr.op === 'binary' && (expr.operator === '+' || expr.operator === '-')
      ? [...summands(expr.left), ...summands(expr.right)]
      : [expr];
  const conjunct = (expr: Expr): void => {
    if (expr.op === 'binary' && expr.operator === '&&') {
      conjunct(expr.left);
      conjunct(expr.right);
      return;
    }
    if (expr.op !== 'binary' || expr.operator !== '==') {
      add(expr);
      return;
    }
    for (const summand of [...summands(expr.left), ...summands(expr.right)]) {
      if (summand.op === 'read' && summand.index.every(({ op }) => op === 'const')) continue;
      if (summand.op === 'claimed' && summand.of.op === 'const') claims = true;
      else add(summand);
    }
  };
  for (const property of properties) conjunct(property);
  for (const condition of sometimes) add(condition);
  return { sets, claims };
}

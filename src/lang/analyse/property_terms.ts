// SPDX-License-Identifier: MIT
import type { Expr } from '../text/expr.ts';
import { type Cells, type Positions, touchedBy } from './cells.ts';

/**
 * The reads of shared memory by properties, as sets of elements whose changes must keep their order. Two steps that
 * change different elements of one set may not be swapped, although neither touches what the other touches: a property
 * could see a state between them that the other order does not have.
 *
 * A conjunction is split. In an equation of sums each summand is a set of its own: the amount that a step adds to the
 * difference of the two sides is the same before and after a step that changes other summands, so a nonzero difference
 * in one order also occurs in the other. A `sometimes` condition is taken whole: all its reads must be true together. A
 * summand that is a single element needs no set: additions to it are the same in any order.
 */
export interface Terms {
  readonly sets: readonly (readonly number[])[];
  /** Whether some summand is a claim of all tasks. */
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

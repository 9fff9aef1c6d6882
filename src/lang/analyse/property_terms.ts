// SPDX-License-Identifier: MIT
import type { Expr } from '../text/expr.ts';
import { type Cells, type Positions, touchedBy } from './cells.ts';

/**
 * What properties make of shared memory, as sets of elements whose changes have to keep their order. Two steps that change
 * different elements of one set may not be exchanged, although they do not touch what the other touches: between them a property
 * could see what it does not see in the other order.
 *
 * A conjunction is taken apart. Of an equation of sums each summand is a set of its own: what a step adds to the difference of the
 * two sides is the same before and after a step that changes other summands, so that a difference which is not 0 in one order
 * comes about in the other. What is to be true of some state is taken whole: all that it looks at has to come together. A summand that is an element itself needs no set: whoever adds to it adds the same in any order.
 */
export interface Terms {
  readonly sets: readonly (readonly number[])[];
  /** Whether some summand is what all tasks claim of something. */
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

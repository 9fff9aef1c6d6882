// SPDX-License-Identifier: MIT
import type { Effect, Where } from './body.ts';
import type { Expr } from './expr.ts';

/**
 * The observations from evaluating an expression, under the conditions for evaluating its parts: `&&`, `||` and choices
 * evaluate the rest only if needed, a search every element that it may reach.
 * @param except a place that is read only in order to write it.
 */
export function meaningsOf(expr: Expr, at: Where, except?: Expr): readonly Effect[] {
  const inner = (part: Expr): readonly Effect[] => meaningsOf(part, at, except);
  switch (expr.op) {
    case 'const':
    case 'size':
    case 'self':
    case 'bound':
    case 'finished':
      return [];
    case 'claimed':
    case 'not':
      return inner(expr.of);
    case 'local':
      return expr.index === undefined ? [] : inner(expr.index);
    case 'read': {
      const within = expr.index.flatMap(inner);
      if (expr.means === undefined || expr === except) return within;
      return [
        ...within,
        ...expr.means.map(({ mark, args }): Effect => {
          const named = args.flatMap((name, i) => {
            const index = expr.index[i];
            return index === undefined ? [] : [[name, index] as const];
          });
          return { kind: 'observe', mark, args: Object.fromEntries(named), at };
        }),
      ];
    }
    case 'binary': {
      const right = inner(expr.right);
      if (expr.operator === '&&') return [...inner(expr.left), ...under(expr.left, right, [])];
      if (expr.operator === '||') return [...inner(expr.left), ...under(expr.left, [], right)];
      return [...inner(expr.left), ...right];
    }
    case 'choose':
      return [...inner(expr.if), ...under(expr.if, inner(expr.then), inner(expr.else))];
    case 'first': {
      const body = inner(expr.where);
      const { bound, from, to } = expr;
      const each: readonly Effect[] = body.length === 0 ? [] : [{ kind: 'each', bound, from, to, body }];
      return [...inner(from), ...inner(to), ...each, ...inner(expr.otherwise)];
    }
  }
}

const under = (condition: Expr, then: readonly Effect[], otherwise: readonly Effect[]): readonly Effect[] =>
  then.length + otherwise.length === 0 ? [] : [{ kind: 'when', if: condition, then, else: otherwise }];

// SPDX-License-Identifier: MIT
import type { Body, Claim, Effect, Step } from './body.ts';
import type { BinaryOp, Expr } from './expr.ts';
import { resolve, type Sizes, sizeOf } from './types.ts';

const constant = (value: number): Expr => ({ op: 'const', value });

/** The meaning of every binary operator; conditions are 0 or 1. */
export function apply(operator: BinaryOp, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '%':
      return left % right;
    case '<<':
      return left << right;
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

/** Replaces sizes by numbers and computes constants, so that every execution starts from the same small text. */
export function simplify(expr: Expr, sizes: Sizes): Expr {
  const inner = (part: Expr): Expr => simplify(part, sizes);
  switch (expr.op) {
    case 'const':
    case 'self':
    case 'bound':
    case 'finished':
      return expr;
    case 'claimed':
      return { ...expr, of: inner(expr.of) };
    case 'size':
      return constant(sizeOf(sizes, expr.domain));
    case 'read':
      // A variable with a single value costs nothing.
      if (resolve(expr.variable.type.max, sizes) === 0) return constant(0);
      return { ...expr, index: expr.index.map(inner) };
    case 'local':
      return expr.index === undefined ? expr : { ...expr, index: inner(expr.index) };
    case 'not': {
      const of = inner(expr.of);
      return of.op === 'const' ? constant(Number(of.value === 0)) : { op: 'not', of };
    }
    case 'choose': {
      const condition = inner(expr.if);
      if (condition.op === 'const') return inner(condition.value === 0 ? expr.else : expr.then);
      return { op: 'choose', if: condition, then: inner(expr.then), else: inner(expr.else) };
    }
    case 'first': {
      const parts = { from: inner(expr.from), to: inner(expr.to), where: inner(expr.where) };
      return { ...expr, ...parts, otherwise: inner(expr.otherwise) };
    }
    case 'binary': {
      const left = inner(expr.left);
      const right = inner(expr.right);
      if (left.op === 'const' && right.op === 'const') return constant(apply(expr.operator, left.value, right.value));
      if (right.op === 'const' && right.value === 0 && (expr.operator === '+' || expr.operator === '-')) return left;
      if (left.op === 'const' && left.value === 0 && expr.operator === '+') return right;
      if (expr.operator === '&&' || expr.operator === '||') {
        const neutral = expr.operator === '&&' ? 1 : 0;
        for (const [known, other] of [
          [left, right],
          [right, left],
        ] as const)
          if (known.op === 'const') return Number(known.value !== 0) === neutral ? other : constant(1 - neutral);
      }
      return { op: 'binary', operator: expr.operator, left, right };
    }
  }
}

const simplifyPlace = (place: Expr, sizes: Sizes): Expr =>
  place.op === 'read' ? { ...place, index: place.index.map((part) => simplify(part, sizes)) } : simplify(place, sizes);

function simplifyEffects(effects: readonly Effect[], sizes: Sizes): readonly Effect[] {
  return effects.flatMap((effect): readonly Effect[] => {
    switch (effect.kind) {
      case 'assign':
        return [{ kind: 'assign', place: simplifyPlace(effect.place, sizes), value: simplify(effect.value, sizes) }];
      case 'observe': {
        const args = Object.entries(effect.args).map(([name, arg]) => [name, simplify(arg, sizes)] as const);
        return [{ ...effect, args: Object.fromEntries(args) }];
      }
      case 'assert': {
        const condition = simplify(effect.condition, sizes);
        return condition.op === 'const' && condition.value !== 0 ? [] : [{ ...effect, condition }];
      }
      case 'when': {
        const condition = simplify(effect.if, sizes);
        if (condition.op === 'const') return simplifyEffects(condition.value === 0 ? effect.else : effect.then, sizes);
        const then = simplifyEffects(effect.then, sizes);
        return [{ kind: 'when', if: condition, then, else: simplifyEffects(effect.else, sizes) }];
      }
      case 'each': {
        const from = simplify(effect.from, sizes);
        const to = simplify(effect.to, sizes);
        return [{ kind: 'each', bound: effect.bound, from, to, body: simplifyEffects(effect.body, sizes) }];
      }
    }
  });
}

function simplifyClaim(claim: Claim, sizes: Sizes): Claim {
  const of =
    'list' in claim.of
      ? { list: claim.of.list, from: simplify(claim.of.from, sizes), to: simplify(claim.of.to, sizes) }
      : simplify(claim.of, sizes);
  const amount = simplify(claim.amount, sizes);
  return { label: claim.label, of, amount, ...(claim.on === undefined ? {} : { on: simplify(claim.on, sizes) }) };
}

const simplifyStep = (step: Step, sizes: Sizes): Step => ({
  ...step,
  guard: step.guard === undefined ? undefined : simplify(step.guard, sizes),
  effects: simplifyEffects(step.effects, sizes),
  claims: step.claims.map((claim) => simplifyClaim(claim, sizes)),
});

/** Simplifies a whole text; branches that cannot be taken disappear. */
export function simplifyBody(body: readonly Body[], sizes: Sizes): readonly Body[] {
  return body.flatMap((part): readonly Body[] => {
    switch (part.kind) {
      case 'step':
        return [{ kind: 'step', step: simplifyStep(part.step, sizes) }];
      case 'local': {
        const effects = simplifyEffects(part.effects, sizes);
        return effects.length === 0 ? [] : [{ ...part, effects }];
      }
      case 'if': {
        const condition = simplify(part.if, sizes);
        if (condition.op === 'const') return simplifyBody(condition.value === 0 ? part.else : part.then, sizes);
        const then = simplifyBody(part.then, sizes);
        return [{ kind: 'if', if: condition, then, else: simplifyBody(part.else, sizes) }];
      }
      case 'either': {
        const options = part.options.map((option) => simplifyBody(option, sizes));
        return [{ kind: 'either', options, claims: part.claims.map((claim) => simplifyClaim(claim, sizes)) }];
      }
      case 'loop':
      case 'block':
        return [{ ...part, body: simplifyBody(part.body, sizes) }];
      case 'exit':
      case 'again':
        return [part];
    }
  });
}

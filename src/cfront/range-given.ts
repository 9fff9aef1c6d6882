// SPDX-License-Identifier: MIT
import { type Call, type Expr, type Label, type Part, usesOf, type Var } from './ir.ts';

/** Meaning of a check's second number: the number of pages, the page behind the last one, or the last page. */
export type RangeGiven = 'count' | 'end' | 'last';

/** `start * START + second * SECOND + plus`: a page, or an offset from the first one. */
interface Line {
  readonly start: number;
  readonly second: number;
  readonly plus: number;
}

const known = (plus: number): Line => ({ start: 0, second: 0, plus });
const START: Line = { start: 1, second: 0, plus: 0 };

const sum = (a: Line, b: Line, sign: 1 | -1): Line => ({
  start: a.start + sign * b.start,
  second: a.second + sign * b.second,
  plus: a.plus + sign * b.plus,
});
const isEqual = (a: Line | undefined, b: Line | undefined): boolean =>
  a?.start === b?.start && a?.second === b?.second && a?.plus === b?.plus;

type Values = Map<Var, Line>;

/**
 * Infers from the text how a check uses its second number, here `given nr`. One walk over the text finds each variable that is
 * a linear function of the two numbers. The last page of the range decides: as the argument of a lookup that fills a batch, or
 * as the bound of a variable that counts up from the first page, or from 0. Any other use is ignored.
 */
export function usesOfSecond(body: readonly Part[]): ReadonlySet<RangeGiven> {
  const walk = new Walk();
  walk.parts(body, new Map());
  return walk.uses;
}

class Walk {
  readonly uses = new Set<RangeGiven>();
  /** Value of a variable before a loop that changes it. */
  readonly #from: Values = new Map();
  readonly #left = new Map<Label, Values[]>();

  /** @returns the values behind the parts; undefined if the end is never reached. */
  parts(parts: readonly Part[], before: Values): Values | undefined {
    let now: Values | undefined = before;
    for (const part of parts) {
      if (now === undefined) return undefined;
      now = this.#part(part, now);
    }
    return now;
  }

  #part(part: Part, now: Values): Values | undefined {
    switch (part.kind) {
      case 'set':
        this.#look(part.value, now);
        this.#store(part.to, this.#line(part.value, now), now);
        return now;
      case 'call':
        for (const call of [part, ...part.also]) this.#call(call, now);
        return now;
      case 'load':
        now.delete(part.to);
        return now;
      case 'store':
        this.#look(part.value, now);
        return now;
      case 'if': {
        this.#look(part.if, now);
        return met([this.parts(part.then, new Map(now)), this.parts(part.else, new Map(now))]);
      }
      case 'block': {
        const through = this.parts(part.body, now);
        return met([through, ...(this.#left.get(part.label) ?? [])]);
      }
      case 'loop': {
        const changed = new Set<Var>();
        usesOf(part.body, new Set(), changed);
        for (const of of changed) this.#leaveBehind(of, now);
        this.parts(part.body, now);
        return met(this.#left.get(part.label) ?? []);
      }
      case 'leave':
        this.#left.set(part.label, [...(this.#left.get(part.label) ?? []), new Map(now)]);
        return undefined;
      case 'again':
        return undefined;
      case 'scope':
      case 'routine':
        return this.parts(part.body, now);
      case 'orders':
        return this.parts(part.orders[0] ?? [], now);
      case 'check':
      case 'declare':
      case 'set-element':
      case 'unclaim':
        return now;
    }
  }

  #call({ known: { claims, params }, args, result }: Call, now: Values): void {
    for (const [i, arg] of args.entries()) {
      if (arg.kind === 'place') this.#leaveBehind(arg.of, now);
      if (arg.kind !== 'value') continue;
      this.#look(arg.of, now);
      if (claims === 'fills' && params[i]?.kind === 'value') this.#lastPage(this.#line(arg.of, now));
    }
    if (result !== undefined) now.delete(result);
  }

  #store(of: Var, line: Line | undefined, now: Values): void {
    if (line === undefined) now.delete(of);
    else now.set(of, line);
  }

  /** Records that a variable changes here, and keeps its former value. */
  #leaveBehind(of: Var, now: Values): void {
    const was = now.get(of);
    if (was !== undefined) this.#from.set(of, was);
    now.delete(of);
  }

  /** Looks for comparisons. */
  #look(expr: Expr, now: Values): void {
    switch (expr.op) {
      case 'binary':
        this.#look(expr.left, now);
        this.#look(expr.right, now);
        this.#compared(expr, now);
        return;
      case 'not':
        this.#look(expr.of, now);
        return;
      case 'choose':
        this.#look(expr.if, now);
        this.#look(expr.then, now);
        this.#look(expr.else, now);
        break;
      case 'capacity':
      case 'const':
      case 'element':
      case 'given':
      case 'no-entry':
      case 'null':
      case 'var':
    }
  }

  #compared({ operator, left, right }: Extract<Expr, { op: 'binary' }>, now: Values): void {
    if (!isOneOf(['<', '<=', '>', '>=', '!='], operator)) return;
    this.#bound(left, this.#line(right, now), isOneOf(['<', '>=', '!='], operator), now);
    // With the bound on the left, the relation is mirrored.
    this.#bound(right, this.#line(left, now), isOneOf(['>', '<=', '!='], operator), now);
  }

  /** Records the bound of a variable that counts up from the first page, or from 0. */
  #bound(of: Expr, line: Line | undefined, isWithout: boolean, now: Values): void {
    if (of.op === 'const' || line === undefined || line.second === 0) return;
    const from = this.#line(of, now, this.#from);
    const last = sum(line, known(isWithout ? 1 : 0), -1);
    if (isEqual(from, START)) this.#lastPage(last);
    else if (isEqual(from, known(0))) this.#lastPage(sum(last, START, 1));
  }

  #lastPage(line: Line | undefined): void {
    if (line?.second !== 1) return;
    if (line.start === 1 && line.plus === -1) this.uses.add('count');
    else if (line.start === 0 && line.plus === -1) this.uses.add('end');
    else if (line.start === 0 && line.plus === 0) this.uses.add('last');
  }

  /** @param otherwise values for variables without a known value now. */
  #line(expr: Expr, now: Values, otherwise?: Values): Line | undefined {
    switch (expr.op) {
      case 'const':
        return known(expr.value);
      case 'given':
        if (expr.of === 'start') return START;
        return expr.of === 'nr' ? { start: 0, second: 1, plus: 0 } : undefined;
      case 'var':
        return now.get(expr.of) ?? otherwise?.get(expr.of);
      case 'binary': {
        if (expr.operator !== '+' && expr.operator !== '-') return undefined;
        const [left, right] = [this.#line(expr.left, now, otherwise), this.#line(expr.right, now, otherwise)];
        return left === undefined || right === undefined ? undefined : sum(left, right, expr.operator === '+' ? 1 : -1);
      }
      case 'capacity':
      case 'choose':
      case 'element':
      case 'no-entry':
      case 'not':
      case 'null':
        return undefined;
    }
  }
}

const isOneOf = (these: readonly string[], operator: string): boolean => these.includes(operator);

/** Values that are equal on all paths. */
function met(ways: readonly (Values | undefined)[]): Values | undefined {
  const [first, ...others] = ways.flatMap((way) => way ?? []);
  if (first === undefined) return undefined;
  return new Map([...first].filter(([of, line]) => others.every((other) => isEqual(other.get(of), line))));
}

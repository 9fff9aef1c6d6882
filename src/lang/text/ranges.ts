// SPDX-License-Identifier: MIT
import { areAlike, type BinaryOp, type Bound, type Expr, type Local, type Variable, walk } from './expr.ts';
import { resolve, type Sizes, sizeOf, TASK } from './types.ts';

/** All numbers from `low` to `high`; none if `low` is above `high`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

const BIT: Interval = { low: 0, high: 1 };
const WORD: Interval = { low: -(2 ** 31), high: 2 ** 31 - 1 };
const ALL: Interval = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

const meet = (a: Interval, b: Interval): Interval => ({ low: Math.max(a.low, b.low), high: Math.min(a.high, b.high) });
const join = (a: Interval, b: Interval): Interval => {
  if (a.low > a.high) return b;
  if (b.low > b.high) return a;
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
};

/** A fact about an expression's value beyond its type. */
interface Fact {
  readonly of: Expr;
  readonly interval: Interval;
}

type Comparison = Extract<BinaryOp, '==' | '!=' | '<' | '<=' | '>' | '>='>;
const NEGATED: Readonly<Record<Comparison, Comparison>> = {
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
};
const MIRRORED: Readonly<Record<Comparison, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '>=': '<=',
  '>': '<',
  '<=': '>=',
};
const isComparison = (operator: BinaryOp): operator is Comparison => Object.hasOwn(NEGATED, operator);

/** The part of `now` for which the comparison holds with some number of `other`. */
function allowedBy(operator: Comparison, other: Interval, now: Interval): Interval {
  switch (operator) {
    case '==':
      return other;
    case '!=':
      if (other.low !== other.high) return ALL;
      return {
        low: other.low === now.low ? now.low + 1 : now.low,
        high: other.high === now.high ? now.high - 1 : now.high,
      };
    case '<':
      return { low: ALL.low, high: other.high - 1 };
    case '<=':
      return { low: ALL.low, high: other.high };
    case '>':
      return { low: other.low + 1, high: ALL.high };
    case '>=':
      return { low: other.low, high: ALL.high };
  }
}

/** Values of earlier locals that a local may find in its slot. */
export interface LeftInSlots {
  /** Largest value of each slot. */
  readonly slotMax: readonly number[];
  /** The locals that may be read before they are written. */
  readonly locals: ReadonlySet<Local>;
}

/**
 * The possible values of expressions, from the types of what they read and from the conditions around them. A type's
 * range holds because every store is checked. A local that may be read before it is written is as wide as its slot:
 * another local may have left a value there.
 */
export class Ranges {
  readonly #sizes: Sizes;
  readonly #slots: LeftInSlots;
  #facts: readonly Fact[] = [];
  readonly #bounds = new Map<Bound, Interval>();

  /** @param slots those of the text's code; while the code is still being recorded, a local's own type counts. */
  constructor(sizes: Sizes, slots: LeftInSlots = { slotMax: [], locals: new Set() }) {
    this.#sizes = sizes;
    this.#slots = slots;
  }

  /** Forgets all conditions: for a place that several paths reach. */
  forget(): void {
    this.#facts = [];
  }

  /** The result of `text` under a condition, or its negation. The known facts are restored afterwards. */
  under<T>(condition: Expr, holds: boolean, text: () => T): T {
    const outer = this.#facts;
    this.assume(condition, holds);
    try {
      return text();
    } finally {
      this.#facts = outer;
    }
  }

  /** The result of `text` while a bound number goes from `from` up to but not including `to`. */
  within<T>(bound: Bound, from: Expr, to: Expr, text: () => T): T {
    this.#bounds.set(bound, { low: this.of(from).low, high: this.of(to).high - 1 });
    return text();
  }

  /** Records that a condition holds from here on, or does not. */
  assume(condition: Expr, holds: boolean): void {
    switch (condition.op) {
      case 'not':
        this.assume(condition.of, !holds);
        return;
      case 'binary': {
        const { operator, left, right } = condition;
        if (operator === (holds ? '&&' : '||')) {
          this.assume(left, holds);
          this.assume(right, holds);
        } else if (isComparison(operator)) {
          const relation = holds ? operator : NEGATED[operator];
          this.#relate(left, relation, this.of(right));
          this.#relate(right, MIRRORED[relation], this.of(left));
        }
        return;
      }
      case 'read':
      case 'local':
        this.#relate(condition, holds ? '!=' : '==', { low: 0, high: 0 });
        break;
      case 'const':
      case 'size':
      case 'self':
      case 'bound':
      case 'choose':
      case 'claimed':
      case 'finished':
      case 'first':
    }
  }

  #relate(expr: Expr, relation: Comparison, other: Interval): void {
    if (expr.op === 'binary' && expr.right.op === 'const' && (expr.operator === '+' || expr.operator === '-')) {
      const by = expr.operator === '+' ? -expr.right.value : expr.right.value;
      this.#relate(expr.left, relation, { low: other.low + by, high: other.high + by });
      return;
    }
    if (expr.op !== 'read' && expr.op !== 'local' && expr.op !== 'bound') return;
    const now = this.of(expr);
    const interval = meet(now, allowedBy(relation, other, now));
    if (interval.low !== now.low || interval.high !== now.high) this.#facts = [...this.#facts, { of: expr, interval }];
  }

  /** Records that a place has been given a value, which fits. */
  assign(place: Expr, value: Expr): void {
    const stored = place.op === 'read' && place.index.some(readsAny) ? undefined : this.of(value);
    this.change(place);
    if (stored === undefined || (place.op === 'local' && place.index !== undefined)) return;
    const now = this.of(place);
    const interval = meet(now, stored);
    if (interval.low !== now.low || interval.high !== now.high) this.#facts = [...this.#facts, { of: place, interval }];
  }

  /** Records that a place may have been given a value. */
  change(place: Expr): void {
    this.#facts = this.#facts.filter(({ of }) => !dependsOn(of, place));
  }

  /** The possible numbers of an expression. */
  of(expr: Expr): Interval {
    const typed = this.#typed(expr);
    if (expr.op !== 'read' && expr.op !== 'local' && expr.op !== 'bound') return typed;
    return this.#facts.reduce((so, { of, interval }) => (areAlike(of, expr) ? meet(so, interval) : so), typed);
  }

  #typed(expr: Expr): Interval {
    switch (expr.op) {
      case 'const':
        return { low: expr.value, high: expr.value };
      case 'size': {
        const size = sizeOf(this.#sizes, expr.domain);
        return { low: size, high: size };
      }
      case 'self':
        return { low: 0, high: sizeOf(this.#sizes, TASK.name) - 1 };
      case 'read':
        return { low: 0, high: this.#max(expr.variable) };
      case 'local': {
        const { slot, length = 1, type } = expr.local;
        const { locals, slotMax } = this.#slots;
        const widths = locals.has(expr.local) ? slotMax.slice(slot, slot + length) : [];
        return { low: 0, high: Math.max(resolve(type.max, this.#sizes), ...widths) };
      }
      case 'bound':
        return this.#bounds.get(expr.bound) ?? ALL;
      case 'not':
      case 'finished':
        return BIT;
      case 'claimed':
        return { low: 0, high: ALL.high };
      case 'choose':
        return join(
          this.under(expr.if, true, () => this.of(expr.then)),
          this.under(expr.if, false, () => this.of(expr.else)),
        );
      case 'first':
        return join({ low: this.of(expr.from).low, high: this.of(expr.to).high - 1 }, this.of(expr.otherwise));
      case 'binary':
        return this.#binary(expr);
    }
  }

  #max({ type }: Variable): number {
    return resolve(type.max, this.#sizes);
  }

  #binary({ operator, left, right }: Extract<Expr, { op: 'binary' }>): Interval {
    switch (operator) {
      case '+': {
        const [a, b] = [this.of(left), this.of(right)];
        return { low: a.low + b.low, high: a.high + b.high };
      }
      case '-': {
        const [a, b] = [this.of(left), this.of(right)];
        return { low: a.low - b.high, high: a.high - b.low };
      }
      case '%': {
        const [a, most] = [this.of(left), this.of(right).high - 1];
        return { low: a.low >= 0 ? 0 : -most, high: a.high < 0 ? 0 : Math.min(a.high, most) };
      }
      case '<<': {
        const [a, b] = [this.of(left), this.of(right)];
        const high = a.high * 2 ** b.high;
        return a.low >= 0 && b.low >= 0 && b.high < 32 && high <= WORD.high ? { low: 0, high } : WORD;
      }
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
      case '&&':
      case '||':
        return BIT;
    }
  }
}

/** Whether evaluating an index reads something that an assignment may change. */
function readsAny(expr: Expr): boolean {
  let found = false;
  walk(expr, (part) => {
    found ||= part.op === 'read' || part.op === 'claimed';
  });
  return found;
}

/** Whether an assignment to a place may change the value of an expression. */
function dependsOn(expr: Expr, place: Expr): boolean {
  let found = false;
  walk(expr, (part) => {
    if (place.op === 'read') found ||= part.op === 'read' && part.variable === place.variable;
    if (place.op === 'local' && part.op === 'local') {
      const [first, last] = [place.local.slot, place.local.slot + (place.local.length ?? 1)];
      found ||= part.local.slot < last && first < part.local.slot + (part.local.length ?? 1);
    }
  });
  return found;
}

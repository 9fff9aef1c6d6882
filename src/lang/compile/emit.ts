// SPDX-License-Identifier: MIT
import type { Effect, Observe, OwnText } from '../text/body.ts';
import type { Checks } from './checks.ts';
import type { JsIndex } from './js_index.ts';
import { areAlike, type Bound, type Expr, type Local, type Variable, walk } from '../text/expr.ts';
import type { Spot } from '../text/out_of_range.ts';

/** The spelling of memory in JavaScript, for one compiled execution. */
export interface Spelling {
  /** The task's number; a constant if each task has code of its own. */
  readonly self: JsIndex;
  readonly read: (variable: Variable, index: readonly JsIndex[]) => string;
  /** A statement. */
  readonly write: (variable: Variable, index: readonly JsIndex[], value: string) => string;
  readonly readLocal: (local: Local, index: JsIndex | undefined) => string;
  /** A statement. */
  readonly writeLocal: (local: Local, index: JsIndex | undefined, value: string) => string;
  /** What properties and asserts can see of the tasks; absent if an execution has neither. */
  readonly positions?: {
    readonly claimed: (label: string | undefined, of: string) => string;
    readonly finished: (task: number) => string;
    /** A statement that reports a failed assert of this name. */
    readonly fail: (name: string) => string;
  };
  /** A statement that reports an observation. Absent if none is needed. */
  readonly observe?: (observed: Observe) => string;
  /** A statement that adds to an element a number that does not depend on it; if absent, it is a write. */
  readonly add?: (variable: Variable, index: readonly JsIndex[], operator: '+' | '-', by: string) => string;
  /** Checks that stored values and indexes fit; absent if an execution detects that by itself. */
  readonly checks?: Checks;
  /** Largest number of known repetitions that are unrolled; 0 if absent. */
  readonly unroll?: number;
  /**
   * Whether conditions that become numbers are computed without branches: evaluating too much is then cheaper than a
   * mispredicted branch.
   */
  readonly branchless?: boolean;
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', '&&', '||']);
const isCondition = (expr: Expr): boolean =>
  expr.op === 'not' || expr.op === 'finished' || (expr.op === 'binary' && COMPARISONS.has(expr.operator));

const operatorInJs = (operator: string): string => (operator === '==' || operator === '!=' ? `${operator}=` : operator);

/**
 * JavaScript for a function that takes a step: `texts`, one for each option, of a code with at most `most` options a
 * place. For a code without choices the functions have no option.
 */
export function stepFunction(parameter: string, most: number, texts: readonly string[]): string {
  if (most === 1) return `(${parameter})=>{${texts.join('')}}`;
  const cases = texts.map((text, option) => `case ${option}:{${text}}`);
  return `(${parameter},o)=>{switch(o){${cases.join('')}}return false;}`;
}

/** 1 if two 32-bit numbers are equal, otherwise 0: only 0 has 32 leading zero bits. */
export const sameAsBit = (left: string, right: string): string => `(Math.clz32(${left}^${right})>>>5)`;

/** Writes simplified expressions and effects as JavaScript, in one spelling of memory. */
export class Emitter {
  readonly #spelling: Spelling;
  readonly #bounds = new Map<Bound, string | number>();
  #names = 0;
  /** Number of conditions around the present expression. */
  #conditions = 0;

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
  }

  /** A condition; `prelude` receives the statements that must run before it. */
  condition(expr: Expr, prelude: string[]): string {
    return this.#expression(expr, prelude);
  }

  /** A number; `prelude` as for a condition. */
  value(expr: Expr, prelude: string[]): string {
    return this.#number(expr, prelude);
  }

  /** The output of `text` under a condition, or its negation. */
  under<T>(condition: Expr, holds: boolean, text: () => T): T {
    return this.#spelling.checks?.ranges.under(condition, holds, text) ?? text();
  }

  /** Records that a condition holds from here on. */
  assume(condition: Expr): void {
    this.#spelling.checks?.ranges.assume(condition, true);
  }

  /** Records that several paths meet here. */
  meet(): void {
    this.#spelling.checks?.ranges.forget();
  }

  /** Records the step of the following text. */
  enter(step: Spot): void {
    const { checks } = this.#spelling;
    if (checks !== undefined) checks.step = step;
  }

  /** Statements for a task's own work after a step. */
  own({ effects, path = [] }: Pick<OwnText, 'effects' | 'path'>): string {
    const { checks } = this.#spelling;
    if (checks === undefined) return this.effects(effects);
    checks.path = path;
    const text = this.effects(effects);
    checks.path = undefined;
    return text;
  }

  /** Statements for the effects. */
  effects(effects: readonly Effect[]): string {
    return effects.map((effect) => this.#effect(effect)).join('');
  }

  #effect(effect: Effect): string {
    const prelude: string[] = [];
    const statement = this.#statement(effect, prelude);
    return prelude.length === 0 ? statement : `{${prelude.join('')}${statement}}`;
  }

  #statement(effect: Effect, prelude: string[]): string {
    switch (effect.kind) {
      case 'assign': {
        const { place } = effect;
        if (place.op !== 'read' && place.op !== 'local') throw new Error('only places can be written');
        const added = place.op === 'read' ? this.#addition(place, effect.value, prelude) : undefined;
        if (added !== undefined) return added;
        const value = this.#number(effect.value, prelude);
        const parts = place.op === 'local' ? (place.index === undefined ? [] : [place.index]) : place.index;
        const index = parts.map((part) => this.#index(part, prelude));
        const write = (stored: string, at: readonly JsIndex[]): string =>
          place.op === 'local'
            ? this.#spelling.writeLocal(place.local, at[0], stored)
            : this.#spelling.write(place.variable, at, stored);
        const { checks } = this.#spelling;
        const text = checks?.store({ place, value: effect.value }, value, index, write) ?? write(value, index);
        checks?.ranges.assign(place, effect.value);
        return text;
      }
      case 'observe':
        return this.#spelling.observe?.(effect) ?? '';
      case 'assert': {
        if (this.#spelling.positions === undefined) return '';
        const condition = this.#expression(effect.condition, prelude);
        return `if(!(${condition})){${this.#spelling.positions.fail(effect.name)}}`;
      }
      case 'when': {
        const condition = this.#expression(effect.if, prelude);
        const then = this.under(effect.if, true, () => this.effects(effect.then));
        const otherwise = this.under(effect.if, false, () => this.effects(effect.else));
        this.#spelling.checks?.after([effect]);
        return `if(${condition}){${then}}${effect.else.length === 0 ? '' : `else{${otherwise}}`}`;
      }
      case 'each': {
        const known = this.#knownNumbers(effect.from, effect.to);
        if (known !== undefined)
          return known.map((i) => this.#bound(effect.bound, i, () => this.effects(effect.body))).join('');
        const from = this.#expression(effect.from, prelude);
        const to = this.#expression(effect.to, prelude);
        const i = this.#name(effect.bound);
        this.#spelling.checks?.after([effect]);
        const body = this.#within(effect.bound, effect.from, effect.to, () => this.effects(effect.body));
        this.#spelling.checks?.after([effect]);
        return `for(let ${i}=${from},e${i}=${to};${i}<e${i};${i}++){${body}}`;
      }
    }
  }

  #name(bound: Bound): string {
    const name = `i${this.#names++}`;
    this.#bounds.set(bound, name);
    return name;
  }

  /** The output of `text` with a known value of a bound number. */
  #bound<T>(bound: Bound, value: number, text: () => T): T {
    this.#bounds.set(bound, value);
    return this.#within(bound, { op: 'const', value }, { op: 'const', value: value + 1 }, text);
  }

  #within<T>(bound: Bound, from: Expr, to: Expr, text: () => T): T {
    return this.#spelling.checks?.ranges.within(bound, from, to, text) ?? text();
  }

  /** The output of `text` under a condition, or its negation, while its prelude runs in any case. */
  #conditionally<T>(condition: Expr, holds: boolean, text: () => T): T {
    this.#conditions++;
    try {
      return this.under(condition, holds, text);
    } finally {
      this.#conditions--;
    }
  }

  /**
   * Whether an expression must be evaluated only under a condition: a check in it would otherwise find irrelevant
   * errors.
   */
  #needsBranch(condition: Expr, holds: boolean, of: Expr): boolean {
    const { checks } = this.#spelling;
    return checks?.ranges.under(condition, holds, () => checks.mayFail(of)) === true;
  }

  /** A statement that adds to a place, if the value is the place's own plus something independent of it. */
  #addition(place: Extract<Expr, { op: 'read' }>, value: Expr, prelude: string[]): string | undefined {
    const { add } = this.#spelling;
    if (add === undefined || value.op !== 'binary' || !areAlike(value.left, place)) return undefined;
    if (value.operator !== '+' && value.operator !== '-') return undefined;
    // The addend may be read elsewhere, but not at an index that could be this element's.
    let isItsOwn = false;
    walk(value.right, (part) => {
      isItsOwn ||= part.op === 'read' && part.variable === place.variable;
    });
    if (isItsOwn) return undefined;
    const by = this.#number(value.right, prelude);
    const index = place.index.map((part) => this.#index(part, prelude));
    return add(place.variable, index, value.operator, by);
  }

  /** The numbers of a short repetition with known bounds. */
  #knownNumbers(from: Expr, to: Expr): readonly number[] | undefined {
    if (from.op !== 'const' || to.op !== 'const' || to.value - from.value > (this.#spelling.unroll ?? 0))
      return undefined;
    return Array.from({ length: Math.max(0, to.value - from.value) }, (_, i) => from.value + i);
  }

  #index(expr: Expr, prelude: string[]): JsIndex {
    if (expr.op === 'self') return this.#spelling.self;
    const js = this.#number(expr, prelude);
    if (expr.op === 'const') return { js, known: expr.value };
    const bound = expr.op === 'bound' ? this.#bounds.get(expr.bound) : undefined;
    return { js, known: typeof bound === 'number' ? bound : undefined };
  }

  /** A value to store: conditions become 0 or 1. */
  #number(expr: Expr, prelude: string[]): string {
    if (this.#spelling.branchless === true) {
      if (isCondition(expr)) return this.#bit(expr, prelude);
      if (expr.op === 'choose' && expr.else.op === 'const' && expr.else.value === 0) {
        const bit = this.#bit(expr.if, prelude);
        if (expr.then.op === 'const' && expr.then.value === 1) return bit;
        const then = this.#conditionally(expr.if, true, () => this.#number(expr.then, prelude));
        return this.#needsBranch(expr.if, true, expr.then) ? `(${bit}?${then}:0)` : `(-${bit}&${then})`;
      }
    }
    const js = this.#expression(expr, prelude);
    return isCondition(expr) ? `(${js}?1:0)` : js;
  }

  /** A condition as 0 or 1, if possible without a branch. */
  #bit(expr: Expr, prelude: string[]): string {
    switch (expr.op) {
      case 'const':
        return expr.value === 0 ? '0' : '1';
      case 'read':
      case 'local':
        return this.#expression(expr, prelude);
      case 'not':
        return `(${this.#bit(expr.of, prelude)}^1)`;
      case 'binary':
        if (expr.operator === '==' || expr.operator === '!=') {
          const [left, right] = [expr.left, expr.right].map((part) => this.#number(part, prelude));
          const same = sameAsBit(left ?? '', right ?? '');
          return expr.operator === '==' ? same : `(${same}^1)`;
        }
        if (expr.operator === '&&' || expr.operator === '||') {
          const isAnd = expr.operator === '&&';
          const left = this.#bit(expr.left, prelude);
          const right = this.#conditionally(expr.left, isAnd, () => this.#bit(expr.right, prelude));
          if (this.#needsBranch(expr.left, isAnd, expr.right))
            return isAnd ? `(${left}?${right}:0)` : `(${left}?1:${right})`;
          return `(${left}${isAnd ? '&' : '|'}${right})`;
        }
        return `(${this.#expression(expr, prelude)}?1:0)`;
      case 'self':
      case 'size':
      case 'bound':
      case 'claimed':
      case 'finished':
      case 'choose':
      case 'first':
        return `(${this.#expression(expr, prelude)}?1:0)`;
    }
  }

  #expression(expr: Expr, prelude: string[]): string {
    switch (expr.op) {
      case 'const':
        return String(expr.value);
      case 'size':
        throw new Error(`the size of '${expr.domain}' should have been simplified away`);
      case 'self':
        return this.#spelling.self.js;
      case 'bound': {
        const name = this.#bounds.get(expr.bound);
        if (name === undefined) throw new Error('a bound number is used outside its search');
        return String(name);
      }
      case 'local':
        return this.#spelling.readLocal(expr.local, expr.index && this.#indexOf(expr, 0, expr.index, prelude));
      case 'read': {
        const index = expr.index.map((part, i) => this.#indexOf(expr, i, part, prelude));
        return this.#spelling.read(expr.variable, index);
      }
      case 'claimed':
        return this.#positions().claimed(expr.label, this.#number(expr.of, prelude));
      case 'finished':
        return this.#positions().finished(expr.task);
      case 'not':
        return `!(${this.#expression(expr.of, prelude)})`;
      case 'choose': {
        const condition = this.#expression(expr.if, prelude);
        const then = this.#conditionally(expr.if, true, () => this.#number(expr.then, prelude));
        const otherwise = this.#conditionally(expr.if, false, () => this.#number(expr.else, prelude));
        return `(${condition}?${then}:${otherwise})`;
      }
      case 'binary': {
        if (expr.operator === '&&' || expr.operator === '||') {
          const before = this.#expression(expr.left, prelude);
          const after = this.#conditionally(expr.left, expr.operator === '&&', () =>
            this.#expression(expr.right, prelude),
          );
          return `(${before}${expr.operator}${after})`;
        }
        const [left, right] = [expr.left, expr.right].map((part) => this.#number(part, prelude));
        // A space separates the sign of a negative number from the operator.
        return `(${left}${operatorInJs(expr.operator)} ${right})`;
      }
      case 'first': {
        const short = this.#shortFirst(expr);
        if (short !== undefined) return short;
        // Behind a condition a search that may fail is not hoisted: its prelude would find irrelevant errors.
        if (this.#conditions === 0 || this.#spelling.checks?.mayFail(expr) !== true) return this.#search(expr, prelude);
        const own: string[] = [];
        const found = this.#search(expr, own);
        return `(()=>{${own.join('')}return ${found};})()`;
      }
    }
  }

  #search(expr: Extract<Expr, { op: 'first' }>, prelude: string[]): string {
    const found = `f${this.#names++}`;
    const from = this.#expression(expr.from, prelude);
    const to = this.#expression(expr.to, prelude);
    const i = this.#name(expr.bound);
    const inside: string[] = [];
    const where = this.#within(expr.bound, expr.from, expr.to, () => this.#expression(expr.where, inside));
    const last: string[] = [];
    const otherwise = this.#number(expr.otherwise, last);
    prelude.push(
      `let ${found}=-1;for(let ${i}=${from},e${i}=${to};${i}<e${i};${i}++){${inside.join('')}if(${where}){${found}=${i};break;}}`,
      `if(${found}<0){${last.join('')}${found}=${otherwise};}`,
    );
    return found;
  }

  /** An index for reading. */
  #indexOf(place: Extract<Expr, { op: 'read' | 'local' }>, i: number, part: Expr, prelude: string[]): JsIndex {
    const index = this.#index(part, prelude);
    return this.#spelling.checks?.index(place, i, index) ?? index;
  }

  #positions(): NonNullable<Spelling['positions']> {
    const { positions } = this.#spelling;
    if (positions === undefined) throw new Error('only properties and asserts can look at where tasks rest');
    return positions;
  }

  /** A search among few known numbers, as one expression; undefined if that is not possible. */
  #shortFirst(expr: Extract<Expr, { op: 'first' }>): string | undefined {
    const known = this.#knownNumbers(expr.from, expr.to);
    const prelude: string[] = [];
    const otherwise = this.#number(expr.otherwise, prelude);
    const tries = known?.map((i) => {
      const where = this.#bound(expr.bound, i, () => this.#expression(expr.where, prelude));
      return `${where}?${i}:`;
    });
    return tries === undefined || prelude.length > 0 ? undefined : `(${tries.join('')}${otherwise})`;
  }
}

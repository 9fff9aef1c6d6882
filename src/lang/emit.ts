// SPDX-License-Identifier: MIT
import type { Effect, Observe } from './body.ts';
import type { Bound, Expr, Local, Variable } from './expression.ts';

/** How one compiled execution spells its memory in JavaScript. */
export interface Spelling {
  /** The task's number; known where each task has code of its own. */
  readonly self: JsIndex;
  readonly read: (variable: Variable, index: readonly JsIndex[]) => string;
  /** A statement. */
  readonly write: (variable: Variable, index: readonly JsIndex[], value: string) => string;
  readonly readLocal: (local: Local, index: JsIndex | undefined) => string;
  /** A statement. */
  readonly writeLocal: (local: Local, index: JsIndex | undefined, value: string) => string;
  /** What properties and asserts may look at; absent where an execution has neither. */
  readonly positions?: {
    readonly claimed: (label: string | undefined, of: string) => string;
    readonly finished: (task: number) => string;
    /** A statement: the assert of this name has failed. */
    readonly fail: (name: string) => string;
  };
  /** A statement: this was observed. Absent where nobody asks. */
  readonly observe?: (observed: Observe) => string;
  /** Repetitions over at most so many known numbers are written out; 0 where not given. */
  readonly unroll?: number;
  /** Whether conditions that become numbers are computed without branches: looking at too much is cheaper there than guessing wrong. */
  readonly branchless?: boolean;
}

/** An index as JavaScript, and its number where it is known when compiling. */
export interface JsIndex {
  readonly js: string;
  readonly known: number | undefined;
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', '&&', '||']);
const isCondition = (expr: Expr): boolean =>
  expr.op === 'not' || expr.op === 'finished' || (expr.op === 'binary' && COMPARISONS.has(expr.operator));

const operatorInJs = (operator: string): string => (operator === '==' || operator === '!=' ? `${operator}=` : operator);

/**
 * JavaScript for a function that takes a step: `texts`, one an option, of a code with at most `most` options a place.
 * Where a code has no choices, its functions know nothing of options.
 */
export function stepFunction(parameter: string, most: number, texts: readonly string[]): string {
  if (most === 1) return `(${parameter})=>{${texts.join('')}}`;
  const cases = texts.map((text, option) => `case ${option}:{${text}}`);
  return `(${parameter},o)=>{switch(o){${cases.join('')}}return false;}`;
}

/** 1 where two numbers of 32 bits are the same, else 0: of 0, and of nothing else, all 32 bits are leading zeros. */
export const sameAsBit = (left: string, right: string): string => `(Math.clz32(${left}^${right})>>>5)`;

/** Writes simplified expressions and effects as JavaScript, in one spelling of memory. */
export class Emitter {
  readonly #spelling: Spelling;
  readonly #bounds = new Map<Bound, string | number>();
  #names = 0;

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
  }

  /** A condition; `prelude` receives the statements that have to run before it. */
  condition(expr: Expr, prelude: string[]): string {
    return this.#expression(expr, prelude);
  }

  /** A number; `prelude` as for a condition. */
  value(expr: Expr, prelude: string[]): string {
    return this.#number(expr, prelude);
  }

  /** Statements that do what the effects say. */
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
        const value = this.#number(effect.value, prelude);
        const { place } = effect;
        if (place.op === 'local')
          return this.#spelling.writeLocal(place.local, place.index && this.#index(place.index, prelude), value);
        if (place.op !== 'read') throw new Error('only places can be written');
        const index = place.index.map((part) => this.#index(part, prelude));
        return this.#spelling.write(place.variable, index, value);
      }
      case 'observe':
        return this.#spelling.observe?.(effect) ?? '';
      case 'assert': {
        if (this.#spelling.positions === undefined) return '';
        const condition = this.#expression(effect.condition, prelude);
        return `if(!(${condition})){${this.#spelling.positions.fail(effect.name)}}`;
      }
      case 'when': {
        const then = this.effects(effect.then);
        const otherwise = effect.else.length === 0 ? '' : `else{${this.effects(effect.else)}}`;
        return `if(${this.#expression(effect.if, prelude)}){${then}}${otherwise}`;
      }
      case 'each': {
        const known = this.#knownNumbers(effect.from, effect.to);
        if (known !== undefined)
          return known.map((i) => this.#bound(effect.bound, i, () => this.effects(effect.body))).join('');
        const from = this.#expression(effect.from, prelude);
        const to = this.#expression(effect.to, prelude);
        const i = this.#name(effect.bound);
        return `for(let ${i}=${from},e${i}=${to};${i}<e${i};${i}++){${this.effects(effect.body)}}`;
      }
    }
  }

  #name(bound: Bound): string {
    const name = `i${this.#names++}`;
    this.#bounds.set(bound, name);
    return name;
  }

  /** What `text` says where a bound number is known. */
  #bound<T>(bound: Bound, value: number, text: () => T): T {
    this.#bounds.set(bound, value);
    return text();
  }

  /** The numbers of a short repetition whose ends are known. */
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
        return `(-${bit}&${this.#number(expr.then, prelude)})`;
      }
    }
    const js = this.#expression(expr, prelude);
    return isCondition(expr) ? `(${js}?1:0)` : js;
  }

  /** A condition as 0 or 1, as far as possible without a branch. */
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
        if (expr.operator === '&&' || expr.operator === '||')
          return `(${this.#bit(expr.left, prelude)}${expr.operator === '&&' ? '&' : '|'}${this.#bit(expr.right, prelude)})`;
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
        return this.#spelling.readLocal(expr.local, expr.index && this.#index(expr.index, prelude));
      case 'read': {
        const index = expr.index.map((part) => this.#index(part, prelude));
        return this.#spelling.read(expr.variable, index);
      }
      case 'claimed':
        return this.#positions().claimed(expr.label, this.#number(expr.of, prelude));
      case 'finished':
        return this.#positions().finished(expr.task);
      case 'not':
        return `!(${this.#expression(expr.of, prelude)})`;
      case 'choose': {
        const [then, otherwise] = [this.#number(expr.then, prelude), this.#number(expr.else, prelude)];
        return `(${this.#expression(expr.if, prelude)}?${then}:${otherwise})`;
      }
      case 'binary': {
        const condition = expr.operator === '&&' || expr.operator === '||';
        const [left, right] = [expr.left, expr.right].map((part) =>
          condition ? this.#expression(part, prelude) : this.#number(part, prelude),
        );
        return `(${left}${operatorInJs(expr.operator)}${right})`;
      }
      case 'first': {
        const short = this.#shortFirst(expr);
        if (short !== undefined) return short;
        const found = `f${this.#names++}`;
        const from = this.#expression(expr.from, prelude);
        const to = this.#expression(expr.to, prelude);
        const i = this.#name(expr.bound);
        const inside: string[] = [];
        const where = this.#expression(expr.where, inside);
        const last: string[] = [];
        const otherwise = this.#number(expr.otherwise, last);
        prelude.push(
          `let ${found}=-1;for(let ${i}=${from},e${i}=${to};${i}<e${i};${i}++){${inside.join('')}if(${where}){${found}=${i};break;}}`,
          `if(${found}<0){${last.join('')}${found}=${otherwise};}`,
        );
        return found;
      }
    }
  }

  #positions(): NonNullable<Spelling['positions']> {
    const { positions } = this.#spelling;
    if (positions === undefined) throw new Error('only properties and asserts can look at where tasks rest');
    return positions;
  }

  /** A search among few known numbers, as one expression; undefined where it cannot be one. */
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

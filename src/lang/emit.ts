// SPDX-License-Identifier: MIT
import type { Effect } from './body.ts';
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
}

/** An index as JavaScript, and its number where it is known when compiling. */
export interface JsIndex {
  readonly js: string;
  readonly known: number | undefined;
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', '&&', '||']);
const isCondition = (expr: Expr): boolean =>
  expr.op === 'not' || (expr.op === 'binary' && COMPARISONS.has(expr.operator));

const operatorInJs = (operator: string): string => (operator === '==' || operator === '!=' ? `${operator}=` : operator);

/** Writes simplified expressions and effects as JavaScript, in one spelling of memory. */
export class Emitter {
  readonly #spelling: Spelling;
  readonly #bounds = new Map<Bound, string>();
  #names = 0;

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
  }

  /** A condition; `prelude` receives the statements that have to run before it. */
  condition(expr: Expr, prelude: string[]): string {
    return this.#expression(expr, prelude);
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
      case 'when': {
        const then = this.effects(effect.then);
        const otherwise = effect.else.length === 0 ? '' : `else{${this.effects(effect.else)}}`;
        return `if(${this.#expression(effect.if, prelude)}){${then}}${otherwise}`;
      }
      case 'each': {
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

  #index(expr: Expr, prelude: string[]): JsIndex {
    if (expr.op === 'self') return this.#spelling.self;
    return { js: this.#number(expr, prelude), known: expr.op === 'const' ? expr.value : undefined };
  }

  /** A value to store: conditions become 0 or 1. */
  #number(expr: Expr, prelude: string[]): string {
    const js = this.#expression(expr, prelude);
    return isCondition(expr) ? `(${js}?1:0)` : js;
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
        return name;
      }
      case 'local':
        return this.#spelling.readLocal(expr.local, expr.index && this.#index(expr.index, prelude));
      case 'read': {
        const index = expr.index.map((part) => this.#index(part, prelude));
        return this.#spelling.read(expr.variable, index);
      }
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
}

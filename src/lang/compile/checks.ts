// SPDX-License-Identifier: MIT
import type { Effect } from '../text/body.ts';
import type { JsIndex } from './js_index.ts';
import type { Expr } from '../text/expr.ts';
import { behind, failRange, placeOf, type Site, type Sites, type Spot } from '../text/out_of_range.ts';
import { leftBehind } from '../program/left_behind.ts';
import type { Code } from '../program/program.ts';
import { Ranges } from '../text/ranges.ts';
import { resolve, type Sizes, sizeOf } from '../text/types.ts';

type Place = Extract<Expr, { op: 'read' | 'local' }>;

/** An index of an array: number and kind of the elements. */
interface Extent {
  readonly of: string;
  readonly count: number;
}

/** Whole numbers between these are unchanged by `>>>`. */
const [LOWEST_WORD, ABOVE_WORD] = [-(2 ** 31), 2 ** 32];

/**
 * The checks of stores and indexes in generated code. A check is generated only if ranges do not prove that the value
 * fits: from the types of what is read, and the conditions around the text.
 */
export class Checks {
  readonly ranges: Ranges;
  /** The step named in messages. */
  step: Spot = { path: [] };
  /** The routines of the text after the step. */
  path: readonly string[] | undefined;
  readonly #sizes: Sizes;
  readonly #sites: Sites;

  /** @param sites possible failures; generated code names them by number. */
  constructor(sizes: Sizes, code: Code, sites: Sites) {
    this.#sizes = sizes;
    this.#sites = sites;
    this.ranges = new Ranges(sizes, { slotMax: code.slotMax, locals: leftBehind(code, sizes) });
  }

  /** A statement that stores a value, after the necessary checks. */
  store(
    { place, value }: { readonly place: Place; readonly value: Expr },
    js: string,
    index: readonly JsIndex[],
    write: (value: string, index: readonly JsIndex[]) => string,
  ): string {
    const max = resolve((place.op === 'read' ? place.variable : place.local).type.max, this.#sizes);
    const { name } = place.op === 'read' ? place.variable : place.local;
    const named: JsIndex[] = [];
    let text = '';
    for (const [i, extent] of this.#extents(place).entries()) {
      const [part, known] = [this.#indexes(place)[i], index[i]];
      if (part === undefined || known === undefined) throw new Error(`'${name}' has no index ${i}`);
      const isWithin = this.#isWithin(part, extent.count - 1);
      if (isWithin && !this.mayFail(part)) {
        named.push(known);
        continue;
      }
      const called = `$i${i}`;
      named.push({ js: called, known: undefined });
      text += `const ${called}=${known.js};`;
      if (isWithin) continue;
      const site = this.#site({ name, max: extent.count - 1, index: extent.of, where: this.#place });
      text += `if(${this.#misses(part, called, extent.count - 1)})$B($N[${site}],${called},[]);`;
    }
    const fits = this.#isWithin(value, max);
    // The value is computed first, so that of two things that do not fit every execution finds the same.
    const isChecked = named.some((one, i) => one !== index[i]);
    if (fits && !isChecked) return write(js, index);
    const stored = `const $v=${js};${text}`;
    if (fits) return `{${stored}${write('$v', named)}}`;
    const site = this.#site({ name, max, where: this.#place });
    const at = named.map((one) => one.js).join();
    return `{${stored}if(${this.#misses(value, '$v', max)})$B($N[${site}],$v,[${at}]);${write('$v', named)}}`;
  }

  /** An index for reading: checked unless it is proved to be in range. */
  index(place: Place, i: number, index: JsIndex): JsIndex {
    const [part, extent] = [this.#indexes(place)[i], this.#extents(place)[i]];
    if (part === undefined || extent === undefined || this.#isWithin(part, extent.count - 1)) return index;
    const { name } = place.op === 'read' ? place.variable : place.local;
    const site = this.#site({ name, max: extent.count - 1, index: extent.of, where: this.#place });
    return { js: `$I(${index.js},${extent.count - 1},${site})`, known: undefined };
  }

  /** Whether evaluating an expression in its place may find an index that does not fit. */
  mayFail(expr: Expr): boolean {
    const some = (...parts: readonly Expr[]): boolean => parts.some((part) => this.mayFail(part));
    switch (expr.op) {
      case 'const':
      case 'size':
      case 'self':
      case 'bound':
      case 'finished':
        return false;
      case 'claimed':
      case 'not':
        return some(expr.of);
      case 'read':
      case 'local':
        return this.#extents(expr).some(({ count }, i) => {
          const part = this.#indexes(expr)[i];
          return part === undefined || some(part) || !this.#isWithin(part, count - 1);
        });
      case 'binary':
        if (expr.operator !== '&&' && expr.operator !== '||') return some(expr.left, expr.right);
        return some(expr.left) || this.ranges.under(expr.left, expr.operator === '&&', () => some(expr.right));
      case 'choose':
        return (
          some(expr.if) ||
          this.ranges.under(expr.if, true, () => some(expr.then)) ||
          this.ranges.under(expr.if, false, () => some(expr.else))
        );
      case 'first':
        return (
          some(expr.from, expr.to, expr.otherwise) ||
          this.ranges.within(expr.bound, expr.from, expr.to, () => some(expr.where))
        );
    }
  }

  /** Records effects that may have run, or not, or several times. */
  after(effects: readonly Effect[]): void {
    for (const effect of effects)
      switch (effect.kind) {
        case 'assign':
          this.ranges.change(effect.place);
          break;
        case 'when':
          this.after(effect.then);
          this.after(effect.else);
          break;
        case 'each':
          this.after(effect.body);
          break;
        case 'assert':
        case 'observe':
      }
  }

  #indexes(place: Place): readonly Expr[] {
    if (place.op === 'read') return place.index;
    return place.index === undefined ? [] : [place.index];
  }

  #extents(place: Place): readonly Extent[] {
    if (place.op === 'read')
      return place.variable.domains.map(({ name }) => ({ of: name, count: sizeOf(this.#sizes, name) }));
    return place.index === undefined ? [] : [{ of: 'element', count: place.local.length ?? 1 }];
  }

  #isWithin(expr: Expr, max: number): boolean {
    const { low, high } = this.ranges.of(expr);
    return low >= 0 && high <= max;
  }

  /** JavaScript for whether a value is not between 0 and `max`. */
  #misses(expr: Expr, js: string, max: number): string {
    const { low, high } = this.ranges.of(expr);
    if (low >= 0) return `${js}>${max}`;
    if (high <= max) return `${js}<0`;
    return low >= LOWEST_WORD && high < ABOVE_WORD ? `${js}>>>0>${max}` : `${js}<0||${js}>${max}`;
  }

  get #place(): string {
    return this.path === undefined ? placeOf(this.step) : behind(this.step, this.path);
  }

  #site(site: Site): number {
    return this.#sites.number(site);
  }
}

/** Declarations for the checks in generated code, except `$B`, which must be given. */
export const declareChecks = (sites: Sites): string =>
  `const $N=${JSON.stringify(sites.all)};const $I=(i,n,s)=>{if(i>>>0>n)$B($N[s],i,[]);return i;};`;

/** The names that generated code with checks may use. */
export const CHECKING: Readonly<Record<string, unknown>> = { $B: failRange };

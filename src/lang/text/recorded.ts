// SPDX-License-Identifier: MIT
import { type Expr, type Local, type Variable, walk } from './expr.ts';
import { outOfRange } from './out_of_range.ts';
import { Ranges } from './ranges.ts';
import { simplify } from './simplify.ts';
import { resolve, type Sizes, sizeOf } from './types.ts';

/** Maximum number of parts of a text: many times the size of any real text. */
const MOST_PARTS = 200_000;

/**
 * The checks of a text while it is recorded: the variables and locals that it names, and whether constants fit. A
 * mistake is an error at once, so that its stack names the line of the text.
 */
export class Recorded {
  readonly #sizes: Sizes;
  readonly #ranges: Ranges;
  readonly #declared: ReadonlySet<Variable> | undefined;
  readonly #locals = new Set<Local>();
  readonly #order: Local[] = [];
  #parts = 0;
  #isOver = false;
  /** Number of reasons why the text is never run. */
  #dead = 0;

  /** @param declared the program's variables; any variable if they are not known yet. */
  constructor(sizes: Sizes, declared: readonly Variable[] | undefined) {
    this.#sizes = sizes;
    this.#ranges = new Ranges(sizes);
    this.#declared = declared && new Set(declared);
  }

  /** Ends the text. */
  end(): void {
    this.#isOver = true;
  }

  /** Counts one more part of the text. @throws Error if it comes after the end, or the recording seems endless. */
  count(where: () => string): void {
    if (this.#isOver)
      throw new Error('a part of the text comes from a timer or a promise, after the text was recorded');
    if (++this.#parts > MOST_PARTS)
      throw new Error(
        `the text has more than ${MOST_PARTS} parts: a JavaScript loop in it does not end, in ${where()}`,
      );
  }

  /**
   * Records the declaration of a local. No task runs text with a local of a domain without elements, so nothing in it
   * can fail.
   */
  declare(local: Local): void {
    this.#locals.add(local);
    this.#order.push(local);
    if (this.#sizes[local.type.kind] === 0) this.#dead++;
  }

  /** Locals that `text` declares may not be used after it. */
  scoped<T>(text: () => T): T {
    const [outer, dead] = [this.#order.length, this.#dead];
    try {
      return text();
    } finally {
      this.#dead = dead;
      for (const local of this.#order.splice(outer)) this.#locals.delete(local);
    }
  }

  /** The text under a condition; nothing in it can fail if the condition never holds. */
  under<T>(condition: Expr, holds: boolean, text: () => T): T {
    const known = simplify(condition, this.#sizes);
    const isDead = known.op === 'const' && (known.value !== 0) !== holds;
    if (isDead) this.#dead++;
    try {
      return text();
    } finally {
      if (isDead) this.#dead--;
    }
  }

  /** Checks an evaluated expression. @throws Error if it names something that does not exist. */
  expression(expr: Expr, where: () => string): void {
    walk(expr, (part) => {
      if (part.op === 'read' && this.#declared?.has(part.variable) === false)
        throw new Error(`'${part.variable.name}' is no variable of this program, in ${where()}`);
      if (part.op === 'local') this.local(part.local, where);
      if (part.op === 'binary' && part.operator === '%' && this.#ranges.of(part.right).low <= 0)
        throw new RangeError(`a remainder by what may be 0, in ${where()}`);
    });
  }

  /** Checks the use of a local. @throws Error if its routine has ended. */
  local(local: Local, where: () => string): void {
    if (!this.#locals.has(local))
      throw new Error(`'${local.name}' is a local of a routine that has ended, or of another text, in ${where()}`);
  }

  /** Checks an assignment. @throws RangeError if a constant does not fit, as its value or as an index. */
  store(place: Extract<Expr, { op: 'read' | 'local' }>, value: Expr, where: () => string): void {
    this.expression(place, where);
    this.expression(value, where);
    if (this.#dead > 0) return;
    const { name, type } = place.op === 'read' ? place.variable : place.local;
    const max = resolve(type.max, this.#sizes);
    const known = simplify(value, this.#sizes);
    if (known.op === 'const' && !(known.value >= 0 && known.value <= max)) {
      const stored = outOfRange({ name, max, where: where() }, known.value);
      throw max === 0 ? new RangeError(`'${name}' is left out of this program: ${stored.message}`) : stored;
    }
    const index = place.op === 'read' ? place.index : [];
    for (const [i, part] of index.entries()) {
      const domain = place.op === 'read' ? (place.variable.domains[i]?.name ?? '') : '';
      this.#index(name, domain, sizeOf(this.#sizes, domain), part, where);
    }
    if (place.op === 'local' && place.index !== undefined)
      this.#index(name, 'element', place.local.length ?? 1, place.index, where);
  }

  #index(name: string, of: string, count: number, index: Expr, where: () => string): void {
    const known = simplify(index, this.#sizes);
    // A value that is not constant may be in a call that is never made.
    if (known.op !== 'const' || (known.value >= 0 && known.value < count)) return;
    if (count === 0) throw new RangeError(`'${name}' is left out of this program: it has no ${of}, in ${where()}`);
    throw outOfRange({ name, max: count - 1, index: of, where: where() }, known.value);
  }
}

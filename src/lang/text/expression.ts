// SPDX-License-Identifier: MIT
import type { BinaryOp, Bound, Expr, ReadMeaning, Variable } from './expr.ts';
import type { Mark } from './mark.ts';
import { currentRecorder } from './recorder.ts';
import type { Domain, Type } from './types.ts';

/** A value of kind K, or the literal that stands for one. */
export type Arg<K extends string> = Value<K> | (K extends 'bool' ? boolean : number);

/** @throws TypeError if untyped text passes anything else. */
export function exprOf(arg: Value<string> | number | boolean): Expr {
  if (arg instanceof Value) return arg.expr;
  if (typeof arg === 'boolean' || Number.isInteger(arg)) return { op: 'const', value: Number(arg) };
  throw new TypeError(`expected a value of the kernel language or a whole number, not ${shown(arg)}`);
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/** Kind of an expression's value; undefined if it depends on the use. */
function kindIn(expr: Expr): string | undefined {
  switch (expr.op) {
    case 'read':
      return expr.variable.type.kind;
    case 'local':
      return expr.local.type.kind;
    case 'self':
      return 'task';
    case 'not':
    case 'finished':
      return 'bool';
    case 'claimed':
      return 'int';
    case 'const':
    case 'size':
    case 'bound':
    case 'binary':
    case 'choose':
    case 'first':
      return undefined;
  }
}

/** Kind of an argument; undefined if it is unknown, as for a plain number, which fits every kind. */
export const kindOf = (arg: unknown): string | undefined => (arg instanceof Value ? arg.recorded : undefined);

/** Whether kinds are checked at present. */
let asksKinds = true;

/**
 * Records a text that was written in another language, without a check of kinds: in C a number can be an index or a
 * condition.
 * @example
 * import { withoutKinds } from 'folioscope/lang';
 * withoutKinds(() => 1); // => 1
 */
export function withoutKinds<T>(record: () => T): T {
  const outer = asksKinds;
  asksKinds = false;
  try {
    return record();
  } finally {
    asksKinds = outer;
  }
}

/**
 * Rejects a value of another kind. In typed text the compiler does this, but a user's form may be untyped.
 * @param where the use of the value, such as 'a comparison'.
 * @throws TypeError
 */
export function requireKind(expected: string | undefined, given: unknown, where: () => string): void {
  const found = kindOf(given);
  if (!asksKinds || expected === undefined || found === undefined || found === expected) return;
  throw new TypeError(`${where()} takes a value of kind '${expected}', not one of kind '${found}'`);
}

/** A value that a step can compute: an expression with its kind. */
export class Value<K extends string> {
  declare protected readonly kind: K;
  readonly expr: Expr;
  /** `K` while a text is recorded; undefined if it is unknown. */
  readonly recorded: string | undefined;

  constructor(expr: Expr, recorded = kindIn(expr)) {
    this.expr = expr;
    this.recorded = recorded;
  }

  eq(other: Arg<K>): Value<'bool'> {
    return this.#compared('==', other);
  }
  ne(other: Arg<K>): Value<'bool'> {
    return this.#compared('!=', other);
  }
  lt(other: Arg<K>): Value<'bool'> {
    return this.#compared('<', other);
  }
  le(other: Arg<K>): Value<'bool'> {
    return this.#compared('<=', other);
  }
  gt(other: Arg<K>): Value<'bool'> {
    return this.#compared('>', other);
  }
  ge(other: Arg<K>): Value<'bool'> {
    return this.#compared('>=', other);
  }
  plus(other: Arg<'int'>): Value<K> {
    return this.#counted('+', other);
  }
  minus(other: Arg<'int'>): Value<K> {
    return this.#counted('-', other);
  }
  mod(other: Arg<'int'>): Value<K> {
    return this.#counted('%', other);
  }
  shiftedLeft(other: Arg<'int'>): Value<K> {
    return this.#counted('<<', other);
  }
  and(other: Arg<'bool'>): Value<'bool'> {
    return this.#joined('&&', other);
  }
  or(other: Arg<'bool'>): Value<'bool'> {
    return this.#joined('||', other);
  }
  /** Makes JavaScript's own operators fail: they would see an object. @throws TypeError always. */
  [Symbol.toPrimitive](): never {
    throw new TypeError(
      "JavaScript's operators and templates take no value of the kernel language: expected .plus(), .minus(), .eq(), .lt() and their like",
    );
  }
  not(): Value<'bool'> {
    requireKind('bool', this, () => "'.not()'");
    return new Value({ op: 'not', of: this.expr });
  }

  #compared(operator: BinaryOp, other: Value<string> | number | boolean): Value<'bool'> {
    requireKind(this.recorded, other, () => `a comparison with a value of kind '${this.recorded}'`);
    return new Value({ op: 'binary', operator, left: this.expr, right: exprOf(other) }, 'bool');
  }

  #counted(operator: BinaryOp, other: Arg<'int'>): Value<K> {
    requireKind('int', other, () => `'${operator}'`);
    return new Value({ op: 'binary', operator, left: this.expr, right: exprOf(other) }, this.recorded);
  }

  #joined(operator: BinaryOp, other: Arg<'bool'>): Value<'bool'> {
    for (const side of [this, other]) requireKind('bool', side, () => `'${operator}'`);
    return new Value({ op: 'binary', operator, left: this.expr, right: exprOf(other) }, 'bool');
  }
}

/** A value that can be written: shared places only inside a step, a task's own places anywhere. */
export class Place<K extends string> extends Value<K> {
  set(value: Arg<K>): void {
    requireKind(this.recorded, value, () => `'${nameOf(this.expr)}'`);
    currentRecorder().assign(this.expr, exprOf(value));
  }
  add(amount: Arg<'int'>): void {
    currentRecorder().assign(this.expr, { op: 'binary', operator: '+', left: this.expr, right: exprOf(amount) });
  }
  sub(amount: Arg<'int'>): void {
    currentRecorder().assign(this.expr, { op: 'binary', operator: '-', left: this.expr, right: exprOf(amount) });
  }
}

const nameOf = (expr: Expr): string => {
  if (expr.op === 'read') return expr.variable.name;
  return expr.op === 'local' ? expr.local.name : 'a place';
};

/** The indexes of an element. @throws TypeError for other indexes, from untyped text. */
function indexesOf({ name, domains }: Variable, index: readonly Arg<string>[]): readonly Expr[] {
  if (index.length !== domains.length)
    throw new TypeError(`'${name}' has ${domains.length} indexes, not ${index.length}`);
  return index.map((part, i) => {
    requireKind(domains[i]?.name, part, () => `an index of '${name}'`);
    return exprOf(part);
  });
}

/** Kinds of a list of domains: the indexes of an array. */
type Indexes<D extends readonly Domain[]> = { [I in keyof D]: D[I] extends Domain<infer K> ? Arg<K> : never };

/** A shared array over domains. */
export interface SharedArray<K extends string, D extends readonly Domain[]> {
  readonly variable: Variable;
  at(...index: Indexes<D>): Place<K>;
}

/**
 * Declares a shared array; its elements start at the type's initial value.
 * @example
 * import {
 *   bool,
 *   buildCode,
 *   choose,
 *   columnOf,
 *   createMemory,
 *   domain,
 *   element,
 *   first,
 *   int,
 *   Interpreter,
 *   literal,
 *   none,
 *   one,
 *   optional,
 *   ordinal,
 *   program,
 *   shared,
 *   size,
 *   TASK,
 * } from 'folioscope/lang';
 * const SEAT = domain('seat');
 * const taken = shared('taken', [SEAT], bool);
 * const seatOf = shared('seat_of', [TASK], optional(SEAT));
 * const sizes = { task: 2, seat: 3 };
 * const sitting = buildCode('sitting', null, sizes, 0, (k) => {
 *   const seat = k.local('seat', optional(SEAT));
 *   const next = k.local('next', one(SEAT));
 *   k.step('look', () => seat.set(first<'seat'>(0, none(SEAT), none(SEAT), (at) => taken.at(at).not())));
 *   k.if(seat.ne(none(SEAT)), () => next.set(element(SEAT, ordinal(seat).plus(1).mod(size(SEAT)))));
 *   k.step('take', () => {
 *     k.when(seat.ne(none(SEAT)), () => taken.at(seat).set(true));
 *     seatOf.at(k.self).set(choose<'seat'>(next.eq(0), literal(2), seat));
 *   });
 * });
 * const room = program(sizes, [taken, seatOf], [sitting]);
 * const memory = createMemory(room);
 * const interpreter = new Interpreter(room, memory);
 * interpreter.start(0, 0);
 * while (interpreter.step(0) !== undefined);
 * [...columnOf(memory, taken)]; // => [1, 0, 0]
 * [...columnOf(memory, seatOf)]; // => [0, 3]
 * int(5).max; // => 5
 */
export function shared<K extends string, const D extends readonly Domain[]>(
  name: string,
  domains: D,
  type: Type<K>,
): SharedArray<K, D> {
  const variable: Variable = { name, domains, type };
  return {
    variable,
    at: (...index) => new Place<K>({ op: 'read', variable, index: indexesOf(variable, index) }),
  };
}

/**
 * A second name for the same memory, which gives every read in a step's text a meaning: each of `marks` is observed
 * there, with the index as its argument `arg`. A read that only serves to write the same element has no meaning.
 */
export const observed = <K extends string, D extends readonly Domain[]>(
  array: SharedArray<K, D>,
  arg: string,
  marks: readonly Mark[],
): SharedArray<K, D> => ({
  variable: array.variable,
  at: (...index) => {
    const means = marks.map((mark): ReadMeaning => ({ mark, args: [arg] }));
    return new Place<K>({ op: 'read', variable: array.variable, index: indexesOf(array.variable, index), means });
  },
});

/** Declares a single shared value. */
export function sharedScalar<K extends string>(
  name: string,
  type: Type<K>,
): Place<K> & { readonly variable: Variable } {
  const variable: Variable = { name, domains: [], type };
  return Object.assign(new Place<K>({ op: 'read', variable, index: [] }), { variable });
}

/** The stored form of "no element" of a domain. */
export const none = <K extends string>(of: Domain<K>): Value<K> =>
  new Value<K>({ op: 'size', domain: of.name }, of.name);
/** Number of elements of a domain. */
export const size = (of: Domain): Value<'int'> => new Value<'int'>({ op: 'size', domain: of.name }, 'int');
/** A literal of any kind. */
export const literal = <K extends string>(value: number): Value<K> => new Value<K>({ op: 'const', value });

/** The element of a domain with this number. */
export const element = <K extends string>(of: Domain<K>, number: Value<'int'>): Value<K> =>
  new Value<K>(number.expr, of.name);
/** An element's number. */
export const ordinal = (of: Value<string>): Value<'int'> => new Value<'int'>(of.expr, 'int');

/** `then` if the condition holds, otherwise `otherwise`. */
export function choose<K extends string>(condition: Value<'bool'>, then: Arg<K>, otherwise: Arg<K>): Value<K> {
  requireKind('bool', condition, () => 'the condition of choose()');
  requireKind(kindOf(then), otherwise, () => `choose() with a value of kind '${kindOf(then)}'`);
  const expr: Expr = { op: 'choose', if: exprOf(condition), then: exprOf(then), else: exprOf(otherwise) };
  return new Value<K>(expr, kindOf(then) ?? kindOf(otherwise));
}

/** The first i with from <= i < to for which `where` holds, otherwise `otherwise`. */
export function first<K extends string>(
  from: Arg<K>,
  to: Arg<K>,
  otherwise: Arg<K>,
  where: (candidate: Value<K>) => Value<'bool'>,
): Value<K> {
  const bound: Bound = { name: 'i' };
  const kind = kindOf(from) ?? kindOf(to) ?? kindOf(otherwise);
  const expr: Expr = {
    op: 'first',
    bound,
    from: exprOf(from),
    to: exprOf(to),
    where: where(new Value<K>({ op: 'bound', bound }, kind)).expr,
    otherwise: exprOf(otherwise),
  };
  return new Value<K>(expr, kind);
}

/**
 * Amount of an element that the resting tasks claim, under one label or any. It is for properties and asserts only: a
 * task's own behaviour must not depend on it.
 * @example
 * import { claimed, finished, Place, sharedScalar, bool, Value } from 'folioscope/lang';
 * // The resting tasks hold one reference to folio 0 under the label 'gup', and task 1 has ended.
 * claimed(0, 'gup').eq(1).and(finished(1)) instanceof Value; // => true
 * sharedScalar('lock', bool) instanceof Place; // => true
 */
export const claimed = <K extends string>(of: Arg<K>, label?: string): Value<'int'> =>
  new Value<'int'>({ op: 'claimed', label, of: exprOf(of) });
/** Whether a task has finished its code; for properties and asserts. */
export const finished = (task: number): Value<'bool'> => new Value<'bool'>({ op: 'finished', task });

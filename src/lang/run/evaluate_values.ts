// SPDX-License-Identifier: MIT

/** One call of a function: its parameters and variables, by slot. */
export class Frame {
  readonly slots: unknown[];
  readonly outer: Frame | undefined;
  /** The value of `return`. */
  result: unknown = undefined;

  constructor(slots: unknown[], outer: Frame | undefined) {
    this.slots = slots;
    this.outer = outer;
  }
}

export type Expression = (frame: Frame) => unknown;
/** Runs a statement. @returns how to continue: NEXT, RETURN, or the number of a jump. */
export type Statement = (frame: Frame) => number;

export const NEXT = 0;
export const RETURN = 1;
export const FIRST_JUMP = 2;

/** A place that an assignment can name. */
export type Reference =
  | { readonly kind: 'variable'; readonly up: number; readonly slot: number }
  | { readonly kind: 'element'; readonly object: Expression; readonly key: Expression };

export interface Term {
  readonly value: Expression;
  readonly reference?: Reference;
}

type Apply = (left: number, right: number) => number | boolean;

/** Operators on two numbers. `===`, `+`, `&&` and `||` are not here, because they also accept other values. */
export const BINARY: Readonly<Record<string, Apply>> = {
  '|': (left, right) => left | right,
  '^': (left, right) => left ^ right,
  '&': (left, right) => left & right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '<<': (left, right) => left << right,
  '>>': (left, right) => left >> right,
  '>>>': (left, right) => left >>> right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '**': (left, right) => left ** right,
};

export const isTrue = (value: unknown): boolean => Boolean(value);

export const numberIn = (value: unknown): number => {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  throw new TypeError(`expected a number in generated text, not ${String(value)}`);
};

const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' ? value !== null : typeof value === 'function';

function objectIn(value: unknown): Record<PropertyKey, unknown> {
  if (isObject(value)) return value;
  throw new TypeError(`expected an object in generated text, not ${String(value)}`);
}

const keyIn = (value: unknown): PropertyKey => (typeof value === 'string' ? value : numberIn(value));

const isCallable = (value: unknown): value is (...args: readonly unknown[]) => unknown => typeof value === 'function';

function callableIn(value: unknown): (...args: readonly unknown[]) => unknown {
  if (isCallable(value)) return value;
  throw new TypeError('expected a function in generated text');
}

/** The frame `up` functions further out. */
function outward(frame: Frame, up: number): Frame {
  let found = frame;
  for (let i = 0; i < up; i++) {
    if (found.outer === undefined) throw new Error('a variable outside all functions');
    found = found.outer;
  }
  return found;
}

export function reading(up: number, slot: number): Expression {
  if (up === 0) return (frame) => frame.slots[slot];
  return (frame) => outward(frame, up).slots[slot];
}

export const added = (left: unknown, right: unknown): unknown =>
  typeof left === 'string' || typeof right === 'string'
    ? `${String(left)}${String(right)}`
    : numberIn(left) + numberIn(right);

export function binary(operator: string, left: Expression, right: Expression): Expression {
  switch (operator) {
    case '&&':
      return (frame) => {
        const value = left(frame);
        return isTrue(value) ? right(frame) : value;
      };
    case '||':
      return (frame) => {
        const value = left(frame);
        return isTrue(value) ? value : right(frame);
      };
    case '===':
      return (frame) => left(frame) === right(frame);
    case '!==':
      return (frame) => left(frame) !== right(frame);
    case '+':
      return (frame) => added(left(frame), right(frame));
    default: {
      const apply = BINARY[operator];
      if (apply === undefined) throw new SyntaxError(`no operator '${operator}' in generated text`);
      return (frame) => {
        const [one, other] = [left(frame), right(frame)];
        return typeof one === 'number' && typeof other === 'number'
          ? apply(one, other)
          : apply(numberIn(one), numberIn(other));
      };
    }
  }
}

export function unary(operator: string, of: Expression): Expression {
  switch (operator) {
    case '!':
      return (frame) => !isTrue(of(frame));
    case '-':
      return (frame) => -numberIn(of(frame));
    case '+':
      return (frame) => numberIn(of(frame));
    case '~':
      return (frame) => ~numberIn(of(frame));
    default:
      throw new SyntaxError(`no operator '${operator}' in generated text`);
  }
}

/** Stores a value, without reading the old one. */
export function assigning(reference: Reference | undefined, value: Expression): Expression {
  if (reference === undefined) throw new SyntaxError('only variables and elements can be assigned');
  if (reference.kind === 'variable') {
    const { up, slot } = reference;
    return (frame) => (outward(frame, up).slots[slot] = value(frame));
  }
  const { object, key } = reference;
  return (frame) => {
    const of = objectIn(object(frame));
    const at = keyIn(key(frame));
    return (of[at] = value(frame));
  };
}

/** Replaces a value by the result of `change`. @param old whether to return the former value. */
export function storing(
  reference: Reference | undefined,
  change: (before: () => unknown, frame: Frame) => unknown,
  old = false,
): Expression {
  if (reference === undefined) throw new SyntaxError('only variables and elements can be assigned');
  if (reference.kind === 'variable') {
    const { up, slot } = reference;
    return (frame) => {
      const { slots } = outward(frame, up);
      const before = slots[slot];
      const after = change(() => before, frame);
      slots[slot] = after;
      return old ? before : after;
    };
  }
  const { object, key } = reference;
  return (frame) => {
    const of = objectIn(object(frame));
    const at = keyIn(key(frame));
    const before = old ? of[at] : undefined;
    const after = change(() => of[at], frame);
    of[at] = after;
    return old ? before : after;
  };
}

export function sequence(statements: readonly Statement[]): Statement {
  const [only] = statements;
  if (only !== undefined && statements.length === 1) return only;
  return (frame) => {
    for (const statement of statements) {
      const signal = statement(frame);
      if (signal !== NEXT) return signal;
    }
    return NEXT;
  };
}

export const evaluating =
  (expression: Expression): Statement =>
  (frame) => {
    expression(frame);
    return NEXT;
  };

export function stepping(reference: Reference | undefined, mark: '++' | '--', old: boolean): Expression {
  const by = mark === '++' ? 1 : -1;
  return storing(reference, (before) => numberIn(before()) + by, old);
}

export function member(of: Expression, name: string): Term {
  return element(of, () => name);
}

export function element(object: Expression, key: Expression): Term {
  return {
    value: (frame) => objectIn(object(frame))[keyIn(key(frame))],
    reference: { kind: 'element', object, key },
  };
}

export function calling({ value, reference }: Term, args: readonly Expression[]): Term {
  const given = (frame: Frame): unknown[] => args.map((arg) => arg(frame));
  if (reference?.kind !== 'element') return { value: (frame) => callableIn(value(frame))(...given(frame)) };
  const { object, key } = reference;
  return {
    value: (frame) => {
      const of = objectIn(object(frame));
      const made: unknown = Reflect.apply(callableIn(of[keyIn(key(frame))]), of, given(frame));
      return made;
    },
  };
}

// SPDX-License-Identifier: MIT
// Shapes of values from outside, in the words of zod as far as scenario files need them. zod itself was 46 % of a page's bundle
// and 40 ms of every command's start.

/** A step of the way from a whole value to a part of it. */
type Key = string | number;

/** A mistake in a value. */
export interface Issue {
  readonly code:
    | 'invalid_type'
    | 'invalid_value'
    | 'invalid_format'
    | 'out_of_range'
    | 'unrecognized_keys'
    | 'invalid_key'
    | 'invalid_union';
  readonly path: readonly Key[];
  readonly message: string;
  /** Keys that no such object has; none with other codes. */
  readonly keys: readonly string[];
  /** The mistakes by alternative of a union, their paths from there on; none with other codes. */
  readonly errors: readonly (readonly Issue[])[];
}

/** JSON Schema 2020-12, as far as shapes have it. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null';
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly string[];
  readonly const?: string | boolean | null;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Reads a value. @returns undefined where it is none of the shape; `issues` then says why. */
type Read<T> = (value: unknown, path: readonly Key[], issues: Issue[]) => { readonly value: T } | undefined;

/** The result of reading a whole value. */
type Parsed<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };

/** Words of a JSON Schema. */
type Words = Pick<JsonSchema, 'title' | 'description'>;

/** A set of values. */
export interface Shape<T> {
  readonly read: Read<T>;
  readonly json: () => JsonSchema;
  readonly isOptional: boolean;
  /** Completes "expected ...", if given. */
  readonly description: string | undefined;
  /** The same shape with a description. */
  readonly describe: (description: string) => Shape<T>;
  /** The same shape with other words in its JSON Schema. */
  readonly meta: (words: Words) => Shape<T>;
  readonly optional: () => Optional<T>;
  readonly safeParse: (value: unknown) => Parsed<T>;
}

/** A field that may be absent. */
export interface Optional<T> extends Shape<T | undefined> {
  readonly isOptional: true;
  readonly describe: (description: string) => Optional<T>;
  readonly meta: (words: Words) => Optional<T>;
}

/** The values of a shape. */
export type output<S> = S extends Shape<infer T> ? T : never;

type Fields = Readonly<Record<string, Shape<unknown>>>;
type OptionalOf<F extends Fields> = { [K in keyof F]: F[K] extends { readonly isOptional: true } ? K : never }[keyof F];
type ObjectOf<F extends Fields> = {
  [K in OptionalOf<F>]?: output<F[K]>;
} & { [K in Exclude<keyof F, OptionalOf<F>>]: output<F[K]> };

/** An object with fields of its own. */
export interface ObjectShape<F extends Fields> extends Shape<ObjectOf<F>> {
  readonly shape: F;
}

interface Text extends Shape<string> {
  readonly regex: (pattern: RegExp) => Text;
  readonly refine: (test: (text: string) => boolean) => Text;
}

interface Whole extends Shape<number> {
  readonly min: (least: number) => Whole;
  readonly max: (most: number) => Whole;
}

interface List<T> extends Shape<T[]> {
  readonly min: (fewest: number) => List<T>;
  readonly max: (most: number) => List<T>;
}

const issue = (
  code: Issue['code'],
  path: readonly Key[],
  message: string,
  { keys = [], errors = [] }: Partial<Pick<Issue, 'keys' | 'errors'>> = {},
): Issue => ({ code, path, message, keys, errors });

function shapeOf<T>(read: Read<T>, json: () => JsonSchema, words: Words = {}): Shape<T> {
  return {
    read,
    json,
    isOptional: false,
    description: words.description,
    describe: (description) => shapeOf(read, () => ({ ...json(), description }), { description }),
    meta: (other) => shapeOf(read, () => ({ ...json(), ...other }), other),
    optional: () => optionalOf(read, json),
    safeParse: (value) => {
      const issues: Issue[] = [];
      const found = read(value, [], issues);
      return found === undefined ? { success: false, error: { issues } } : { success: true, data: found.value };
    },
  };
}

function optionalOf<T>(read: Read<T>, json: () => JsonSchema): Optional<T> {
  const all: Read<T | undefined> = (value, path, issues) =>
    value === undefined ? { value: undefined } : read(value, path, issues);
  return {
    ...shapeOf(all, json),
    isOptional: true,
    describe: (description) => optionalOf(read, () => ({ ...json(), description })),
    meta: (other) => optionalOf(read, () => ({ ...json(), ...other })),
  };
}

/** A shape of the values that a test lets pass. */
function passing<T>(
  isOne: (value: unknown) => value is T,
  code: Issue['code'],
  expected: string,
  json: () => JsonSchema,
): Shape<T> {
  return shapeOf((value, path, issues) => {
    if (isOne(value)) return { value };
    issues.push(issue(code, path, `expected ${expected}`));
    return undefined;
  }, json);
}

const isText = (value: unknown): value is string => typeof value === 'string';

function textOf(tests: readonly ((text: string) => boolean)[], schema: JsonSchema): Text {
  const base = passing(isText, 'invalid_type', 'text', () => schema);
  const read: Read<string> = (value, path, issues) => {
    const found = base.read(value, path, issues);
    if (found === undefined || tests.every((test) => test(found.value))) return found;
    issues.push(issue('invalid_format', path, 'expected text of another form'));
    return undefined;
  };
  return {
    ...shapeOf(read, () => schema),
    regex: (pattern) => textOf([...tests, (text) => pattern.test(text)], { ...schema, pattern: pattern.source }),
    refine: (test) => textOf([...tests, test], schema),
  };
}

export const string = (): Text => textOf([], { type: 'string' });

export const boolean = (): Shape<boolean> =>
  passing(
    (value) => typeof value === 'boolean',
    'invalid_type',
    'true or false',
    () => ({ type: 'boolean' }),
  );

export const number = (): Shape<number> =>
  passing(
    (value): value is number => typeof value === 'number' && Number.isFinite(value),
    'invalid_type',
    'a number',
    () => ({ type: 'number' }),
  );

function wholeOf(least: number, most: number): Whole {
  const read: Read<number> = (value, path, issues) => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) {
      if (value >= least && value <= most) return { value };
      issues.push(issue('out_of_range', path, `expected a whole number from ${least} to ${most}`));
    } else issues.push(issue('invalid_type', path, 'expected a whole number'));
    return undefined;
  };
  return {
    ...shapeOf(read, () => ({ type: 'integer', minimum: least, maximum: most })),
    min: (other) => wholeOf(other, most),
    max: (other) => wholeOf(least, other),
  };
}

/** Whole numbers that JavaScript holds exactly. */
export const int = (): Whole => wholeOf(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

type Plain = string | boolean | null;

const typeOf = (value: Plain): 'string' | 'boolean' | 'null' => {
  if (value === null) return 'null';
  return typeof value === 'string' ? 'string' : 'boolean';
};

export const literal = <const T extends Plain>(only: T): Shape<T> =>
  passing(
    (value): value is T => value === only,
    'invalid_value',
    JSON.stringify(only),
    () => ({ type: typeOf(only), const: only }),
  );

function enumOf<const T extends readonly string[]>(values: T): Shape<T[number]> {
  const isOne = (value: unknown): value is T[number] => values.some((one) => one === value);
  return passing(isOne, 'invalid_value', `one of ${values.join(', ')}`, () => ({
    type: 'string',
    enum: [...values],
  }));
}
export { enumOf as enum };

/** Mistakes of a value of the right kind: the only alternative of a union that has no others is the one that was meant. */
const DETAILS: ReadonlySet<Issue['code']> = new Set(['unrecognized_keys', 'out_of_range', 'invalid_format']);

/** Any of several shapes: the first that a value has. */
export function union<const S extends readonly Shape<unknown>[]>(alternatives: S): Shape<output<S[number]>> {
  return shapeOf<output<S[number]>>(
    (value, path, issues) => {
      const errors: Issue[][] = [];
      for (const { read } of alternatives) {
        const wrong: Issue[] = [];
        const found = read(value, [], wrong);
        // What one of the shapes has read is a value of the union.
        if (found !== undefined) return found as { readonly value: output<S[number]> };
        errors.push(wrong);
      }
      const near = errors.filter((wrong) => wrong.every(({ code }) => DETAILS.has(code)));
      const [only = [], second] = near;
      if (near.length > 0 && second === undefined)
        issues.push(...only.map((wrong) => ({ ...wrong, path: [...path, ...wrong.path] })));
      else issues.push(issue('invalid_union', path, 'expected another value', { errors }));
      return undefined;
    },
    () => ({ anyOf: alternatives.map(({ json }) => json()) }),
  );
}

function listOf<T>(of: Shape<T>, fewest: number, most: number): List<T> {
  const read: Read<T[]> = (value, path, issues) => {
    if (!Array.isArray(value)) {
      issues.push(issue('invalid_type', path, 'expected a list'));
      return undefined;
    }
    if (value.length < fewest || value.length > most) {
      issues.push(issue('out_of_range', path, 'expected a list of another length'));
      return undefined;
    }
    const found = value.map((one: unknown, i) => of.read(one, [...path, i], issues));
    const values = found.flatMap((one) => (one === undefined ? [] : [one.value]));
    return values.length === value.length ? { value: values } : undefined;
  };
  const json = (): JsonSchema => ({
    ...(fewest > 0 ? { minItems: fewest } : {}),
    ...(Number.isFinite(most) ? { maxItems: most } : {}),
    type: 'array',
    items: of.json(),
  });
  return {
    ...shapeOf(read, json),
    min: (other) => listOf(of, other, most),
    max: (other) => listOf(of, fewest, other),
  };
}

export const array = <T>(of: Shape<T>): List<T> => listOf(of, 0, Number.POSITIVE_INFINITY);

/** The fields of an object as YAML and JSON have it. */
function fieldsIn(value: unknown, path: readonly Key[], issues: Issue[]): ReadonlyMap<string, unknown> | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Map(Object.entries(value));
  issues.push(issue('invalid_type', path, 'expected a mapping'));
  return undefined;
}

function objectOf<F extends Fields>(shape: F, isStrict: boolean): ObjectShape<F> {
  const all = Object.entries(shape);
  const read: Read<ObjectOf<F>> = (value, path, issues) => {
    const given = fieldsIn(value, path, issues);
    if (given === undefined) return undefined;
    const before = issues.length;
    const found: [string, unknown][] = [];
    for (const [name, field] of all) {
      const one = field.read(given.get(name), [...path, name], issues);
      if (one !== undefined && given.has(name)) found.push([name, one.value]);
    }
    const others = [...given.keys()].filter((name) => !Object.hasOwn(shape, name));
    if (isStrict && others.length > 0)
      issues.push(issue('unrecognized_keys', path, `unknown key ${others.join(', ')}`, { keys: others }));
    if (issues.length > before) return undefined;
    // Every field was read by its own shape.
    return { value: Object.fromEntries(found) as ObjectOf<F> };
  };
  const json = (): JsonSchema => {
    const required = all.flatMap(([name, { isOptional }]) => (isOptional ? [] : [name]));
    return {
      type: 'object',
      properties: Object.fromEntries(all.map(([name, field]) => [name, field.json()])),
      ...(required.length === 0 ? {} : { required }),
      ...(isStrict ? { additionalProperties: false as const } : {}),
    };
  };
  return { ...shapeOf(read, json), shape };
}

/** An object with these fields and no others. */
export const strictObject = <F extends Fields>(shape: F): ObjectShape<F> => objectOf(shape, true);

/** An object with these fields, and whatever else, which is not read. */
export const looseObject = <F extends Fields>(shape: F): ObjectShape<F> => objectOf(shape, false);

/** An object whose keys are of one shape, and whose values are of one. */
export function record<T>(keys: Shape<string>, values: Shape<T>): Shape<Record<string, T>> {
  return shapeOf<Record<string, T>>(
    (value, path, issues) => {
      const given = fieldsIn(value, path, issues);
      if (given === undefined) return undefined;
      const before = issues.length;
      const found: [string, T][] = [];
      for (const [key, of] of given) {
        const here = [...path, key];
        if (keys.read(key, here, []) === undefined) {
          issues.push(issue('invalid_key', here, `'${key}' is no such key`));
          continue;
        }
        const one = values.read(of, here, issues);
        if (one !== undefined) found.push([key, one.value]);
      }
      return issues.length > before ? undefined : { value: Object.fromEntries(found) };
    },
    () => ({ type: 'object', propertyNames: keys.json(), additionalProperties: values.json() }),
  );
}

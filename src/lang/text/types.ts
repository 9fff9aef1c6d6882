// SPDX-License-Identifier: MIT

/** A finite index set (CPUs, folios, tasks): its size is chosen when a program is built. */
export interface Domain<K extends string = string> {
  readonly name: K;
}

/** Declares an index set. Values of different domains do not mix. */
export const domain = <K extends string>(name: K): Domain<K> => ({ name });

/** Tasks of a program: they take its steps. */
export const TASK = domain('task');

/** Number of elements of each domain in one program, by domain name. */
export type Sizes = Readonly<Record<string, number>>;

/** A bound that may depend on the sizes of a program. */
type Bound = number | ((sizes: Sizes) => number);

/** Possible values of a variable or local: whole numbers from 0 to `max`; `K` separates kinds of values. */
export interface Type<K extends string = string> {
  readonly kind: K;
  readonly max: Bound;
  /** Value before the first write; the domain's "none" if the type has one. */
  readonly initial: Bound;
}

/** The size of a domain in a program. @throws Error if the program does not size it. */
export function sizeOf(sizes: Sizes, name: string): number {
  const size = sizes[name];
  if (size === undefined) throw new Error(`the program gives no size for the domain '${name}'`);
  return size;
}

/** A bound's value in a program of these sizes. */
export const resolve = (bound: Bound, sizes: Sizes): number => (typeof bound === 'number' ? bound : bound(sizes));

export const bool: Type<'bool'> = { kind: 'bool', max: 1, initial: 0 };
/** Whole numbers from 0 to `max` inclusive. @throws RangeError if untyped text passes no whole number. */
export function int(max: Bound): Type<'int'> {
  if (typeof max !== 'function' && !(Number.isInteger(max) && max >= 0))
    throw new RangeError(`int(${JSON.stringify(max)}): expected a whole number from 0 on, such as int(3)`);
  return { kind: 'int', max, initial: 0 };
}
/** An element of a domain. */
export const one = <K extends string>(of: Domain<K>): Type<K> => ({
  kind: of.name,
  max: (sizes) => Math.max(0, sizeOf(sizes, of.name) - 1),
  initial: 0,
});
/** An element of a domain or none; none is stored as the domain's size. */
export const optional = <K extends string>(of: Domain<K>): Type<K> => ({
  kind: of.name,
  max: (sizes) => sizeOf(sizes, of.name),
  initial: (sizes) => sizeOf(sizes, of.name),
});

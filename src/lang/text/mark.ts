// SPDX-License-Identifier: MIT

/** Names of a mark's arguments, with their kinds of values. */
export type MarkArgs = Readonly<Record<string, string>>;

/**
 * A meaning that a text can have at a point: a look at a folio, the begin of a drain. Properties and reports know a
 * mark by its identity; the name is for people.
 */
export interface Mark<A extends MarkArgs = MarkArgs> {
  readonly name: string;
  /** Never present: it keeps the kinds of the arguments. */
  readonly kinds?: A;
}

/** Arguments of a mark without arguments. */
export type Nothing = Readonly<Record<string, never>>;

/** Declares a mark. @example const LOOK = mark<{ folio: 'folio' }>('look'); */
export const mark = <A extends MarkArgs>(name: string): Mark<A> => ({ name });

// SPDX-License-Identifier: MIT

/** Names of what a mark says, with their kinds of values. */
export type MarkArgs = Readonly<Record<string, string>>;

/**
 * A meaning that a text can have at a point: a folio is looked at, a drain begins. Properties and reports know a mark by
 * its identity; the name is for people.
 */
export interface Mark<A extends MarkArgs = MarkArgs> {
  readonly name: string;
  /** Never there: it keeps the kinds of the arguments. */
  readonly kinds?: A;
}

/** Of a mark that says nothing besides. */
export type Nothing = Readonly<Record<string, never>>;

/** Declares a mark. @example const LOOK = mark<{ folio: 'folio' }>('look'); */
export const mark = <A extends MarkArgs>(name: string): Mark<A> => ({ name });

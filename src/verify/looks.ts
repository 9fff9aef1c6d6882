// SPDX-License-Identifier: MIT
import type { Value } from '../lang/index.ts';
import type { Conversion } from './observing.ts';

/** Whose looks: those of a converting task. */
export interface Of {
  readonly task: number;
}

/** What was true of a page when it was looked at the last time. */
export type AtLook = (of: Conversion, index: Value<'index'>) => Value<'bool'>;

/**
 * What each conversion's check has looked at, and what it found there. An index is what a refusal names: of none, what is said is
 * said of the page that was looked at last.
 */
export interface Looks {
  /** Notes a condition on a folio whenever that is looked at. */
  readonly noting: (name: string, what: (of: Value<'folio'>, conversion: Conversion) => Value<'bool'>) => AtLook;
  /** Whether a look at the page was seen. */
  readonly areShown: AtLook;
  /** Whether the last look at it found a user. */
  readonly hadUser: AtLook;
  /** Whether it is a page of a large folio. */
  readonly isLarge: AtLook;
  /** Whether no page of the range before it was left with a user; and, where it was found free itself, so was every other. */
  readonly isFirst: AtLook;
}

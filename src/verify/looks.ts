// SPDX-License-Identifier: MIT
import type { Value } from '../lang/index.ts';
import type { Conversion } from './observing.ts';

/** Owner of looks: a converting task. */
export interface Of {
  readonly task: number;
}

/** A condition on a page at its last look. */
export type AtLook = (of: Conversion, index: Value<'index'>) => Value<'bool'>;

/**
 * The looks of each conversion's check, and their results. An index is the one that a refusal names; without an index,
 * or without a look at that page, the page of the last look counts.
 */
export interface Looks {
  /** Records a condition on a folio at each look at it. */
  readonly noting: (name: string, what: (of: Value<'folio'>, conversion: Conversion) => Value<'bool'>) => AtLook;
  /** Whether a look at the page was seen, at a folio that was still in the file. */
  readonly areShown: AtLook;
  /** Whether the conversion looked at other pages only. */
  readonly areOfOthers: AtLook;
  /** Whether the last look at the page found a user. */
  readonly hadUser: AtLook;
  /** Whether the page belongs to a large folio. */
  readonly isLarge: AtLook;
  /**
   * Whether the last look at each earlier page of the range found no user; and, if the last look at this page found it
   * free, the same for every other page.
   */
  readonly isFirst: AtLook;
}

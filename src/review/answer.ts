// SPDX-License-Identifier: MIT
import type { Change, SideVerdict } from './compare.ts';
import type { Judged } from './judge.ts';
import type { Prepared } from './prepare.ts';

/** One side of a change, judged. */
export type ReviewedSide =
  | {
      readonly kind: 'judged';
      readonly verdict: SideVerdict;
      /** One for each scenario that has an occasion. */
      readonly judged: readonly Judged[];
      /** What it calls that the kernel exports to no module, and that the mail does not export. */
      readonly unexportedCalls: readonly string[];
    }
  /** One line each: `FILE:LINE:COLUMN: what, expected what`. */
  | { readonly kind: 'refused'; readonly errors: readonly string[] };

/** A change of a check in a mail, before and after. */
export interface ReviewedChange {
  readonly prepared: Prepared;
  /** Undefined where the mail adds the function. */
  readonly before: ReviewedSide | undefined;
  /** Undefined where it removes it. */
  readonly after: ReviewedSide | undefined;
  /** Empty unless both sides are judged. */
  readonly changes: readonly Change[];
}

/** What a review comes to: every change of the check, in the order of the mails. */
export interface ReviewAnswer {
  readonly file: string;
  /** The kernel that the scenarios are run on. */
  readonly profiles: readonly string[];
  readonly changes: readonly ReviewedChange[];
  /** Scenarios left out because somebody interrupted. */
  readonly notRun: readonly string[];
  /** The change that all the others lead to, which the verdict is about. */
  readonly last: ReviewedChange;
  readonly outcome: 'holds' | 'violated' | 'undecided';
}

/** An answer with what it comes to: what is left where every change is applied. */
export function reviewAnswer(told: Omit<ReviewAnswer, 'last' | 'outcome'>): ReviewAnswer {
  const last = told.changes.at(-1);
  if (last === undefined) throw new Error('a review without a change');
  return { ...told, last, outcome: outcomeOf(last, told.notRun.length > 0) };
}

function outcomeOf({ after }: ReviewedChange, isOpen: boolean): ReviewAnswer['outcome'] {
  if (after?.kind !== 'judged') return 'undecided';
  if (after.verdict.verdict === 'violated') return 'violated';
  return isOpen ? 'undecided' : after.verdict.verdict;
}

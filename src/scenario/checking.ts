// SPDX-License-Identifier: MIT
import type { Patch, Profile, Result } from '../machine/index.ts';

/**
 * The properties of a conversion, by the names that mails and scenario files use. A name after a slash is a known
 * exception: what the property would forbid, had it not been named beforehand.
 */
export const PROPERTY_IDS = [
  'I1',
  'I2',
  'I2/SC-20',
  'I2/SC-21',
  'I3',
  'I4',
  'I4/SC-17',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'expected',
  'sometimes',
] as const;
export type PropertyId = (typeof PROPERTY_IDS)[number];

/** What exploring a scenario comes to under a form of the check. */
export interface ExpectedCheck {
  /** The properties that do not hold; none where all hold. */
  readonly violates: readonly PropertyId[];
}

/** What may happen while a scenario is explored, by the names that its `sometimes` uses. */
export const EVENTS = ['checked', 'refused', 'drained-locally', 'drained-all', 'left-early', 'converted'] as const;
export type Event = (typeof EVENTS)[number];

/** What is to happen on some run: an event, or a result of one of a task's calls. */
export type Wish = { readonly event: Event } | { readonly task: number; readonly result: Result };

/** How a scenario is to be explored, and what comes of it. */
export interface Checking {
  /** The profile that the scenario is explored with: its own unless the file says what differs. */
  readonly profile: Profile;
  /** For every form of the check that has no entry of its own; undefined where the file says nothing. */
  readonly every: ExpectedCheck | undefined;
  readonly byPatch: ReadonlyMap<string, ExpectedCheck>;
  /** What is to happen on some run, so that what holds does not hold of nothing; by form of the check like what it comes to. */
  readonly sometimes: { readonly every: readonly Wish[]; readonly byPatch: ReadonlyMap<string, readonly Wish[]> };
  /** Mistakes that are made on purpose where the scenario is explored, to see that it shows them. */
  readonly mutants: readonly Patch[];
  /**
   * Numbers of the tasks, kworkers after the scenario's own, that may be left waiting for ever although they could
   * step; undefined where the file does not say.
   */
  readonly unfair: readonly number[] | undefined;
}

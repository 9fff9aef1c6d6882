// SPDX-License-Identifier: MIT
import type { Patch, Profile, Result } from '../machine/index.ts';

/**
 * The properties of a conversion, by the names in mails and scenario files. A name after a slash is a known exception:
 * a violation that was named in advance.
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

/** Expected result of exploring a scenario under a form of the check. */
export interface ExpectedCheck {
  /** The violated properties; empty if all hold. */
  readonly violates: readonly PropertyId[];
}

/** Events while a scenario is explored, by the names in its `sometimes`. */
export const EVENTS = ['checked', 'refused', 'drained-locally', 'drained-all', 'left-early', 'converted'] as const;
export type Event = (typeof EVENTS)[number];

/** An entry of `sometimes`: an event, or a result of one of a task's calls. */
export type Wish = { readonly event: Event } | { readonly task: number; readonly result: Result };

/** How a scenario is explored, and the expected results. */
export interface Checking {
  /** The profile for exploring: the scenario's own, with the features in its `check`. */
  readonly profile: Profile;
  /** For every form of the check without an entry of its own; undefined if the file has none. */
  readonly every: ExpectedCheck | undefined;
  readonly byPatch: ReadonlyMap<string, ExpectedCheck>;
  /**
   * What must happen on some run, so that no property holds vacuously; by form of the check, like the expected results.
   */
  readonly sometimes: { readonly every: readonly Wish[]; readonly byPatch: ReadonlyMap<string, readonly Wish[]> };
  /** Deliberate mistakes that are also explored, to show that the scenario detects them. */
  readonly mutants: readonly Patch[];
  /** Numbers of the tasks without fairness, kworkers after the scenario's own; undefined if the file does not say. */
  readonly unfair: readonly number[] | undefined;
}

// SPDX-License-Identifier: MIT
import type { Patch, Profile } from '../machine/index.ts';

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
  'expected',
] as const;
export type PropertyId = (typeof PROPERTY_IDS)[number];

/** What exploring a scenario comes to under a form of the check. */
export interface ExpectedCheck {
  /** The properties that do not hold; none where all hold. */
  readonly violates: readonly PropertyId[];
}

/** How a scenario is to be explored, and what comes of it. */
export interface Checking {
  /** The profile that the scenario is explored with: its own unless the file says what differs. */
  readonly profile: Profile;
  /** For every form of the check that has no entry of its own; undefined where the file says nothing. */
  readonly every: ExpectedCheck | undefined;
  readonly byPatch: ReadonlyMap<string, ExpectedCheck>;
  /** Mistakes that are made on purpose where the scenario is explored, to see that it shows them. */
  readonly mutants: readonly Patch[];
  /**
   * Numbers of the tasks, kworkers after the scenario's own, that may be left waiting for ever although they could
   * step. Undefined where nobody asks whether conversions end (I5), which takes the whole graph.
   */
  readonly unfair: readonly number[] | undefined;
}

// SPDX-License-Identifier: MIT
import type { Event, PropertyId } from '../../scenario/index.ts';
import type { Composer } from '../composer.ts';
import type { SmallWorld } from '../small-world.ts';

/** A property as data: what it says, when it says something, and how it is asked. */
export interface PropertyText {
  readonly id: PropertyId;
  /** What it says, in a sentence. */
  readonly sentence: string;
  /** What has to happen on some run, so that it does not hold of nothing; and how it is said that it never does. */
  readonly premise?: { readonly event: Event; readonly otherwise: string };
  /** It judges a refusal by the looks before it: where a form does not say when it looks, it is undecided. */
  readonly needsLooks?: true;
  /** Whether a world has an occasion for it. Absent: every world has. */
  readonly applies?: (world: SmallWorld) => boolean;
  /** Adds the notes, asserts and conditions on states that answer it. Absent: it is answered by the search itself. */
  readonly ask?: (composer: Composer, world: SmallWorld) => void;
}

/** The name under which an assert or a condition is compiled: its property, and what exactly it says. */
export const nameOf = (id: string, detail = ''): string => (detail === '' ? id : `${id}: ${detail}`);

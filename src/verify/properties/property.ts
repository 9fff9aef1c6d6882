// SPDX-License-Identifier: MIT
import type { PropertyId } from '../../scenario/index.ts';
import type { Composer } from '../composer.ts';
import type { Happening } from '../events.ts';
import type { SmallWorld } from '../small-world.ts';

/** A property as data: its sentence, its premise, and how it is checked. */
export interface PropertyText {
  readonly id: PropertyId;
  /** The property in one sentence. */
  readonly sentence: string;
  /** The event without which the property holds vacuously, and the text for that case. */
  readonly premise?: { readonly event: Happening; readonly otherwise: string };
  /** It judges a refusal by the looks before it: if a form does not show its looks, it is undecided. */
  readonly needsLooks?: true;
  /** Whether the scenario can meet its case. Absent: every scenario can. */
  readonly applies?: (world: SmallWorld) => boolean;
  /** Adds its notes, asserts and conditions on states. Absent: the search itself decides it. */
  readonly ask?: (composer: Composer, world: SmallWorld) => void;
}

/** The compiled name of an assert or condition: its property, and the detail. */
export const nameOf = (id: string, detail = ''): string => (detail === '' ? id : `${id}: ${detail}`);

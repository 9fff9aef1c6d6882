// SPDX-License-Identifier: MIT
import type { PropertyId } from '../../scenario/index.ts';
import { LOOKS_IN_ORDER } from '../looks-in-order.ts';
import type { SmallWorld } from '../small-world.ts';
import { allOrNothing } from './all-or-nothing.ts';
import { boundedDrains } from './bounded-drains.ts';
import { boundedReads } from './bounded-reads.ts';
import { cleanEarlyExit } from './clean-early-exit.ts';
import { conservation } from './conservation.ts';
import { errorOffset } from './error-offset.ts';
import { expected } from './expected.ts';
import { LOOKS_SHOWN } from './looks-are-shown.ts';
import { noBatchOnlyRefusal } from './no-batch-only-refusal.ts';
import { noDeadlock } from './no-deadlock.ts';
import { noFalseNegative } from './no-false-negative.ts';
import type { PropertyText } from './property.ts';

export { askForLooks, LOOKS_SHOWN } from './looks-are-shown.ts';
export type { PropertyText } from './property.ts';
export { nameOf } from './property.ts';

/** `sometimes` is decided at the end of a search: no single step shows it. */
const sometimes: PropertyText = {
  id: 'sometimes',
  sentence: 'every event that the scenario lists happens on some run',
  applies: () => false,
};

/** Every property. Reports list them in the order of PROPERTY_IDS. */
const PROPERTIES: readonly PropertyText[] = [
  noFalseNegative,
  ...noBatchOnlyRefusal,
  boundedDrains,
  ...errorOffset,
  boundedReads,
  conservation,
  noDeadlock,
  allOrNothing,
  cleanEarlyExit,
  expected,
  sometimes,
];

export function propertyOf(id: PropertyId): PropertyText {
  const found = PROPERTIES.find((property) => property.id === id);
  if (found === undefined) throw new Error(`no property '${id}'`);
  return found;
}

/** The properties that apply to a scenario: an exception only if the scenario can meet it. */
export const propertiesOf = (world: SmallWorld): readonly PropertyText[] =>
  PROPERTIES.filter(({ applies }) => applies?.(world) ?? true);

/** The property and the detail of a compiled name. */
export function readName(name: string): {
  readonly id: PropertyId | typeof LOOKS_SHOWN | typeof LOOKS_IN_ORDER;
  readonly detail: string;
} {
  const known = name === 'deadlock' ? noDeadlock.id : name;
  const end = known.indexOf(': ');
  const word = end === -1 ? known : known.slice(0, end);
  const detail = end === -1 ? '' : known.slice(end + 2);
  if (word === LOOKS_SHOWN || word === LOOKS_IN_ORDER) return { id: word, detail };
  const found = PROPERTIES.find(({ id }) => id === word);
  if (found === undefined) throw new Error(`'${name}' is no property`);
  return { id: found.id, detail };
}

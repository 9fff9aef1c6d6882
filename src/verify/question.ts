// SPDX-License-Identifier: MIT
import type { Question } from '../check/index.ts';
import { createMemory, finished, literal, type Memory, type Program } from '../lang/index.ts';
import { Composer } from './composer.ts';
import { all } from './conditions.ts';
import { EVENT_MARKS } from './events.ts';
import { LooksAtPages } from './looks-at-pages.ts';
import { LooksInOrder, LOOKS_IN_ORDER } from './looks-in-order.ts';
import { askForLooks, LOOKS_SHOWN, propertiesOf, type PropertyText } from './properties/index.ts';
import type { SmallWorld } from './small-world.ts';
import { askForWishes } from './wishes.ts';

/** The properties of a question, and the asserts about looks that they need. */
export const idsOf = (
  world: SmallWorld,
): readonly (PropertyText['id'] | typeof LOOKS_SHOWN | typeof LOOKS_IN_ORDER)[] => [
  ...propertiesOf(world).map(({ id }) => id),
  LOOKS_SHOWN,
  LOOKS_IN_ORDER,
];

/**
 * A small machine as a question to the engine: its program with asserts for what a step shows, and conditions on every
 * state for the rest.
 * @param without properties to leave out, because their answer is known.
 */
export function questionOf(world: SmallWorld, without: ReadonlySet<string> = new Set()): Question {
  // Pages of large folios need a note for each.
  const inOrder = world.sizes.order === 0 && !without.has(LOOKS_IN_ORDER);
  const composer = new Composer(world, (its) => (inOrder ? new LooksInOrder(its) : new LooksAtPages(its)));
  const asked = propertiesOf(world).filter(({ id }) => !without.has(id));
  for (const { ask } of asked) ask?.(composer, world);
  if (!without.has(LOOKS_SHOWN)) askForLooks(composer);
  askForWishes(composer, world);
  const program = composer.program(EVENT_MARKS);
  const tasks = world.scenario.machine.tasks.map((_, task) => finished(task));
  return {
    program,
    codeOf: world.codeOf,
    initial: withNotes(world.memory, program),
    properties: composer.properties,
    sometimes: composer.sometimes,
    coverage: true,
    mayEnd: asked.some(({ id }) => id === 'I7') ? all(tasks) : literal<'bool'>(1),
  };
}

/** The memory with zeroed room for the program's notes. */
function withNotes(memory: Memory, program: Program): Memory {
  const { columns, slots, slotsPerTask } = createMemory(program);
  const more = [...columns].filter(([variable]) => !memory.columns.has(variable));
  const tasks = memory.code.length;
  for (let task = 0; task < tasks; task++)
    slots.set(memory.slots.subarray(task * memory.slotsPerTask, (task + 1) * memory.slotsPerTask), task * slotsPerTask);
  return { ...memory, columns: new Map([...memory.columns, ...more]), slots, slotsPerTask };
}

// SPDX-License-Identifier: MIT
import type { Question } from '../check/index.ts';
import { finished, literal, type Program, type Property } from '../lang/index.ts';
import { expectedOf, type PropertyId, PROPERTY_IDS } from '../scenario/index.ts';
import { tellingFaults } from './claims.ts';
import { all } from './conditions.ts';
import { nameOf } from './property.ts';
import type { SmallWorld, WorldCall } from './small-world.ts';
import { type Watch, watched } from './watch.ts';
import {
  allOrNothing,
  boundedDrains,
  conservation,
  errorsNameAPage,
  expectations,
  noBatchOnlyRefusal,
  noFalseNegative,
  noteUser,
} from './watches.ts';

/** The properties that a world is asked about. */
export const propertiesOf = (_world: SmallWorld): readonly PropertyId[] =>
  PROPERTY_IDS.filter((id) => id !== 'I2/SC-21');

/**
 * A world as a question to the engine: its program with asserts for what shows in a step, and conditions on every
 * state for the rest.
 * @param without properties that are not asked about, because their answer is known.
 */
export function questionOf(world: SmallWorld, without: ReadonlySet<PropertyId> = new Set()): Question {
  const asked = (id: PropertyId): boolean => !without.has(id);
  let program: Program = tellingFaults(world.program);
  const watches: Watch[] = [];
  const user = noteUser(program, world);
  program = user.program;
  watches.push(user.watch);
  if (asked('I1')) watches.push(noFalseNegative(world, nameOf('I1')));
  if (asked('I2')) watches.push(noBatchOnlyRefusal(nameOf('I2'), user));
  if (asked('I3')) program = add(boundedDrains(program, world, nameOf('I3')), watches);
  program = add(
    errorsNameAPage(program, world, {
      small: asked('I4') ? nameOf('I4') : undefined,
      large: asked('I4/SC-17') ? nameOf('I4/SC-17') : undefined,
    }),
    watches,
  );
  if (asked('expected'))
    program = add(
      expectations(program, world, user, {
        of: (call) => expectedOfCall(world, call),
        name: (call) => nameOf('expected', `${call.task}.${call.number}`),
      }),
      watches,
    );
  const properties: Property[] = [
    { name: nameOf('I6'), holds: conservation(world) },
    { name: nameOf('I8'), holds: allOrNothing(world) },
  ];
  const tasks = world.scenario.machine.tasks.map((_, task) => finished(task));
  return {
    program: watched(program, world, watches),
    codeOf: world.codeOf,
    initial: world.memory,
    properties: properties.filter(({ name }) => !without.has(name === 'I6' ? 'I6' : 'I8')),
    mayEnd: asked('I7') ? all(tasks) : literal<'bool'>(1),
  };
}

function add({ program, watches: more }: ReturnType<typeof boundedDrains>, watches: Watch[]): Program {
  watches.push(...more);
  return program;
}

/** What the scenario expects of a call under the world's form of the check. */
function expectedOfCall({ scenario, patch }: SmallWorld, { task, number }: WorldCall) {
  const call = scenario.threads.find((thread) => thread.task === task)?.calls[number];
  return call === undefined ? undefined : expectedOf(call, patch.name);
}

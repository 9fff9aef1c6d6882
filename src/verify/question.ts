// SPDX-License-Identifier: MIT
import type { Question } from '../check/index.ts';
import { finished, literal, type Program, type Property } from '../lang/index.ts';
import { expectedOf, type PropertyId, PROPERTY_IDS } from '../scenario/index.ts';
import { tellingFaults } from './claims.ts';
import { all } from './conditions.ts';
import { nameOf } from './property.ts';
import type { SmallWorld, WorldCall } from './small-world.ts';
import { watchingEarlyExits } from './early-exit.ts';
import { hasHotplug, notingPutBack, putsBack, withNotes } from './exceptions.ts';
import { type Watch, watched } from './watch.ts';
import { watchingWishes } from './wishes.ts';
import {
  allOrNothing,
  boundedDrains,
  boundedReads,
  conservation,
  errorsNameAPage,
  expectations,
  noBatchOnlyRefusal,
  noFalseNegative,
  noteUser,
  readsAtMost,
} from './watches.ts';

/** In larger memories adding up every folio's holders in every state takes longer than all else. */
const MOST_FOLIOS_ADDED_UP = 16;

/** The properties that a world is asked about: no exceptions that it has no occasion for. */
export function propertiesOf(world: SmallWorld): readonly PropertyId[] {
  const { sizes, scenario } = world;
  const isAsked = (id: PropertyId): boolean => {
    switch (id) {
      case 'I2/SC-20':
        return hasHotplug(world);
      case 'I2/SC-21':
        return putsBack(world);
      case 'I4/SC-17':
        return sizes.order > 0;
      case 'I6':
        return sizes.folios <= MOST_FOLIOS_ADDED_UP;
      case 'I5':
        // What is to be in the end is asked about runs (termination.ts).
        return readsAtMost(world) !== undefined;
      case 'sometimes':
        // No search for a violation: what did not happen is told when all is over.
        return false;
      case 'expected':
        // Beside a schedule, what is expected is expected of that order alone.
        return scenario.schedule.kind === 'in-order';
      case 'I1':
      case 'I2':
      case 'I3':
      case 'I4':
      case 'I7':
      case 'I8':
      case 'I9':
        return true;
    }
  };
  return PROPERTY_IDS.filter(isAsked);
}

/**
 * A world as a question to the engine: its program with asserts for what shows in a step, and conditions on every
 * state for the rest.
 * @param without properties that are not asked about, because their answer is known.
 */
export function questionOf(world: SmallWorld, without: ReadonlySet<PropertyId> = new Set()): Question {
  const ids = propertiesOf(world);
  const asked = (id: PropertyId): boolean => ids.includes(id) && !without.has(id);
  const watches: Watch[] = [];
  const user = noteUser(
    putsBack(world) ? notingPutBack(tellingFaults(world.program)) : tellingFaults(world.program),
    world,
  );
  let program = add(
    errorsNameAPage(user.program, world, user, {
      small: asked('I4') ? nameOf('I4') : undefined,
      large: asked('I4/SC-17') ? nameOf('I4/SC-17') : undefined,
    }),
    watches,
  );
  // After the look of before is asked about.
  watches.push(user.watch);
  if (asked('I1')) watches.push(noFalseNegative(world, nameOf('I1')));
  for (const id of ['I2', 'I2/SC-20', 'I2/SC-21'] as const)
    if (asked(id)) watches.push(noBatchOnlyRefusal(nameOf(id), user, id));
  if (asked('I3')) program = add(boundedDrains(program, world, nameOf('I3')), watches);
  if (asked('I5')) program = add(boundedReads(program, world, nameOf('I5', 'too many reads')), watches);
  if (asked('expected'))
    program = add(
      expectations(program, world, user, {
        of: (call) => expectedOfCall(world, call),
        name: (call) => nameOf('expected', `${call.task}.${call.number}`),
      }),
      watches,
    );
  const properties: Property[] = [
    ...(asked('I6') ? conservation(world).map((holds) => ({ name: nameOf('I6'), holds })) : []),
    ...(asked('I8') ? [{ name: nameOf('I8'), holds: allOrNothing(world) }] : []),
  ];
  program = watchingEarlyExits(program, asked('I9') ? nameOf('I9') : undefined);
  const wishes = watchingWishes(program, world);
  program = watched(wishes.program, world, [...watches, wishes.watch]);
  const tasks = world.scenario.machine.tasks.map((_, task) => finished(task));
  return {
    program,
    codeOf: world.codeOf,
    initial: withNotes(world.memory, program),
    properties,
    sometimes: wishes.sometimes,
    coverage: true,
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

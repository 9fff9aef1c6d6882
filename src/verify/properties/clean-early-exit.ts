// SPDX-License-Identifier: MIT
import {
  cpuFbatches,
  DRAIN_ALL,
  DRAIN_GENERATION,
  DRAIN_LEFT_EARLY,
  DRAIN_UNDERTAKEN,
  LRU_ADD_EMPTIED,
  LRU_BATCH_EMPTIED,
  MLOCK_EMPTIED,
  mlockFbatch,
} from '../../kernel/index.ts';
import {
  bool,
  domain,
  type Effect,
  literal,
  observationsIn,
  Place,
  type Program,
  shared,
  type Value,
  type Variable,
} from '../../lang/index.ts';
import { all, hasHotplug, isLeaving, numbers } from '../conditions.ts';
import { assert, note, on } from '../observing.ts';
import { nameOf, type PropertyText } from './property.ts';

const TASKS = domain('task');
const CPUS = domain('cpu');

/**
 * Batches of the CPUs: the number of entries, and whether some are as old as a task's call to drain them all; in
 * programs in which the domain `where` has elements.
 */
const BATCHES: readonly { readonly nr: Variable; readonly old: Variable; readonly where: string }[] = [
  {
    nr: cpuFbatches.lruAdd.nr.variable,
    old: shared('noted.old_in_lru_add', [TASKS, CPUS], bool).variable,
    where: 'slot',
  },
  { nr: mlockFbatch.nr.variable, old: shared('noted.old_in_mlock', [TASKS, CPUS], bool).variable, where: 'mlock_slot' },
  {
    nr: cpuFbatches.others.nr.variable,
    old: shared('noted.old_in_others', [TASKS, CPUS, domain('lru_kind')], bool).variable,
    where: 'lru_kind',
  },
];
const [IN_LRU_ADD, IN_MLOCK, IN_OTHERS] = BATCHES;

/**
 * Tasks that drain all CPUs and may leave early. If no other task drains all CPUs, none can: the generation stays. A
 * task whose own drain is forced never leaves early, but raises the generation.
 */
function drainersIn(program: Program): readonly number[] {
  const [drainers, raisers] = [new Set<number>(), new Set<number>()];
  for (const { observed, code } of observationsIn(program)) {
    if (observed.mark === DRAIN_LEFT_EARLY) drainers.add(code);
    if (observed.mark === DRAIN_ALL) raisers.add(code);
  }
  return raisers.size > 1 ? [...drainers] : [];
}

/**
 * I9: when a task leaves lru_add_drain_all() early, no entry is left that was in a batch when it entered. A flush
 * empties a batch as a whole. So one note for each batch is enough: it had entries then, and was not flushed since.
 * Batches of a CPU that goes offline are excluded (SC-20).
 */
export const cleanEarlyExit: PropertyText = {
  id: 'I9',
  sentence: 'a clean early exit: if a task leaves a drain early, no entry that waited when it came is left',
  premise: { event: 'left-early', otherwise: 'no drain is ever left early' },
  ask: (composer, world) => {
    const { program } = world;
    const drainers = drainersIn(program);
    if (drainers.length === 0) return;
    const batches = BATCHES.filter(({ where }) => (program.sizes[where] ?? 0) > 0);
    composer.share(...batches.map(({ old }) => old));
    /** Every batch of every CPU: the note of a task, and the number of entries. */
    const places = (task: number) =>
      batches.flatMap(({ nr, old }) =>
        elements(program, nr).map((index) => ({
          cpu: index[0] ?? 0,
          old: at<'bool'>(old, [task, ...index].map(literal)),
          nr: at<'int'>(nr, index.map(literal)),
        })),
      );
    const forgets = (task: number): readonly Effect[] => places(task).map(({ old }) => note(old, literal(0)));
    const emptied = (
      batch: (typeof BATCHES)[number] | undefined,
      index: readonly Value<string>[],
    ): readonly Effect[] =>
      batch === undefined || !batches.includes(batch)
        ? []
        : drainers.map((task) => note(at<'bool'>(batch.old, [literal(task), ...index]), literal(0)));
    composer.watch(
      on(LRU_ADD_EMPTIED, (said) => emptied(IN_LRU_ADD, [said('cpu')])),
      on(MLOCK_EMPTIED, (said) => emptied(IN_MLOCK, [said('cpu')])),
      on(LRU_BATCH_EMPTIED, (said) => emptied(IN_OTHERS, [said('cpu'), said('kind')])),
      on(DRAIN_GENERATION, (_, { task }) => places(task).map(({ old, nr }) => note(old, nr.ne(0)))),
      on(DRAIN_LEFT_EARLY, (_, { task }) => {
        const clean = places(task).map(({ cpu, old }) =>
          hasHotplug(world) ? old.not().or(isLeaving(cpu)) : old.not(),
        );
        return [assert(nameOf('I9'), all(clean)), ...forgets(task)];
      }),
      on(DRAIN_UNDERTAKEN, (_, { task }) => forgets(task)),
    );
  },
};

/** Every place of an array. */
const elements = ({ sizes }: Program, { domains }: Variable): readonly (readonly number[])[] =>
  domains.reduce<readonly (readonly number[])[]>(
    (rows, { name }) => rows.flatMap((row) => numbers(sizes[name] ?? 0).map((i) => [...row, i])),
    [[]],
  );

const at = <K extends string>(variable: Variable, index: readonly Value<string>[]): Place<K> =>
  new Place<K>({ op: 'read', variable, index: index.map(({ expr }) => expr) });

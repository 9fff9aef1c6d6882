// SPDX-License-Identifier: MIT
import { cpuMasks } from '../kernel/index.ts';
import {
  bool,
  createMemory,
  domain,
  type Memory,
  type Program,
  rewriteSteps,
  shared,
  type Step,
  Value,
} from '../lang/index.ts';
import { any, inLruAddOf, numbers } from './conditions.ts';
import type { SmallWorld } from './small-world.ts';

/** Whether CPUs go offline in a world. */
export const hasHotplug = ({ program }: SmallWorld): boolean => program.sizes['hotplug'] === 1;

/** SC-20: the folio waits in the batch of a CPU that is going offline: work for it runs elsewhere, or is not asked for. */
export const inOfflineBatch = (world: SmallWorld, of: Value<'folio'>): Value<'bool'> =>
  any(
    numbers(world.sizes.cpus).map((cpu) => {
      const isLeaving = cpuMasks.offline.at(cpu, 0).or(cpuMasks.inactive.at(cpu, 0));
      return isLeaving.and(any(inLruAddOf(world, cpu, of)));
    }),
  );

/** SC-21: what the folio waits in lru_add for: it was isolated and put back, and was not new. */
export const putBack = shared('noted.put_back', [domain('folio')], bool);

const PUTS_BACK = 'folio_putback_lru';

/** Whether anybody puts a folio back that he has isolated. */
export const putsBack = ({ program }: SmallWorld): boolean =>
  program.codes.some(({ flow }) =>
    flow.nodes.some((node) => node.kind === 'step' && node.step.path.includes(PUTS_BACK)),
  );

/** The program that notes who has put a folio into lru_add. */
export const notingPutBack = (program: Program): Program =>
  rewriteSteps({ ...program, variables: [...program.variables, putBack.variable] }, (step) => {
    const of = queuedIn(step);
    if (of === undefined) return step;
    const value = { op: 'const', value: Number(step.path.includes(PUTS_BACK)) } as const;
    return { ...step, effects: [{ kind: 'assign', place: putBack.at(of).expr, value }, ...step.effects] };
  });

/** The folio that a step puts into a batch. */
function queuedIn({ name, path, effects }: Step): Value<'folio'> | undefined {
  if (name !== 'folio_batch_add' || !path.includes('folio_add_lru')) return undefined;
  const [queued] = effects.flatMap((effect) =>
    effect.kind === 'assign' &&
    effect.place.op === 'read' &&
    effect.place.variable.name === 'cpu_fbatches.lru_add.folios'
      ? [effect.value]
      : [],
  );
  return queued === undefined ? undefined : new Value<'folio'>(queued);
}

/** The memory with a place for what the program notes besides, as nothing noted yet. */
export function withNotes(memory: Memory, program: Program): Memory {
  const columns = [...createMemory(program).columns].filter(([variable]) => !memory.columns.has(variable));
  return { ...memory, columns: new Map([...memory.columns, ...columns]) };
}

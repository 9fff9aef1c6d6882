// SPDX-License-Identifier: MIT
import { cpuFbatches, cpuMasks, folio, LRU_DISABLED, LRU_ENABLED, RETURNED } from '../../kernel/index.ts';
import { choose, finished, int, literal, type Value } from '../../lang/index.ts';
import { all, any, asNumber, hasHotplug, heldBy, inLruAddOf, numbers, sum } from '../conditions.ts';
import { assert, converting, inConversions, note } from '../observing.ts';
import type { SmallWorld } from '../small-world.ts';
import { nameOf, type PropertyText } from './property.ts';

/** In larger memories, summing every folio's holders in every state takes longer than everything else: there it is done when a conversion returns. */
const MOST_FOLIOS_ADDED_UP = 16;

/** A form that disables more than once is already wrong; its disables are counted up to this number. */
const MOST_DISABLES = 3;

/** A task that flushes a CPU's batch holds its lock. Only the batch of a CPU that is gone is flushed without it. */
const mayBeFlushing = (world: SmallWorld, cpu: number): Value<'bool'> => {
  const locked = cpuFbatches.lock.at(cpu);
  return hasHotplug(world) ? locked.or(cpuMasks.offline.at(cpu, 0)) : locked;
};

/** A folio's count is the sum of its holders, and 0 if it is free. */
const isBalanced = (world: SmallWorld, of: Value<'folio'>): Value<'bool'> =>
  folio.refcount
    .at(of)
    .eq(heldBy(world, of))
    .and(folio.allocated.at(of).or(folio.refcount.at(of).eq(0)));

/** The same, and no folio is in two batches. */
function isConserved(world: SmallWorld, of: Value<'folio'>): Value<'bool'> {
  // Entries of a batch that is being flushed may be old entries of a folio that is already in another batch.
  const batches = sum(
    numbers(world.sizes.cpus).flatMap((cpu) =>
      inLruAddOf(world, cpu, of).map((here) => asNumber(here.and(mayBeFlushing(world, cpu).not()))),
    ),
  );
  return isBalanced(world, of).and(batches.le(1));
}

/** I6 of each folio, in every state; in larger memories when a conversion returns. */
export const conservation: PropertyText = {
  id: 'I6',
  sentence: 'conservation: every count is the sum of its holders',
  ask: (composer, world) => {
    if (world.program.sizes['freeze'] === 1) {
      const thawed = numbers(world.sizes.folios).map((number) => folio.frozen.at(literal<'folio'>(number), 0).not());
      // Another conversion may have frozen a folio for a moment; the last conversion to return finds every folio that stays
      // frozen.
      const mayBeOthers = (task: number): Value<'bool'> =>
        any(converting(world).flatMap((other) => (other === task ? [] : [finished(other).not()])));
      composer.watch(
        inConversions(RETURNED, (_, { task }) => [
          assert(nameOf('I6', 'a folio stays frozen'), all(thawed).or(mayBeOthers(task))),
        ]),
      );
    }
    if (world.program.sizes['lru_disable'] === 1) {
      const disables = composer.note('lru_disables', int(MOST_DISABLES));
      composer.watch(
        inConversions(LRU_DISABLED, (_, conversion) => {
          const so = disables(conversion);
          return [note(so, choose<'int'>(so.lt(MOST_DISABLES), so.plus(1), so))];
        }),
      );
      composer.watch(
        inConversions(LRU_ENABLED, (_, conversion) => {
          const so = disables(conversion);
          return [note(so, choose<'int'>(so.gt(0), so.minus(1), so))];
        }),
      );
      composer.watch(
        inConversions(RETURNED, (_, conversion) => [
          assert(nameOf('I6', 'batches stay disabled'), disables(conversion).eq(0)),
        ]),
      );
    }
    if (world.sizes.folios <= MOST_FOLIOS_ADDED_UP)
      for (const number of numbers(world.sizes.folios))
        composer.properties.push({ name: nameOf('I6'), holds: isConserved(world, literal<'folio'>(number)) });
    else
      composer.watch(
        inConversions(RETURNED, () =>
          numbers(world.sizes.folios).map((number) =>
            assert(nameOf('I6'), isBalanced(world, literal<'folio'>(number))),
          ),
        ),
      );
  },
};

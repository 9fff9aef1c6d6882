// SPDX-License-Identifier: MIT
import { folio, folioNrPages, LOOK } from '../kernel/index.ts';
import { applyingWhere, type Effect, literal, ordinal, Value } from '../lang/index.ts';
import type { Composer } from './composer.ts';
import { used } from './conditions.ts';
import { type Conversion, inConversions, rangeOf } from './observing.ts';

/**
 * Watches every look at a folio of the converted file.
 * @param gone effects of a look at a folio that has left its file: nothing is known of the page then. Absent: none.
 */
export const watchLooks = (
  composer: Composer,
  effects: (of: Value<'folio'>, conversion: Conversion) => readonly Effect[],
  gone: (of: Value<'folio'>, conversion: Conversion) => readonly Effect[] = () => [],
): void =>
  composer.watch(
    inConversions(LOOK, (said, conversion) => {
      const { sizes } = composer.world;
      const of = said('folio');
      const mapping = folio.mapping.at(of);
      return [
        applyingWhere(of.lt(sizes.folios), [
          applyingWhere(mapping.eq(rangeOf(conversion.call).inode), effects(of, conversion)),
          applyingWhere(mapping.eq(literal(sizes.inodes)), gone(of, conversion)),
        ]),
      ];
    }),
  );

/** Whether a look finds a user. */
export const findsUser = ({ world }: Composer, of: Value<'folio'>, { step }: Conversion): Value<'bool'> =>
  used(world, of, step);

/** The place of a folio's first page: its index plus one, so that 0 is the place of no page. */
export const placeOf = (of: Value<'folio'>): Value<'int'> => ordinal(folio.index.at(of)).plus(1);

/** An effect for the place of each page of a folio. */
export function forEachPlace({ world }: Composer, of: Value<'folio'>, effect: (place: Value<'int'>) => Effect): Effect {
  const first = placeOf(of);
  if (world.sizes.order === 0) return effect(first);
  const bound = { name: 'place' };
  const body = [effect(new Value<'int'>({ op: 'bound', bound }))];
  return { kind: 'each', bound, from: first.expr, to: first.plus(folioNrPages(of)).expr, body };
}

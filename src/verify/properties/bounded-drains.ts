// SPDX-License-Identifier: MIT
import { DRAIN_ALL, DRAIN_LOCAL } from '../../kernel/index.ts';
import { choose, int } from '../../lang/index.ts';
import { assert, inConversions, note } from '../observing.ts';
import { nameOf, type PropertyText } from './property.ts';

/** Limits of a form that gives none: those of the newest form. */
const DRAINS_OF_EACH_KIND = { local: 1, all: 1 };

/** I3, at each drain. */
export const boundedDrains: PropertyText = {
  id: 'I3',
  sentence: 'drains are bounded: no request drains more often than its form allows',
  premise: { event: 'checked', otherwise: 'no conversion is ever checked' },
  ask: (composer, { patch }) => {
    const most = patch.mostDrains ?? DRAINS_OF_EACH_KIND;
    for (const [mark, bound] of [
      [DRAIN_LOCAL, most.local],
      [DRAIN_ALL, most.all],
    ] as const) {
      const drains = composer.note(mark.name, int(bound));
      composer.watch(
        inConversions(mark, (_, conversion) => {
          const so = drains(conversion);
          return [assert(nameOf('I3'), so.lt(bound)), note(so, choose<'int'>(so.lt(bound), so.plus(1), so))];
        }),
      );
    }
  },
};

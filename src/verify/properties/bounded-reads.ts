// SPDX-License-Identifier: MIT
import { COUNT } from '../../kernel/index.ts';
import { choose, int } from '../../lang/index.ts';
import { assert, inConversions, isConversion, note, rangeOf } from '../observing.ts';
import type { WorldCall } from '../small-world.ts';
import { nameOf, type PropertyText } from './property.ts';

/**
 * The part of I5 that a step shows: the check reads at most as many counts as its loop has turns, if its form gives the
 * number. Termination itself is checked on runs (termination.ts).
 */
export const boundedReads: PropertyText = {
  id: 'I5',
  sentence: 'termination: every conversion returns',
  applies: ({ patch }) => patch.mostReads !== undefined,
  ask: (composer, { patch, calls }) => {
    const { each, besides } = patch.mostReads ?? { each: 0, besides: 0 };
    const most = (call: WorldCall): number => {
      const { start, end } = rangeOf(call);
      return each * (end - start) + besides;
    };
    const reads = composer.note('reads', int(Math.max(0, ...calls.filter(isConversion).map(most))));
    composer.watch(
      inConversions(COUNT, (_, conversion) => {
        const so = reads(conversion);
        const isWithin = so.lt(most(conversion.call));
        return [assert(nameOf('I5', 'too many reads'), isWithin), note(so, choose<'int'>(isWithin, so.plus(1), so))];
      }),
    );
  },
};

// SPDX-License-Identifier: MIT
import { iPages, STORED } from '../../kernel/index.ts';
import { literal } from '../../lang/index.ts';
import { all, numbers, reachable } from '../conditions.ts';
import { assert, inConversions, rangeOf } from '../observing.ts';
import { nameOf, type PropertyText } from './property.ts';

/** I1, at the store of the attributes. */
export const noFalseNegative: PropertyText = {
  id: 'I1',
  sentence: 'no false negative: no user can reach a page that becomes private',
  premise: { event: 'became-private', otherwise: 'no page ever becomes private' },
  ask: (composer, world) =>
    composer.watch(
      inConversions(STORED, (_, { call }) => {
        const { inode, start, end, toPrivate } = rangeOf(call);
        if (!toPrivate) return [];
        const unreachable = numbers(end - start).map((i) => {
          const of = iPages.at(inode, start + i);
          return of.eq(literal(world.sizes.folios)).or(reachable(world, of).not());
        });
        return [assert(nameOf('I1'), all(unreachable))];
      }),
    ),
};

// SPDX-License-Identifier: MIT
import { gmemInode, invalidateLock, iPages, kvm, pte } from '../../kernel/index.ts';
import { literal } from '../../lang/index.ts';
import { all, numbers } from '../conditions.ts';
import { nameOf, type PropertyText } from './property.ts';

/** I8, in every state. */
export const allOrNothing: PropertyText = {
  id: 'I8',
  sentence: 'all or nothing: faults and conversions exclude each other',
  ask: (composer, { sizes, program }) => {
    const inodes = numbers(sizes.inodes);
    const exclusive = inodes.map((inode) =>
      invalidateLock.writer.at(inode).eq(0).or(invalidateLock.readers.at(inode).eq(0)),
    );
    const pages = inodes.flatMap((inode) => numbers(sizes.pages).map((index) => [inode, index] as const));
    const mapped = pages.flatMap(([inode, index]) =>
      numbers(sizes.mms).map((mm) =>
        gmemInode.private
          .at(inode, index)
          .not()
          .or(pte.at(mm, inode, index).eq(literal(sizes.folios))),
      ),
    );
    const guest =
      program.sizes['guest'] === 1
        ? pages.map(([inode, index]) => {
            const spte = kvm.spte.at(inode, index, 0);
            const isOfItsKind = kvm.sptePrivate.at(inode, index, 0).eq(gmemInode.private.at(inode, index));
            return spte.eq(literal(sizes.folios)).or(spte.eq(iPages.at(inode, index)).and(isOfItsKind));
          })
        : [];
    composer.properties.push({ name: nameOf('I8'), holds: all([...exclusive, ...mapped, ...guest]) });
  },
};

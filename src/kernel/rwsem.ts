// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, shared, type Value } from '../lang/index.ts';
import { INODE, routine } from './kernel.ts';

/** mapping->invalidate_lock: a rw_semaphore. Readers may pass a waiting writer: every order that the handoff allows is among these. */
export const invalidateLock = {
  readers: shared(
    'invalidate_lock.readers',
    [INODE],
    int(({ task = 0 }) => task),
  ),
  writer: shared('invalidate_lock.writer', [INODE], bool),
};

interface OfInode extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
}

/** include/linux/fs.h: filemap_invalidate_lock(). */
export const filemap_invalidate_lock = routine('filemap_invalidate_lock', (k, { inode }: OfInode) => {
  const free = invalidateLock.writer.at(inode).not().and(invalidateLock.readers.at(inode).eq(0));
  k.await('down_write', free, () => invalidateLock.writer.at(inode).set(true));
});

/** include/linux/fs.h: filemap_invalidate_unlock(). */
export const filemap_invalidate_unlock = routine('filemap_invalidate_unlock', (k, { inode }: OfInode) => {
  k.step('up_write', () => invalidateLock.writer.at(inode).set(false));
});

/** include/linux/fs.h: filemap_invalidate_lock_shared(). */
export const filemap_invalidate_lock_shared = routine('filemap_invalidate_lock_shared', (k, { inode }: OfInode) => {
  k.await('down_read', invalidateLock.writer.at(inode).not(), () => invalidateLock.readers.at(inode).add(1));
});

/** include/linux/fs.h: filemap_invalidate_unlock_shared(). */
export const filemap_invalidate_unlock_shared = routine('filemap_invalidate_unlock_shared', (k, { inode }: OfInode) => {
  k.step('up_read', () => invalidateLock.readers.at(inode).sub(1));
});

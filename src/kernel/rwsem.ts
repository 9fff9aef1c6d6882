// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, type Place, shared, type Type, type Value } from '../lang/index.ts';
import { INODE, type K, routine } from './kernel.ts';

/** A lock for many readers or one writer, with the number of writers in its queue. */
export interface ReaderWriterLock {
  readonly readers: Place<'int'>;
  /** 1 while a writer has the lock: a number, so that a lock released twice is a store out of its range. */
  readonly writer: Place<'int'>;
  readonly waiting: Place<'int'>;
}

const userTasks = ({ task = 0, cpu = 0 }: Readonly<Record<string, number>>): number => task - cpu;

/** Type of the readers of such a lock. A task is at most once among them, and a kworker never. */
export const readersWhere = (counted: (sizes: Readonly<Record<string, number>>) => number): Type<'int'> =>
  int((sizes) => counted(sizes) * Math.max(1, userTasks(sizes)));

/**
 * Type of the waiting writers, if the lock exists: for all other tasks; for one if there is no other, since the text
 * names it.
 */
export const waitingWhere = (counted: (sizes: Readonly<Record<string, number>>) => number): Type<'int'> =>
  int((sizes) => counted(sizes) * Math.max(1, userTasks(sizes) - 1));

/**
 * Takes a lock as its writer. If it is taken, the writer queues: from then on `waiting` counts it, and readers see
 * that. It joins the queue at any time, so each order in which a reader is let in before it is covered.
 * @param slowpath the kernel's name of the routine that waits.
 */
export function lockAsWriter(
  k: K,
  name: string,
  slowpath: string,
  { readers, writer, waiting }: ReaderWriterLock,
): void {
  const taken = k.local('taken', bool);
  const free = writer.eq(0).and(readers.eq(0));
  k.step(name, () => {
    taken.set(free);
    k.when(
      taken,
      () => writer.set(1),
      () => waiting.add(1),
    );
  });
  k.if(taken.not(), () =>
    k.await(slowpath, free, () => {
      writer.set(1);
      waiting.sub(1);
    }),
  );
}

/** mapping->invalidate_lock: a rw_semaphore. */
export const invalidateLock = {
  readers: shared(
    'invalidate_lock.readers',
    [INODE],
    readersWhere(() => 1),
  ),
  writer: shared('invalidate_lock.writer', [INODE], int(1)),
  waiting: shared(
    'invalidate_lock.waiting',
    [INODE],
    waitingWhere(() => 1),
  ),
};

/** kernel/locking/rwsem.c: down_write(). */
export function down_write(k: K, lock: ReaderWriterLock): void {
  lockAsWriter(k, 'down_write', 'rwsem_down_write_slowpath', lock);
}

/**
 * kernel/locking/rwsem.c: down_read(). While readers have the lock and a writer waits, a new reader queues behind that
 * writer; so two readers deadlock if one waits for the other. If no reader has the lock, a reader may steal it from the
 * tasks in the queue. A queued reader may also be let in together with another one; that is as if the writer before it
 * had queued later.
 */
export function down_read(k: K, { readers, writer, waiting }: ReaderWriterLock): void {
  k.await('down_read', writer.eq(0).and(readers.eq(0).or(waiting.eq(0))), () => readers.add(1));
}

interface OfInode extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
}

const lockOf = (inode: Value<'inode'>): ReaderWriterLock => ({
  readers: invalidateLock.readers.at(inode),
  writer: invalidateLock.writer.at(inode),
  waiting: invalidateLock.waiting.at(inode),
});

/** include/linux/fs.h: filemap_invalidate_lock(). */
export const filemap_invalidate_lock = routine('filemap_invalidate_lock', (k, { inode }: OfInode) => {
  down_write(k, lockOf(inode));
});

/** include/linux/fs.h: filemap_invalidate_unlock(). */
export const filemap_invalidate_unlock = routine('filemap_invalidate_unlock', (k, { inode }: OfInode) => {
  k.step('up_write', () => invalidateLock.writer.at(inode).sub(1));
});

/** include/linux/fs.h: filemap_invalidate_lock_shared(). */
export const filemap_invalidate_lock_shared = routine('filemap_invalidate_lock_shared', (k, { inode }: OfInode) => {
  down_read(k, lockOf(inode));
});

/** include/linux/fs.h: filemap_invalidate_unlock_shared(). */
export const filemap_invalidate_unlock_shared = routine('filemap_invalidate_unlock_shared', (k, { inode }: OfInode) => {
  k.step('up_read', () => invalidateLock.readers.at(inode).sub(1));
});

// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, type Place, shared, type Type, type Value } from '../lang/index.ts';
import { INODE, type K, routine } from './kernel.ts';

/** A lock for many readers or one writer, with the number of writers that wait in its queue. */
export interface ReaderWriterLock {
  readonly readers: Place<'int'>;
  /** 1 while a writer has the lock: a number, so that a lock given up twice is a store out of its range. */
  readonly writer: Place<'int'>;
  readonly waiting: Place<'int'>;
}

const userTasks = ({ task = 0, cpu = 0 }: Readonly<Record<string, number>>): number => task - cpu;

/** What such a lock counts: readers. A task is at most once among them, and a kworker never. */
export const readersWhere = (counted: (sizes: Readonly<Record<string, number>>) => number): Type<'int'> =>
  int((sizes) => counted(sizes) * Math.max(1, userTasks(sizes)));

/** And writers that wait, where the lock is there: for another task; a place for one where there is no other, since the text names it. */
export const waitingWhere = (counted: (sizes: Readonly<Record<string, number>>) => number): Type<'int'> =>
  int((sizes) => counted(sizes) * Math.max(1, userTasks(sizes) - 1));

/**
 * Takes a lock as its writer. One that finds it taken queues: from then on `waiting` counts it, and readers see that. When it
 * joins the queue is its own choice of time, so that each order in which a reader is let in before it is among these.
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
 * kernel/locking/rwsem.c: down_read(). A reader that comes while readers have the lock and a writer waits queues behind that writer;
 * so do two readers deadlock of which one waits for the other. Where no reader has the lock it may be stolen from those in the
 * queue. A queued reader is also let in together with another one; that is as if the writer before it had queued later.
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

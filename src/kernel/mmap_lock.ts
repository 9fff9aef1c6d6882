// SPDX-License-Identifier: GPL-2.0-only
import { int, shared, type Value } from '../lang/index.ts';
import { hasPart, type K, MM, routine } from './kernel.ts';
import { down_read, down_write, readersWhere, type ReaderWriterLock, waitingWhere } from './rwsem.ts';

/** Whether anything changes mappings in this kernel. */
export const changesMappings = (k: K): boolean => hasPart(k, 'mlock') || hasPart(k, 'mmap');

/** mm->mmap_lock. It exists if a part changes mappings. */
export const mmapLock = {
  readers: shared(
    'mmap_lock.readers',
    [MM],
    readersWhere(({ mlock = 0, mmap = 0 }) => Math.max(mlock, mmap)),
  ),
  writer: shared(
    'mmap_lock.writer',
    [MM],
    int(({ mlock = 0, mmap = 0 }) => Math.max(mlock, mmap)),
  ),
  waiting: shared(
    'mmap_lock.waiting',
    [MM],
    waitingWhere(({ mlock = 0, mmap = 0 }) => Math.max(mlock, mmap)),
  ),
};

const lockOf = (mm: Value<'mm'>): ReaderWriterLock => ({
  readers: mmapLock.readers.at(mm),
  writer: mmapLock.writer.at(mm),
  waiting: mmapLock.waiting.at(mm),
});

interface OfMm extends Readonly<Record<string, unknown>> {
  readonly mm: Value<'mm'>;
}

/** include/linux/mmap_lock.h: mmap_read_lock(), or the lock of the one mapping that a fault takes. */
export const mmap_read_lock = routine('mmap_read_lock', (k, { mm }: OfMm) => {
  down_read(k, lockOf(mm));
});

/** include/linux/mmap_lock.h: mmap_read_unlock(). */
export const mmap_read_unlock = routine('mmap_read_unlock', (k, { mm }: OfMm) => {
  k.step('up_read', () => mmapLock.readers.at(mm).sub(1));
});

/** include/linux/mmap_lock.h: mmap_write_lock(). */
export const mmap_write_lock = routine('mmap_write_lock', (k, { mm }: OfMm) => {
  down_write(k, lockOf(mm));
});

/** include/linux/mmap_lock.h: mmap_write_downgrade(). */
export const mmap_write_downgrade = routine('mmap_write_downgrade', (k, { mm }: OfMm) => {
  k.step('downgrade_write', () => {
    mmapLock.writer.at(mm).sub(1);
    mmapLock.readers.at(mm).add(1);
  });
});

/** include/linux/mmap_lock.h: mmap_write_unlock(). */
export const mmap_write_unlock = routine('mmap_write_unlock', (k, { mm }: OfMm) => {
  k.step('up_write', () => mmapLock.writer.at(mm).sub(1));
});

// SPDX-License-Identifier: GPL-2.0-only
import { optional, type Value } from '../lang/index.ts';
import { INDEX, routine } from './kernel.ts';
import { lru_cache_disable, lru_cache_enable } from './lru_cache.ts';
import { migrate_pages } from './migrate.ts';

interface MappedRange extends Readonly<Record<string, unknown>> {
  readonly mm: Value<'mm'>;
  readonly inode: Value<'inode'>;
  readonly start: Value<'index'>;
  readonly end: Value<'index'>;
}

/**
 * mm/mempolicy.c: do_mbind() with MPOL_MF_MOVE: the task's mapped pages are isolated, cannot migrate, and are put back,
 * while no folio stays in a batch. The kernel collects the pages first; here they are handled one by one.
 */
export const do_mbind = routine('do_mbind', (k, { mm, inode, start, end }: MappedRange) => {
  k.call(lru_cache_disable, {});
  k.for('index', optional(INDEX), start, end, (index) => k.call(migrate_pages, { mm, inode, index }));
  k.call(lru_cache_enable, {});
});

/**
 * mm/memory.c: do_numa_page(): the hint faults that NUMA balancing makes of a task's accesses: a mapped page is
 * isolated, cannot migrate, and is put back, with the batches enabled. The pages are clean: a dirty one is refused
 * earlier.
 */
export const do_numa_page = routine('do_numa_page', (k, { mm, inode, start, end }: MappedRange) => {
  k.for('index', optional(INDEX), start, end, (index) => k.call(migrate_pages, { mm, inode, index }));
});

// SPDX-License-Identifier: GPL-2.0-only
import { int, optional, shared } from '../lang/index.ts';
import { boolIn, CPU, FOLIO, LRU_KIND, SLOT } from './kernel.ts';
import { localLock } from './sched.ts';

/**
 * The LRU batches besides lru_add, by their number in LRU_KIND, in the order in which cpu_needs_drain() asks for them.
 * No guest_memfd folio enters them: all require PG_lru, and a folio on the LRU is unevictable by then, which they
 * reject (docs/limits.md). They are modelled because a drain of all CPUs asks them, and waits for them.
 */
export const LRU_BATCHES = [
  'lru_move_tail',
  'lru_deactivate_file',
  'lru_deactivate',
  'lru_lazyfree',
  'lru_activate',
] as const;

/** struct cpu_fbatches of each CPU, and the local locks that guard it. */
export const cpuFbatches = {
  lock: localLock('cpu_fbatches.lock'),
  lruAdd: {
    /** Read by other CPUs without the lock (cpu_needs_drain). */
    nr: shared(
      'cpu_fbatches.lru_add.nr',
      [CPU],
      int(({ slot = 0 }) => slot),
    ),
    /** A slot is none again as soon as the flush has put its reference: it then names no folio. */
    folios: shared('cpu_fbatches.lru_add.folios', [CPU, SLOT], optional(FOLIO)),
  },
  /** Guards lru_move_tail: it is filled from interrupts too. */
  lockIrq: localLock('cpu_fbatches.lock_irq', boolIn('lru_batches')),
  others: {
    nr: shared(
      'cpu_fbatches.others.nr',
      [CPU, LRU_KIND],
      int(({ slot = 0 }) => slot),
    ),
    folios: shared('cpu_fbatches.others.folios', [CPU, LRU_KIND, SLOT], optional(FOLIO)),
  },
};

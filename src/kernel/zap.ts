// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, none, one, optional, shared, type Value } from '../lang/index.ts';
import { lru_add_drain } from './folio.ts';
import { CPU, FOLIO, hasPart, INDEX, INODE, isMutant, MLOCK, MM, MMAP, routine } from './kernel.ts';
import { munlock_folio } from './mlock.ts';
import { folio, putReferences } from './page_ref.ts';
import { preempt_disable, preempt_enable, taskCpu } from './sched.ts';

/**
 * Page tables: the folio that an address space maps at an inode's offset, or none.
 * @example
 * import {
 *   contents,
 *   cpuFbatches,
 *   cpuMasks,
 *   folio,
 *   gmemInode,
 *   invalidateLock,
 *   iPages,
 *   kvm,
 *   LRU_BATCHES,
 *   mlockFbatch,
 *   pins,
 *   pte,
 *   taskCpu,
 *   taskErrorIndex,
 *   taskMm,
 *   taskResult,
 *   tlb,
 *   vmaGone,
 *   work,
 * } from 'folioscope/kernel';
 * import { columnOf } from 'folioscope/lang';
 * import { createMachine } from 'folioscope/machine';
 * const machine = createMachine({ cpus: 1, tasks: [{ name: 'vmm', cpu: 0 }], guestMemfds: [{ pages: 1 }] });
 * machine.call(0, { call: 'touch', inode: 0, start: 0, pages: 1 });
 * const first = (of: Parameters<typeof columnOf>[1]) => columnOf(machine.memory, of)[0];
 * // Folio 0 is page 0 of file 0, in the page table of process 0 and in CPU 0's batch: three references.
 * [iPages, pte, cpuFbatches.lruAdd.folios].map(first); // => [0, 0, 0]
 * [folio.refcount, folio.mapcount, cpuFbatches.lruAdd.nr, gmemInode.pages, taskResult, taskCpu].map(first); // => [3, 1, 1, 1, 0, 0]
 * LRU_BATCHES.length; // => 5
 * [contents, cpuMasks, invalidateLock, kvm, mlockFbatch, pins, tlb, work].every((memory) => typeof memory === 'object'); // => true
 * [taskErrorIndex, taskMm, vmaGone].map(({ variable }) => variable.domains.length > 0); // => [true, true, true]
 */
export const pte = shared('mm.pte', [MM, INODE, INDEX], optional(FOLIO));
/** VM_LOCKED of each page's mapping: mlock() of a part splits a mapping. Stable under the mm's mmap_lock. */
export const vmLocked = shared('vma.VM_LOCKED', [MM, INODE, INDEX, MLOCK], bool);
/** The entry is dirty: a write went through it. */
export const pteDirty = shared('mm.pte.dirty', [MM, INODE, INDEX, MMAP], bool);
/** Translations that some CPU of the address space may still use, independent of the page table. */
export const tlb = shared('mm.tlb', [MM, INODE, INDEX, MMAP], optional(FOLIO));
/** No mapping of the address space has the page. */
export const vmaGone = shared('vma.gone', [MM, INODE, INDEX, MMAP], bool);
/** The page-table lock of each address space. */
export const pageTableLock = shared('mm.page_table_lock', [MM], bool);

interface OfMm extends Readonly<Record<string, unknown>> {
  readonly mm: Value<'mm'>;
}

/** include/linux/mm.h: pte_offset_map_lock(). */
export const pte_lock = routine('pte_offset_map_lock', (k, { mm }: OfMm) => {
  k.await('spin_lock', pageTableLock.at(mm).not(), () => {
    pageTableLock.at(mm).set(true);
    preempt_disable(k);
  });
});

/** include/linux/mm.h: pte_unmap_unlock(). */
export const pte_unlock = routine('pte_unmap_unlock', (k, { mm }: OfMm) => {
  k.step('spin_unlock', () => {
    pageTableLock.at(mm).set(false);
    preempt_enable(k);
  });
});

/**
 * mm/memory.c: zap_vma_range() of one address space, in groups as large as a batch. Under the page-table lock entries
 * are cleared and their references move to the gather; the TLB is flushed; only then the references are put. The rmap
 * of a clean entry is removed at once, and a mlocked page goes into the mlock batch of the zapping CPU. If entries can
 * be dirty (part `mmap`), the rmap of a dirty one is removed after the TLB flush, which then happens under the
 * page-table lock. Without that part all entries count as clean.
 */
export const zap_vma_range = routine(
  'zap_vma_range',
  (
    k,
    args: OfMm & { readonly inode: Value<'inode'>; readonly start: Value<'index'>; readonly end: Value<'index'> },
  ) => {
    const { mm, inode } = args;
    const size = k.config.profile.batchSize;
    const gather = k.localArray('mmu_gather', size, optional(FOLIO));
    const gathered = k.let('gathered', int(size), 0);
    const found = k.local('found', optional(FOLIO));
    const cpu = k.local('cpu', one(CPU));
    const locked = k.local('locked', bool);
    const index = k.let('index', optional(INDEX), args.start);
    const dirties = hasPart(k, 'mmap');
    const flushesLate = isMutant(k, 'zap-puts-before-flush');
    const dirty = k.local('dirty', bool);
    const forceFlush = k.local('force_flush', bool);
    const from = k.local('from', optional(INDEX));
    /** Places of the gather's entries that still have their rmap. */
    const delayed = k.localArray('delay_rmap', dirties ? size : 0, optional(INDEX));
    const flushTlb = (): void => k.each(from, index, (i) => tlb.at(mm, inode, i, 0).set(none(FOLIO)));
    const removeRmap = (of: Value<'folio'>, at: Value<'index'>): void => {
      k.step('folio_remove_rmap_ptes', () => folio.mapcount.at(of).sub(1));
      if (hasPart(k, 'mlock')) {
        k.step('munlock_vma_folio', () => locked.set(vmLocked.at(mm, inode, at, 0)));
        k.if(locked, () => k.call(munlock_folio, { folio: of }));
      }
    };
    k.while(index.lt(args.end), () => {
      if (dirties) {
        from.set(index);
        forceFlush.set(false);
      }
      k.call(pte_lock, { mm });
      k.claimingList('mmu-gather', gather, 0, gathered, {}, () => {
        k.while(index.lt(args.end).and(gathered.lt(size)), () => {
          k.step('ptep_get_and_clear', () => {
            found.set(pte.at(mm, inode, index));
            pte.at(mm, inode, index).set(none(FOLIO));
            if (dirties) {
              dirty.set(pteDirty.at(mm, inode, index, 0));
              pteDirty.at(mm, inode, index, 0).set(false);
            }
          });
          k.if(found.ne(none(FOLIO)), () => {
            const clean = (): void => k.claiming('mmu-gather', found, {}, () => removeRmap(found, index));
            if (dirties) {
              delayed.at(gathered).set(none(INDEX));
              k.if(
                dirty,
                () => {
                  delayed.at(gathered).set(index);
                  forceFlush.set(true);
                },
                clean,
              );
            } else clean();
            gather.at(gathered).set(found);
            gathered.add(1);
          });
          index.add(1);
        });
        if (dirties)
          k.if(forceFlush, () => {
            k.step('tlb_flush_mmu_tlbonly', flushTlb);
            k.for('i', int(size), 0, gathered, (i) => {
              k.if(delayed.at(i).ne(none(INDEX)), () => removeRmap(gather.at(i), delayed.at(i)));
            });
          });
        k.call(pte_unlock, { mm });
      });
      k.if(gathered.gt(0), () => {
        k.claimingList('mmu-gather', gather, 0, gathered, {}, () => {
          k.step('tlb_flush_mmu', () => {
            cpu.set(taskCpu.at(k.self));
            if (dirties && !flushesLate) flushTlb();
          });
          // Up to 6.8 at least, by free_pages_and_swap_cache(); 7.2 and 7.3 do not.
          if (k.config.profile.unmapDrainsLocal) k.call(lru_add_drain, {});
        });
        k.for('i', int(size), 0, gathered, (i) => {
          k.claimingList('mmu-gather', gather, i, gathered, { on: cpu }, () => {
            k.step('folios_put', () => {
              putReferences(k, gather.at(i));
              gather.at(i).set(none(FOLIO));
            });
          });
        });
        if (dirties && flushesLate) k.step('tlb_flush_mmu', flushTlb);
        gathered.set(0);
      });
    });
  },
);

/** mm/memory.c: unmap_mapping_pages(): every address space that maps the inode. */
export const unmap_mapping_pages = routine(
  'unmap_mapping_pages',
  (k, args: { readonly inode: Value<'inode'>; readonly start: Value<'index'>; readonly end: Value<'index'> }) => {
    k.for('mm', optional(MM), 0, none(MM), (mm) => k.call(zap_vma_range, { ...args, mm }));
  },
);

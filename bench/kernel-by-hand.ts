// SPDX-License-Identifier: MIT
// The writes of a fault and a conversion (form v6) at full size, by hand: plain loops over the columns of a machine, with one
// inode, one process, folios of one page, and no interleaving. Every write to shared memory is made, including locks, and
// values that only a waiting task could see (has_work, the generation).
import type { Machine } from '../src/machine/index.ts';
import type { Column } from '../src/lang/index.ts';

/** The two calls, on a machine's memory. */
export interface ByHand {
  /** Accesses every page of inode 0 from `start` up to and without `start + pages`, on CPU `cpu`. */
  readonly touch: (task: number, cpu: number, start: number, pages: number) => void;
  /** Converts pages 0 up to and without `pages` of inode 0 to private, on CPU `cpu`. @returns whether all were safe */
  readonly convert: (task: number, cpu: number, pages: number) => boolean;
}

/** @throws Error where the machine has no such column. */
function named(machine: Machine, name: string): Column {
  for (const [variable, column] of machine.memory.columns) if (variable.name === name) return column;
  throw new Error(`no column '${name}'`);
}

export function kernelByHand(machine: Machine): ByHand {
  const column = (name: string): Column => named(machine, name);
  const [refcount, mapcount, order] = [column('folio.refcount'), column('folio.mapcount'), column('folio.order')];
  const [mapping, indexOf, locked] = [column('folio.mapping'), column('folio.index'), column('folio.locked')];
  const [uptodate, lru, allocated] = [column('folio.uptodate'), column('folio.lru'), column('folio.allocated')];
  const [iPages, size, isPrivate] = [
    column('mapping.i_pages'),
    column('gmem_inode.pages'),
    column('gmem_inode.private'),
  ];
  const [readers, writer] = [column('invalidate_lock.readers'), column('invalidate_lock.writer')];
  const [pte, pageTableLock] = [column('mm.pte'), column('mm.page_table_lock')];
  const [localLock, nr] = [column('cpu_fbatches.lock'), column('cpu_fbatches.lru_add.nr')];
  const batch = column('cpu_fbatches.lru_add.folios');
  const [unchanged, mutex] = [column('lru_drain_gen.unchanged'), column('lru_drain_all.mutex')];
  const [hasWork, work] = [column('lru_drain_all.has_work'), column('mm_percpu_wq.work')];
  const [result, errorIndex] = [column('task.result'), column('task.error_index')];
  const cpus = nr.length;
  const slots = batch.length / cpus;
  const folios = refcount.length;
  const none = folios;
  const EAGAIN = 1;

  const put = (folio: number): void => {
    const count = refcount[folio]! - 1;
    refcount[folio] = count;
    if (count !== 0) return;
    allocated[folio] = 0;
    lru[folio] = 0;
    uptodate[folio] = 0;
  };
  const moveLru = (cpu: number): void => {
    const first = cpu * slots;
    const end = first + nr[cpu]!;
    for (let i = first; i < end; i++) {
      const folio = batch[i]!;
      if (refcount[folio] === 1) {
        refcount[folio] = 0;
        allocated[folio] = 0;
        lru[folio] = 0;
        uptodate[folio] = 0;
        batch[i] = none;
      } else lru[folio] = 1;
    }
    for (let i = first; i < end; i++) {
      const folio = batch[i]!;
      if (folio === none) continue;
      put(folio);
      batch[i] = none;
    }
    nr[cpu] = 0;
  };
  const addLru = (cpu: number, folio: number): void => {
    refcount[folio] = refcount[folio]! + 1;
    localLock[cpu] = 1;
    const count = nr[cpu]!;
    batch[cpu * slots + count] = folio;
    nr[cpu] = count + 1;
    if (count + 1 === slots || order[folio] !== 0) moveLru(cpu);
    localLock[cpu] = 0;
  };
  const drain = (cpu: number): void => {
    localLock[cpu] = 1;
    if (nr[cpu] !== 0) moveLru(cpu);
    localLock[cpu] = 0;
  };
  const userTasks = unchanged.length - cpus;
  const drainAll = (task: number, here: number): void => {
    unchanged[task] = 1;
    drain(here);
    mutex[0] = 1;
    unchanged[task] = 0;
    for (let other = 0; other < userTasks; other++) unchanged[other] = 0;
    for (let cpu = 0; cpu < cpus; cpu++) {
      if (nr[cpu] === 0) continue;
      work[cpu] = 1;
      hasWork[cpu] = 1;
    }
    for (let cpu = 0; cpu < cpus; cpu++) {
      if (hasWork[cpu] === 0) continue;
      hasWork[cpu] = 0;
      work[cpu] = 2;
      drain(cpu);
      work[cpu] = 0;
    }
    mutex[0] = 0;
  };

  const allocate = (preferred: number): number => {
    let folio = preferred;
    while (folio < folios && allocated[folio] === 1) folio++;
    if (folio === folios) folio = allocated.indexOf(0);
    if (folio === -1) throw new Error('out of memory');
    allocated[folio] = 1;
    refcount[folio] = 1;
    order[folio] = 0;
    return folio;
  };
  const fault = (cpu: number, index: number): void => {
    if (size[0]! <= index || isPrivate[index] !== 0) throw new Error('SIGBUS');
    readers[0] = readers[0]! + 1;
    let folio = iPages[index]!;
    if (folio === none) {
      folio = allocate(index % folios);
      locked[folio] = 1;
      refcount[folio] = refcount[folio]! + 1;
      mapping[folio] = 0;
      indexOf[folio] = index;
      iPages[index] = folio;
      addLru(cpu, folio);
    } else {
      refcount[folio] = refcount[folio]! + 1;
      locked[folio] = 1;
    }
    readers[0]--;
    uptodate[folio] = 1;
    pageTableLock[0] = 1;
    mapcount[folio] = mapcount[folio]! + 1;
    pte[index] = folio;
    pageTableLock[0] = 0;
    locked[folio] = 0;
  };

  const gather = new Int32Array(slots);
  const unmap = (end: number): void => {
    for (let index = 0; index < end; ) {
      let gathered = 0;
      pageTableLock[0] = 1;
      for (; index < end && gathered < slots; index++) {
        const folio = pte[index]!;
        pte[index] = none;
        if (folio === none) continue;
        mapcount[folio] = mapcount[folio]! - 1;
        gather[gathered++] = folio;
      }
      pageTableLock[0] = 0;
      for (let i = 0; i < gathered; i++) put(gather[i]!);
    }
  };
  const held = new Int32Array(slots);
  /** @returns the page that is in use, or -1 */
  const check = (task: number, cpu: number, end: number): number => {
    let drained = false;
    let released = false;
    for (let next = 0, unsafe = -1; ; ) {
      let count = 0;
      while (count < slots && next < end) {
        const folio = iPages[next]!;
        if (folio === none) next++;
        else if (refcount[folio] !== 0) {
          refcount[folio] = refcount[folio]! + 1;
          held[count++] = folio;
          next = indexOf[folio]! + (1 << order[folio]!);
        }
      }
      if (count === 0) return -1;
      for (let i = 0; i < count && unsafe === -1; i++) {
        const folio = held[i]!;
        if (refcount[folio] === (1 << order[folio]!) + 1) continue;
        if (order[folio] === 0 && !drained) {
          drainAll(task, cpu);
          drained = true;
          i--;
        } else unsafe = indexOf[folio]!;
      }
      if (!released) drain(cpu);
      released = true;
      for (let i = 0; i < count; i++) put(held[i]!);
      if (unsafe !== -1) return unsafe;
    }
  };

  return {
    touch: (task, cpu, start, pages) => {
      for (let index = start; index < start + pages; index++) if (pte[index] === none) fault(cpu, index);
      result[task] = 0;
    },
    convert: (task, cpu, pages) => {
      writer[0] = 1;
      let unsafe = -1;
      if (isPrivate.subarray(0, pages).includes(0)) {
        unmap(pages);
        unsafe = check(task, cpu, pages);
        if (unsafe === -1) isPrivate.fill(1, 0, pages);
      }
      writer[0] = 0;
      result[task] = unsafe === -1 ? 0 : EAGAIN;
      errorIndex[task] = unsafe === -1 ? size[0]! : unsafe;
      return unsafe === -1;
    },
  };
}

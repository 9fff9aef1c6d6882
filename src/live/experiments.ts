// SPDX-License-Identifier: MIT
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  MAP_SHARED,
  POSIX_FADV_DONTNEED,
  PROT_READ,
  PROT_WRITE,
} from '../abi/index.ts';
import { Cpus } from './cpus.ts';
import { GuestMemory, Vm } from './kvm.ts';
import { errorName, type Native } from './native.ts';
import { PageReader } from './pages.ts';
import { findTracefs, TraceInstance } from './tracefs.ts';
import { UnavailableError } from './unavailable.ts';

// Experiments with this kernel's batches. Other work fills the same batches, and can only flush them early. So a page that was
// seen to wait did wait, and a page that never waited in many rounds does not wait.

const PAGES = 48;
const ROUNDS = 60;
/** Largest batch that is tried: kernels from 6.9 on have 31, older kernels 15. */
const MOST = 40;

/** A guest_memfd with all of its pages mapped, and what is needed to look at it. */
export class Bench {
  readonly native: Native;
  readonly cpus: Cpus;
  readonly memory: GuestMemory;
  readonly reader: PageReader;
  readonly #vm: Vm;

  /** @throws UnavailableError if there is no guest_memfd here, or its pages cannot be seen. */
  constructor(native: Native) {
    this.native = native;
    this.#vm = new Vm(native);
    try {
      this.memory = new GuestMemory(native, this.#vm, PAGES, GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED);
    } catch (error) {
      this.#vm.close();
      throw error;
    }
    try {
      this.reader = new PageReader('self', native.pageSize);
    } catch (error) {
      this.memory.close();
      this.#vm.close();
      throw error;
    }
    this.cpus = new Cpus(native);
  }

  get here(): number {
    return this.cpus.allowed[0] ?? 0;
  }

  /** Another CPU; undefined if this process may use only one. */
  get other(): number | undefined {
    return this.cpus.allowed[1];
  }

  /** Pages that are not yet in the page cache, and an empty batch on this CPU, which is `cpu` from here on. */
  fresh(cpu: number): void {
    this.memory.punch(0, PAGES);
    this.cpus.moveTo(cpu);
    this.cpus.drainHere();
  }

  /** Whether the first page waits in a batch. */
  get firstWaits(): boolean {
    return this.reader.waitingMask(this.memory.address, 1) === 1;
  }

  close(): void {
    this.cpus.close();
    this.reader.close();
    this.memory.close();
    this.#vm.close();
  }
}

/** Whether something holds in one of many rounds. */
function everTrue(round: () => boolean): boolean {
  for (let nth = 0; nth < ROUNDS; nth++) if (round()) return true;
  return false;
}

/** Whether a touched page waits in the batch of its CPU at all. */
export const waitsAfterTouch = (bench: Bench): boolean =>
  everTrue(() => {
    bench.fresh(bench.here);
    bench.memory.touch(0, 1);
    return bench.firstWaits;
  });

/** Whether a page in another CPU's batch outlives a drain of this one: then a check needs to drain all CPUs. */
export function outlivesLocalDrain(bench: Bench): boolean | undefined {
  const { other } = bench;
  if (other === undefined) return undefined;
  return everTrue(() => {
    bench.fresh(other);
    bench.memory.touch(0, 1);
    bench.cpus.moveTo(bench.here);
    bench.cpus.drainHere();
    return bench.firstWaits;
  });
}

/** Folios in a full batch; undefined if no page was ever seen to wait, or no flush came. */
export function batchSize(bench: Bench): number | undefined {
  let most = 0;
  for (let count = 1; count <= MOST; count++) {
    const waits = everTrue(() => {
      bench.fresh(bench.here);
      bench.memory.touch(0, count);
      return bench.firstWaits;
    });
    // The page that fills a batch flushes it.
    if (!waits) return most === 0 ? undefined : most + 1;
    most = count;
  }
  return undefined;
}

/** Whether an unmap of other memory drains the CPU that it runs on. */
export function unmapDrains(bench: Bench): boolean {
  const { native } = bench;
  return !everTrue(() => {
    const other = native.mmap(native.pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    native.touch(other);
    bench.fresh(bench.here);
    bench.memory.touch(0, 1);
    native.munmap(other, native.pageSize);
    return bench.firstWaits;
  });
}

export interface DrainOfAll {
  /** A page in another CPU's batch was on the LRU after it. */
  readonly reaches: boolean;
  /** Median time of a call that had something to drain, in microseconds. */
  readonly microseconds: number;
}

/**
 * `lru_add_drain_all()`, called through posix_fadvise(2) on a page of a file on disk that cannot be dropped from the page
 * cache: this program's own.
 */
export function drainOfAll(bench: Bench): DrainOfAll | undefined {
  const { other, native } = bench;
  if (other === undefined) return undefined;
  const file = openSync(process.execPath, 'r');
  const times: number[] = [];
  let reaches = false;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      bench.fresh(other);
      bench.memory.touch(0, 1);
      bench.cpus.moveTo(bench.here);
      if (!bench.firstWaits) continue;
      const began = performance.now();
      native.fadvise(file, 0, native.pageSize, POSIX_FADV_DONTNEED);
      const took = performance.now() - began;
      if (bench.firstWaits) continue;
      reaches = true;
      times.push(1000 * took);
    }
  } finally {
    closeSync(file);
  }
  return { reaches, microseconds: times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0 };
}

/**
 * Whether an entry of the mlock batch holds a reference. A page of a memfd is put into another CPU's mlock batch, then the file
 * is sealed: the kernel drains all CPUs only if some page's count is higher than expected, and the work items that it queues
 * are visible.
 * @returns undefined with one CPU, or if other references disturbed it.
 * @throws UnavailableError if workqueue events cannot be recorded.
 */
export function mlockBatchHolds(bench: Bench): boolean | undefined {
  const { other } = bench;
  if (other === undefined) return undefined;
  const instance = new TraceInstance(findTracefs(), 'doctor');
  try {
    const event = 'workqueue/workqueue_queue_work';
    if (!instance.hasEvent(event))
      throw new UnavailableError('this kernel has no workqueue events', 'a kernel with CONFIG_TRACING');
    instance.enable(event);
    const asked = new RegExp(`-${process.pid} .*function=lru_add_drain_per_cpu`);
    const drains = (isLocked: boolean): boolean => {
      for (let round = 0; round < 10; round++) {
        sealPage(bench, other, isLocked);
        if (asked.test(instance.read('trace'))) return true;
      }
      return false;
    };
    // Without the lock the kernel must not drain; otherwise the experiment shows nothing.
    return drains(false) ? undefined : drains(true);
  } finally {
    bench.cpus.release();
    instance.close();
  }
}

/** Seals a memfd whose page another CPU has just mapped. */
function sealPage({ native, cpus, here }: Bench, other: number, isLocked: boolean): void {
  const length = native.pageSize;
  const fd = native.memfd();
  if (fd < 0) throw new UnavailableError(`no memfd (${errorName(fd)})`, 'a kernel with CONFIG_MEMFD_CREATE');
  // Read-only: a file that is mapped for writing cannot be sealed.
  let readOnly: number | undefined;
  let address: number | undefined;
  try {
    ftruncateSync(fd, length);
    native.fallocate(fd, 0, 0, length);
    readOnly = openSync(`/proc/self/fd/${fd}`, 'r');
    address = native.mmap(length, PROT_READ, MAP_SHARED, readOnly, 0);
    if (isLocked) native.mlockOnFault(address, length);
    // On the LRU, and in no other batch than the mlock batch.
    cpus.drain(cpus.allowed);
    cpus.moveTo(other);
    native.peek(address);
    cpus.moveTo(here);
    native.sealWrites(fd);
  } finally {
    if (address !== undefined && address > 0) native.munmap(address, length);
    if (readOnly !== undefined) closeSync(readOnly);
    closeSync(fd);
  }
}

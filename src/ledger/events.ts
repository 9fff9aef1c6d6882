// SPDX-License-Identifier: MIT
import type { Cpu, Dev, FolioIndex, Ino, Nanoseconds, Order, Pfn } from './units.ts';

/**
 * What a recording says happened, one value an event: the shared language of the trace readers, the live
 * probe and the simulated machine. Only events that somebody draws a conclusion from are decoded; the
 * others are counted by the reader and dropped.
 */
export type KernelEvent = FilemapEvent | LruInsertion | SyscallEnter | SyscallExit | Marker | Loss;

/** Where and when an event fired, and in which task. `pid` is a hint only: a batch is often drained by another task. */
export interface EventOrigin {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  /** Task name as recorded; undefined where the recording has none. */
  readonly comm?: string | undefined;
  /** Name of the instance buffer that it stood in; undefined for the top buffer and for text. */
  readonly buffer?: string | undefined;
}

/**
 * include/trace/events/filemap.h. `order` is 0 where an old kernel does not print it.
 * Fires after the entry is visible in the page cache (add), inside the xarray lock (delete).
 */
export interface FilemapEvent extends EventOrigin {
  readonly type: 'mm_filemap_add_to_page_cache' | 'mm_filemap_delete_from_page_cache';
  readonly dev: Dev;
  readonly ino: Ino;
  readonly pfn: Pfn;
  readonly index: FolioIndex;
  readonly order: Order;
}

/**
 * include/trace/events/pagemap.h. The folio is being put on the LRU by the CPU whose batch held it; the
 * batch's reference is dropped a moment later on the same CPU.
 */
export interface LruInsertion extends EventOrigin {
  readonly type: 'mm_lru_insertion';
  readonly pfn: Pfn;
  /** enum lru_list: 4 is LRU_UNEVICTABLE. */
  readonly lru: number;
  /** Mapped into some page table at that moment; undefined where the event did not say. */
  readonly mapped: boolean | undefined;
}

/** A system call's entry, from `syscalls:` or `raw_syscalls:` events. Arguments as recorded, unsigned 64 bits. */
export interface SyscallEnter extends EventOrigin {
  readonly type: 'syscall-enter';
  readonly name: 'ioctl' | 'fallocate';
  readonly args: readonly bigint[];
}

/** The matching exit; `returned` is signed (-11 is -EAGAIN). */
export interface SyscallExit extends EventOrigin {
  readonly type: 'syscall-exit';
  readonly name: 'ioctl' | 'fallocate';
  readonly returned: bigint;
}

/** Text that somebody wrote to trace_marker, without its newline. */
export interface Marker extends EventOrigin {
  readonly type: 'marker';
  readonly text: string;
}

/**
 * Events of one CPU were lost just before `at` (the time of the first event after the gap; undefined where
 * nothing follows). Nothing about that CPU's batches can be concluded across the gap.
 */
export interface Loss {
  readonly type: 'loss';
  readonly cpu: Cpu;
  readonly at: Nanoseconds | undefined;
  /** How many; undefined where the recording only says that some were. */
  readonly events: number | undefined;
  readonly buffer?: string | undefined;
}

// SPDX-License-Identifier: MIT
import type { Cpu, Dev, FolioIndex, Ino, Nanoseconds, Order, Pfn } from './units.ts';

/**
 * An event of a recording: the shared language of the trace readers, the live probe and the simulated machine. Only
 * events that affect a conclusion are decoded; the reader counts the others and drops them.
 */
export type KernelEvent =
  | FilemapEvent
  | LruInsertion
  | SyscallEnter
  | SyscallExit
  | Marker
  | PageReference
  | PageFree
  | WorkqueueEvent
  | SchedSwitch
  | SchedWakeup
  | Loss;

/** Place, time and task of an event. `pid` is a hint only: a batch is often drained by another task. */
export interface EventOrigin {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  /** Task name as recorded; undefined if the recording has none. */
  readonly comm?: string | undefined;
  /** Name of the instance buffer; undefined for the top buffer and for text. */
  readonly buffer?: string | undefined;
  /**
   * Functions of the kernel stack, innermost first, if a stack was recorded right after the event (option or trigger
   * `stacktrace`, `perf record -g`). Without offsets; addresses in hexadecimal if the recording has no symbols.
   */
  readonly stack?: readonly string[] | undefined;
}

/**
 * include/trace/events/filemap.h. `order` is 0 if an old kernel does not print it. Fires after the entry is visible in
 * the page cache (add), inside the xarray lock (delete).
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
 * include/trace/events/pagemap.h. The CPU whose batch held the folio puts it on the LRU; the batch's reference is put a
 * moment later on the same CPU.
 */
export interface LruInsertion extends EventOrigin {
  readonly type: 'mm_lru_insertion';
  readonly pfn: Pfn;
  /** enum lru_list: 4 is LRU_UNEVICTABLE. */
  readonly lru: number;
  /** Mapped into some page table at that moment; undefined if the event does not say. */
  readonly mapped: boolean | undefined;
  /**
   * Whether the flush can be preempted: interrupts and preemption were on, and only migration was off. This is the case with
   * PREEMPT_RT, whose local locks sleep (mainline since 6.12). Absent if the recording does not show interrupts and preemption,
   * or is older than the counter of migrate_disable() (5.15).
   */
  readonly isPreemptible?: boolean;
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

/** Text written to trace_marker, without its newline. */
export interface Marker extends EventOrigin {
  readonly type: 'marker';
  readonly text: string;
}

/** Operation on a reference count: the events `page_ref_*`, also under their newer names. */
export type ReferenceOperation =
  | 'set'
  | 'mod'
  | 'mod-and-test'
  | 'mod-and-return'
  | 'mod-unless'
  | 'freeze'
  | 'unfreeze'
  | 'pinner-failure'
  | 'pinner-put';

/**
 * include/trace/events/page_ref.h, in kernels with CONFIG_DEBUG_PAGE_REF; and the two events of the proposed
 * page_pinner. `count` is read again after the operation, unsynchronised: add up `value`, and use `count` as a check.
 */
export interface PageReference extends EventOrigin {
  readonly type: 'page-reference';
  readonly operation: ReferenceOperation;
  readonly pfn: Pfn;
  /**
   * `locked|referenced` or `none` from text; from a trace.dat the number in hexadecimal, since its format does not name
   * the bits.
   */
  readonly flags: string;
  readonly count: number;
  /** The raw field: -1 is not mapped. Undefined if the kernel no longer records it. */
  readonly mapcount: number | undefined;
  /** The address_space, in hexadecimal, hashed in some texts; undefined if there is none, or it is not recorded. */
  readonly mapping: string | undefined;
  /**
   * The added references; for `set` and `unfreeze` the new count, for `freeze` the expected count. 0 if there is none.
   */
  readonly value: number;
  /**
   * The return value of the operation; undefined if it returns nothing. For `mod-unless` and `freeze` 0 is "not done".
   */
  readonly returned: number | undefined;
}

/** `kmem:mm_page_free`: the only event of a folio that a batch's flush frees itself. */
export interface PageFree extends EventOrigin {
  readonly type: 'mm_page_free';
  readonly pfn: Pfn;
  readonly order: Order;
}

/** include/trace/events/workqueue.h. `lru_add_drain_all()` appears as work items of the function `lru_add_drain_per_cpu`. */
export interface WorkqueueEvent extends EventOrigin {
  readonly type:
    | 'workqueue_queue_work'
    | 'workqueue_activate_work'
    | 'workqueue_execute_start'
    | 'workqueue_execute_end';
  /** Identity of the work item among those of its time: its address in hexadecimal, hashed in some texts. */
  readonly work: string;
  /** Undefined if the kernel did not record it, or the recording has no symbols. */
  readonly function: string | undefined;
  /** Only for queueing; undefined on older kernels. */
  readonly workqueue: string | undefined;
  /**
   * Only for queueing: the requested CPU. Undefined if any would do (WORK_CPU_UNBOUND, recorded as a number that is no
   * CPU, so it differs from the CPU whose pool took the work).
   */
  readonly requestedCpu: Cpu | undefined;
}

/** `sched:sched_switch`; `pid` and `comm` are those of the leaving task. */
export interface SchedSwitch extends EventOrigin {
  readonly type: 'sched_switch';
  readonly nextPid: number;
  readonly nextComm: string;
}

/** `sched:sched_wakeup` and `sched_wakeup_new`. */
export interface SchedWakeup extends EventOrigin {
  readonly type: 'sched_wakeup';
  readonly wokenPid: number;
  readonly wokenComm: string;
  readonly targetCpu: Cpu;
}

/**
 * Data loss: events of one CPU were lost just before `at` (the time of the first event after the gap; undefined if
 * nothing follows). Nothing about that CPU's batches can be concluded across the gap.
 */
export interface Loss {
  readonly type: 'loss';
  readonly cpu: Cpu;
  readonly at: Nanoseconds | undefined;
  /** Number of lost events; undefined if the recording does not give it. */
  readonly events: number | undefined;
  readonly buffer?: string | undefined;
}

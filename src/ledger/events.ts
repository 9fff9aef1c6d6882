// SPDX-License-Identifier: MIT
import type { Cpu, Dev, FolioIndex, Ino, Nanoseconds, Order, Pfn } from './units.ts';

/**
 * What a recording says happened, one value an event: the shared language of the trace readers, the live
 * probe and the simulated machine. Only events that somebody draws a conclusion from are decoded; the
 * others are counted by the reader and dropped.
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

/** Where and when an event fired, and in which task. `pid` is a hint only: a batch is often drained by another task. */
export interface EventOrigin {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  /** Task name as recorded; undefined where the recording has none. */
  readonly comm?: string | undefined;
  /** Name of the instance buffer that it stood in; undefined for the top buffer and for text. */
  readonly buffer?: string | undefined;
  /**
   * Functions of the kernel stack, innermost first, where one was recorded right after the event (option or trigger
   * `stacktrace`, `perf record -g`). Without offsets; addresses in hexadecimal where the recording has no symbols.
   */
  readonly stack?: readonly string[] | undefined;
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
  /**
   * Whether the flush can be preempted: interrupts and preemption were on, and only migration was off. So it is with PREEMPT_RT,
   * whose local locks sleep (mainline since 6.12). Absent where the recording does not show the former, or the event is older than
   * the counter of migrate_disable() (5.15).
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

/** Text that somebody wrote to trace_marker, without its newline. */
export interface Marker extends EventOrigin {
  readonly type: 'marker';
  readonly text: string;
}

/** What was done to a reference count: the events `page_ref_*`, also under their newer names. */
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
 * page_pinner. `count` was read again after the operation, unsynchronised: add up `value`, use `count` as a check.
 */
export interface PageReference extends EventOrigin {
  readonly type: 'page-reference';
  readonly operation: ReferenceOperation;
  readonly pfn: Pfn;
  /** `locked|referenced` or `none` from text; from a trace.dat the number in hexadecimal, since its format does not name the bits. */
  readonly flags: string;
  readonly count: number;
  /** The raw field: -1 is not mapped. Undefined where the kernel does not record it any more. */
  readonly mapcount: number | undefined;
  /** The address_space, in hexadecimal, hashed in some texts; undefined for none and where it is not recorded. */
  readonly mapping: string | undefined;
  /** What was added; for `set` and `unfreeze` the new count, for `freeze` the count expected. 0 where there is none. */
  readonly value: number;
  /** What the operation returned; undefined for those that return nothing. For `mod-unless` and `freeze` 0 is "not done". */
  readonly returned: number | undefined;
}

/** `kmem:mm_page_free`: the only sign of a folio that was freed by a batch's flush itself. */
export interface PageFree extends EventOrigin {
  readonly type: 'mm_page_free';
  readonly pfn: Pfn;
  readonly order: Order;
}

/** include/trace/events/workqueue.h. `lru_add_drain_all()` shows in works of the function `lru_add_drain_per_cpu`. */
export interface WorkqueueEvent extends EventOrigin {
  readonly type:
    | 'workqueue_queue_work'
    | 'workqueue_activate_work'
    | 'workqueue_execute_start'
    | 'workqueue_execute_end';
  /** Names the work item among the works of its time: its address in hexadecimal, hashed in some texts. */
  readonly work: string;
  /** Undefined where the kernel did not record it or the recording has no symbols. */
  readonly function: string | undefined;
  /** Only when it is queued; undefined on older kernels. */
  readonly workqueue: string | undefined;
  /**
   * Only when it is queued: the CPU that was asked for. Undefined if any would do (WORK_CPU_UNBOUND, recorded as a number
   * that is no CPU, so that it differs from the CPU whose pool took the work).
   */
  readonly requestedCpu: Cpu | undefined;
}

/** `sched:sched_switch`; `pid` and `comm` are those of the task that leaves. */
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

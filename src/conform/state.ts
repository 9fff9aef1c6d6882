// SPDX-License-Identifier: MIT
import type { SyscallEnter } from '../ledger/index.ts';
import type { EventKind, SilentKind } from './answer.ts';
import type { Asked } from './conversions.ts';
import type { CodeName, Shown } from './driver.ts';

/** A folio that the recording names. */
export interface Live {
  readonly pfn: number;
  /** Its number in the model, while it is there. */
  readonly folio: number;
  readonly inode: number;
  readonly index: number;
  /** `file`: of a guest_memfd; `other`: of another file; `unseen`: its addition is not recorded. */
  readonly kind: 'file' | 'other' | 'unseen';
  /** Its addition, if the recording has it. */
  readonly added?: number;
  /** It left the model's memory: only the page cache holds it. */
  readonly aside: boolean;
}

/** A task of the recording within a call. */
export interface Running {
  readonly task: number;
  readonly pid: number;
  readonly code: CodeName;
  /** The addition whose folio is about to enter a batch. */
  readonly adding?: number | undefined;
  readonly conversion?: Asked | undefined;
  /** Folios that its hole has removed of late: it has them until it has drained. */
  readonly removed?: readonly number[];
  /** A drain of all CPUs has queued its first work. */
  readonly hasQueued?: boolean;
  /** A drain that the recording shows only later: its own CPU's batch was empty when it drained that. */
  readonly isEarly?: boolean;
  /** And it has found CPUs empty, so it has the drains' mutex. */
  readonly hasMutex?: boolean;
}

/** What is known of a CPU's flushes. */
export interface CpuState {
  /** Number of the burst that comes next. */
  burst: number;
  /** Entries of it that are in the model's batch. */
  placed: number;
  /** The task whose flush has the CPU. */
  flusher: number | undefined;
  /** Folios whose insertion this flush has shown. */
  inserted: number[];
  /** Nothing is known of its batches since a loss. */
  isLost: boolean;
}

/** Everything that a choice takes back, besides the model's memory. */
export class State {
  running = new Map<number, Running>();
  free: number[] = [];
  cpus: CpuState[] = [];
  live = new Map<number, Live>();
  pfnOf = new Map<number, number>();
  freeSlots: number[] = [];
  waiting = new Map<number, number>();
  syscalls = new Map<number, SyscallEnter>();
  works = new Map<number, number>();
  matched = new Map<EventKind, number>();
  unknown = new Map<EventKind, number>();
  passed = new Map<EventKind, number>();
  silent = new Map<SilentKind, number>();
  outside = new Map<number, number>();
  /** What a task's last step shows besides what has been matched. */
  owed = new Map<number, readonly Shown[]>();
  /** CPUs with a drain's work that is queued or under way. */
  worked = new Set<number>();
  /** Tasks whose next event is the first work of a drain. */
  awaiting = new Set<number>();
  /** References outside of the model's calls, by folio. */
  users = new Map<number, number>();
  /** Folios of other files whose truncation has them until its drain is over. */
  truncated = new Set<number>();
  /** Folios of a task's hole that a fault has locked. */
  locked = new Map<number, readonly number[]>();
  /** Pages that a user has touched since they were last converted to private: they are shared. */
  shared = new Set<number>();
  /** The next event, and those before it that were put off. */
  next = 0;
  deferred: number[] = [];

  copy(): State {
    const copy = new State();
    copy.running = new Map(this.running);
    copy.free = [...this.free];
    copy.cpus = this.cpus.map((cpu) => ({ ...cpu, inserted: [...cpu.inserted] }));
    copy.live = new Map(this.live);
    copy.pfnOf = new Map(this.pfnOf);
    copy.freeSlots = [...this.freeSlots];
    copy.waiting = new Map(this.waiting);
    copy.syscalls = new Map(this.syscalls);
    copy.works = new Map(this.works);
    copy.matched = new Map(this.matched);
    copy.unknown = new Map(this.unknown);
    copy.passed = new Map(this.passed);
    copy.silent = new Map(this.silent);
    copy.outside = new Map(this.outside);
    copy.owed = new Map(this.owed);
    copy.worked = new Set(this.worked);
    copy.awaiting = new Set(this.awaiting);
    copy.users = new Map(this.users);
    copy.truncated = new Set(this.truncated);
    copy.locked = new Map(this.locked);
    copy.shared = new Set(this.shared);
    copy.next = this.next;
    copy.deferred = [...this.deferred];
    return copy;
  }
}

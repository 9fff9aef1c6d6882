// SPDX-License-Identifier: MIT
import type { Cpu, Dev, FolioIndex, Ino, Ledger, Nanoseconds, Pfn, Verdict } from '../ledger/index.ts';
import type { Profile } from '../machine/index.ts';
import type { TraceSummary } from '../trace/index.ts';

/** What `explain` found in a recording. */
export interface Explanation {
  readonly trace: TraceSummary;
  /** What the verdicts assume of the kernel, and how that was decided. */
  readonly profile: { readonly profile: Profile; readonly because: string };
  /** guest_memfd inodes, what may be one, and what looks like one and is not, in the order of their appearance. */
  readonly inodes: readonly InodeAnswer[];
  /** By rising time; for each time an entry an inode. */
  readonly moments: readonly MomentAnswer[];
  /** Every call of KVM_SET_MEMORY_ATTRIBUTES2 that the recording shows, by rising time. */
  readonly conversions: readonly ConversionCall[];
  /** One sentence each: what a reader of the answer must know. */
  readonly notes: readonly string[];
}

export type InodeKind = 'guest_memfd' | 'other' | 'unknown';

export interface InodeAnswer {
  readonly dev: Dev;
  readonly ino: Ino;
  readonly kind: InodeKind;
  /** What that rests on, as a phrase. */
  readonly because: string;
}

/** Pages, half-open. */
export interface IndexRange {
  readonly from: FolioIndex;
  readonly to: FolioIndex;
}

/** One inode after every event stamped at or before `at`. */
export interface MomentAnswer {
  readonly at: Nanoseconds;
  /** Text of the marker that stands at this moment; undefined where the moment was asked for by its time. */
  readonly marker: string | undefined;
  readonly dev: Dev;
  readonly ino: Ino;
  /** Every folio of the inode in the page cache. `unknown`: whether it still waits in the batch is not known. */
  readonly folios: Ledger;
  /** What a conversion to private would get from each form of the check, by its name. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** What form `local-drain` would say on each CPU; undefined where it was not asked for. */
  readonly localDrainByCpu: ReadonlyMap<Cpu, Verdict> | undefined;
  /** What `baseline` would say, whether or not it was asked for: the exit code rests on it. */
  readonly baseline: Verdict;
  /** The pages that would be converted; undefined for the whole inode. */
  readonly range: IndexRange | undefined;
  /** The CPU that would convert, and why that one. */
  readonly cpu: Cpu;
  readonly cpuBecause: string;
  /** Why `baseline` refuses. */
  readonly evidence: RefusalEvidence | undefined;
}

/** The events that say that a folio waits in a batch, as the kernel's `trace` file prints them. */
export interface RefusalEvidence {
  readonly index: FolioIndex;
  readonly pfn: Pfn;
  readonly cpu: Cpu;
  readonly since: Nanoseconds;
  readonly add: string;
  /** The insertion that came after the moment; undefined where none came up to the end of the recording. */
  readonly insertion: string | undefined;
}

/** A folio that waited in a batch when a conversion was called. */
export interface BatchedFolio {
  readonly dev: Dev;
  readonly ino: Ino;
  readonly index: FolioIndex;
  readonly pfn: Pfn;
  readonly cpu: Cpu;
  readonly since: Nanoseconds;
}

/** A real call of KVM_SET_MEMORY_ATTRIBUTES2. Its range stands in user memory, where events do not see it. */
export interface ConversionCall {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  readonly fd: number;
  /** When it returned, and what (negative: an errno); undefined where the recording ends before or the exit was lost. */
  readonly until: Nanoseconds | undefined;
  readonly returned: number | undefined;
  /**
   * Whether it drained all CPUs: true where a kworker emptied another CPU's batch meanwhile, false where another
   * CPU's batch was left as it was, undefined where the events do not tell.
   */
  readonly drained: boolean | undefined;
  /** Folios of guest_memfd inodes that waited in a batch when it was called; which inode `fd` is, events do not say. */
  readonly batched: readonly BatchedFolio[];
}

// SPDX-License-Identifier: MIT
import type {
  Cpu,
  Dev,
  FolioIndex,
  Holder,
  HolderKind,
  Ino,
  Ledger,
  LruInsertion,
  Nanoseconds,
  Pfn,
  Strength,
  Verdict,
} from '../ledger/index.ts';
import type { Profile } from '../machine/index.ts';
import type { TraceSummary } from '../trace/index.ts';
import type { CheckForm } from './check-form.ts';
import type { HistogramRow } from './durations.ts';

/** Result of `explain` on a recording. */
export interface Explanation {
  readonly trace: TraceSummary;
  /** The assumed kernel profile, and the reason for it. */
  readonly profile: { readonly profile: Profile; readonly because: string };
  /**
   * guest_memfd inodes, inodes that may be one, and inodes that only look like one, in the order of their appearance.
   */
  readonly inodes: readonly InodeAnswer[];
  /** By rising time; for each time one entry for each inode. */
  readonly moments: readonly MomentAnswer[];
  /** Every call of KVM_SET_MEMORY_ATTRIBUTES2 in the recording, by rising time. */
  readonly conversions: readonly ConversionCall[];
  /** Waiting times of folios in batches, one entry for each inode. */
  readonly dwell: readonly DwellAnswer[];
  /** Cost of rounds of lru_add_drain_all(); undefined if no workqueue event was recorded. */
  readonly drains: DrainAnswer | undefined;
  /** One sentence each: facts that a reader of the answer must know. */
  readonly notes: readonly string[];
  /** Whether events of relevant buffers were lost: an inode may have come and gone among them. */
  readonly mayHideInodes: boolean;
  /** Number of inodes that are undecided and not listed, since nothing indicates that any of them is a guest_memfd. */
  readonly openInodes: number;
  /** The first undecided inodes, if no guest_memfd is known. */
  readonly open: readonly OpenInode[];
  /** Why it is unknown whether there is a guest_memfd, if none is listed; undefined if there certainly is none. */
  readonly doubt:
    | 'lost events'
    | 'conversions'
    | 'creations'
    | 'open inodes'
    | 'unevictable folios'
    | 'missing events'
    | undefined;
  /** Inserted unevictable folios without a recorded add. */
  readonly strays: number;
  /** The forms of the check that the recorded conversions allow; undefined if they do not show it. */
  readonly form: CheckForm | undefined;
  /** Needed events that the recording lacks: what they would show is unknown. */
  readonly missing: readonly NeededEvent[];
  /** Successful calls of KVM_CREATE_GUEST_MEMFD. */
  readonly created: readonly CreatedFile[];
}

/** Events that are needed to know which folio waits where. */
export type NeededEvent = 'mm_filemap_add_to_page_cache' | 'mm_filemap_delete_from_page_cache' | 'mm_lru_insertion';

/** An inode that may or may not be a guest_memfd. */
export interface OpenInode {
  readonly dev: Dev;
  readonly ino: Ino;
  /** Number of its folios that were added. */
  readonly adds: number;
  /** Number of them in its page cache at the end without a recorded insertion. */
  readonly waiting: number;
}

/** A guest_memfd according to the call that created it. */
export interface CreatedFile {
  readonly at: Nanoseconds;
  readonly pid: number;
  readonly task: string | undefined;
  readonly fd: number;
}

export type InodeKind = 'guest_memfd' | 'other' | 'unknown';

export interface InodeAnswer {
  readonly dev: Dev;
  readonly ino: Ino;
  readonly kind: InodeKind;
  /** The evidence, as a phrase. */
  readonly because: string;
  /** The call that created it; undefined if unknown. */
  readonly created: Omit<CreatedFile, 'at'> | undefined;
  /** Tasks that added folios of it, those with the most first. */
  readonly touchedBy: readonly { readonly pid: number; readonly task: string | undefined; readonly folios: number }[];
}

/** Page indexes, half-open. */
export interface IndexRange {
  readonly from: FolioIndex;
  readonly to: FolioIndex;
}

/** One inode after every event stamped at or before `at`. */
export interface MomentAnswer {
  readonly at: Nanoseconds;
  /** Text of the marker at this moment; undefined if the moment was requested by its time. */
  readonly marker: string | undefined;
  readonly dev: Dev;
  readonly ino: Ino;
  /** Every folio of the inode in the page cache. `unknown`: it may or may not wait in the batch. */
  readonly folios: Ledger;
  /** Number of these folios. */
  readonly count: number;
  /** Those of `folios` with other holders than the page cache. */
  readonly notable: Ledger;
  /** Indexes of folios on the LRU that may be back in a batch without an event, in runs. */
  readonly unsettled: readonly IndexRange[];
  /** Strengths of `folios`. */
  readonly strengths: ReadonlySet<Strength>;
  /** For each of `folios`: when it entered the page cache, and its number among the folios at its index. */
  readonly lives: readonly FolioLife[];
  /** Indexes of folios that may have left without an event: deletes were lost, or not recorded. */
  readonly stale: ReadonlySet<FolioIndex>;
  /** Number of these, and those of `notable`. */
  readonly staleCount: number;
  readonly goneNotable: ReadonlySet<FolioIndex>;
  /** Result of a conversion to private with each form of the check, by its name. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** Verdict of form `local-drain` on each CPU; undefined if not requested. */
  readonly localDrainByCpu: ReadonlyMap<Cpu, Verdict> | undefined;
  /** Verdict of `baseline`, requested or not: the exit code depends on it. */
  readonly baseline: Verdict;
  /**
   * Strength of that verdict: `unknown` if it is undecided, or `safe`, except for a page that refused an earlier call;
   * `proved` if every folio of the range is.
   */
  readonly strength: Strength;
  /**
   * References that would undo a `safe` of this moment and that no recorded event shows; undefined if there can be
   * none.
   */
  readonly unseen: Unseen | undefined;
  /** Whether it may have had folios before the recording; those without an event are not listed. */
  readonly isOlder: boolean;
  /** Why `baseline` may refuse at a lower index: what may be hidden; undefined if it cannot. */
  readonly lowerIndex: string | undefined;
  /** The pages to convert; undefined for the whole inode. */
  readonly range: IndexRange | undefined;
  /** The converting CPU, and why that one. */
  readonly cpu: Cpu;
  readonly cpuBecause: string;
  /** Why `baseline` refuses. */
  readonly evidence: RefusalEvidence | undefined;
}

/** The place of a folio in a sequence: a page frame serves many folios one after the other, and so does an index. */
export interface FolioLife {
  /** Number of recorded folios at this index so far, this one included. */
  readonly number: number;
  /** Time of its add; undefined if that was before the recording or lost. */
  readonly since: Nanoseconds | undefined;
}

/** References that stock events do not show. */
export type Unseen =
  /** Pins, mlock batches and all else but lru_add batches. */
  | { readonly what: 'unrecorded references' }
  /** The same, and a conversion called at `at` met one; no event shows that this reference was put since. */
  | { readonly what: 'refused call'; readonly at: Nanoseconds };

/** The events that show that a folio waits in a batch, as the kernel's `trace` file prints them. */
export interface RefusalEvidence {
  readonly index: FolioIndex;
  readonly pfn: Pfn;
  readonly cpu: Cpu;
  /** Both undefined if it was there before the recording. */
  readonly since: Nanoseconds | undefined;
  readonly add: string | undefined;
  /** The insertion after the moment; undefined if there is none up to the end of the recording. */
  readonly insertion: string | undefined;
}

/** A folio that waited in a batch at the call of a conversion. */
export interface BatchedFolio {
  readonly dev: Dev;
  readonly ino: Ino;
  readonly index: FolioIndex;
  readonly pfn: Pfn;
  readonly cpu: Cpu;
  /** The CPU that added it; it differs if the task moved, or if that CPU went offline. */
  readonly addedOn: Cpu;
  readonly since: Nanoseconds;
}

/** A reference that page_ref events showed at the call of a conversion, besides the page cache and lru_add batches. */
export interface HeldFolio {
  readonly dev: Dev;
  readonly ino: Ino;
  readonly index: FolioIndex;
  readonly pfn: Pfn;
  readonly holder: Holder;
}

/** Folios of one inode on which a check took references: from the first page of the first to the end of the last. */
interface CheckedPages extends IndexRange {
  readonly dev: Dev;
  readonly ino: Ino;
}

/** A real call of KVM_SET_MEMORY_ATTRIBUTES2. Its range is in user memory, which events do not show. */
export interface ConversionCall {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  readonly task: string | undefined;
  readonly fd: number;
  /**
   * Time of its return, and the result (negative: an errno); undefined if the recording ends before or the exit was
   * lost.
   */
  readonly until: Nanoseconds | undefined;
  readonly returned: number | undefined;
  /**
   * Whether it drained all CPUs: true if a kworker emptied another CPU's batch meanwhile, false if another CPU's batch
   * was left unchanged, undefined if the events do not show it.
   */
  readonly drained: boolean | undefined;
  /**
   * Folios of guest_memfd inodes that waited in a batch at the call, or were added before its return; events do not
   * show the inode of `fd`.
   */
  readonly batched: readonly BatchedFolio[];
  /** Whether insertions were recorded at all: otherwise some of `batched` may have left their batch. */
  readonly showInsertions: boolean;
  /**
   * Other references to folios of guest_memfd inodes at that time, except user mappings; empty without page_ref events.
   */
  readonly held: readonly HeldFolio[];
  /** Whether adds were recorded at all: otherwise nothing shows which folio waited. */
  readonly showAdds: boolean;
  /** All possible causes of the refusal; empty if it was not refused. */
  readonly causes: readonly RefusalCause[];
  /** Whether it was refused, and no event shows the cause. */
  readonly unexplained: boolean;
  /** The pages that its check looked at, which are within its range; undefined without such page_ref events. */
  readonly checked: CheckedPages | undefined;
}

/** A possible cause of a refusal. */
export interface RefusalCause {
  /**
   * `waited`: folios in batches. `waited after the drain`: still in batches, such as that of a CPU that goes offline.
   * `flush in progress`: inserted, and the batch's reference perhaps not yet put. `put back`: inserted again later, so
   * perhaps back in a batch. `no add seen`: unevictable folios that were inserted later and whose adds are not in the
   * recording. `held`: by page_ref events, when its check looked. `pinned or mapped`: the only reason for which this
   * form of the check refuses without a drain. `not recorded`: everything that no recorded event shows.
   */
  readonly how:
    | 'waited'
    | 'waited after the drain'
    | 'flush in progress'
    | 'put back'
    | 'no add seen'
    | 'held'
    | 'held when it was called'
    | 'pinned or mapped'
    | 'not recorded';
  /** Kinds of holders; one of several possible ones. */
  readonly kinds: readonly HolderKind[];
  /** Whether this is certainly the cause, and nothing else. */
  readonly certain: boolean;
  readonly batched: readonly BatchedFolio[];
  readonly held: readonly HeldFolio[];
  readonly insertions: readonly LruInsertion[];
}

/** Waiting times of an inode's folios in lru_add batches, from its first event to the end of the recording. */
export interface DwellAnswer {
  readonly dev: Dev;
  readonly ino: Ino;
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
  /**
   * Time during which some folio of it was known to wait in a batch: a conversion of the whole inode without a drain
   * would have been refused, on every CPU whose own batch held none of it.
   */
  readonly refused: Nanoseconds;
  /**
   * Time during which this is unknown, because events of some CPU were lost and it had not flushed since. It begins
   * with the first event after the gap: earlier knowledge holds until then.
   */
  readonly unknown: Nanoseconds;
  /** Time during which this is unknown because folios from before the recording may have waited unseen. */
  readonly hidden: Nanoseconds;
  /** CPUs whose batches have had folios of it, by rising number. */
  readonly cpus: readonly CpuDwell[];
}

/** One CPU's batch. Percentiles are over the folios that it inserted; undefined if there are none. */
export interface CpuDwell {
  readonly cpu: Cpu;
  readonly folios: number;
  /** Number of folios that wait at the end. */
  readonly waiting: number;
  /** Number of folios that left the page cache while they waited. */
  readonly gone: number;
  readonly p50: Nanoseconds | undefined;
  readonly p90: Nanoseconds | undefined;
  readonly p99: Nanoseconds | undefined;
  readonly max: Nanoseconds | undefined;
  readonly histogram: readonly HistogramRow[];
  /** Time during which a conversion of the whole inode on this CPU would have been refused without a drain. */
  readonly refused: Nanoseconds;
}

/** Rounds of lru_add_drain_all() that queued work. A round without work on other CPUs queues none. */
export interface DrainAnswer {
  readonly count: number;
  /** Rounds without a recorded end: they are in no sum. */
  readonly unfinished: number;
  /** Total time of rounds, from the first queueing to the last end, and of those inside conversions. */
  readonly total: Nanoseconds;
  readonly inConversions: Nanoseconds;
  readonly p50: Nanoseconds | undefined;
  readonly max: Nanoseconds | undefined;
  /** CPUs that had work, by rising number. */
  readonly cpus: readonly CpuDrains[];
  /** In the order of the recording, the first thousand. */
  readonly rounds: readonly DrainRound[];
  /** Work items without a function's name were recorded: rounds may be among them. */
  readonly nameless: boolean;
}

interface MedianAndMax {
  readonly p50: Nanoseconds | undefined;
  readonly max: Nanoseconds | undefined;
}

/** Cost of drains on one CPU. */
export interface CpuDrains {
  readonly cpu: Cpu;
  /** Number of work items that began to run. */
  readonly works: number;
  /** From the queueing to the begin. */
  readonly delay: MedianAndMax;
  /** From the begin to the end. */
  readonly run: MedianAndMax;
}

/** One round: the requesting task and its CPU, and the work items that it queued. */
export interface DrainRound {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  readonly task: string | undefined;
  /** Call time of the conversion that contains it; undefined if there is none. */
  readonly conversion: Nanoseconds | undefined;
  /** Undefined if the end of a work item was not recorded. */
  readonly took: Nanoseconds | undefined;
  readonly works: readonly DrainWork[];
}

export interface DrainWork {
  readonly cpu: Cpu;
  readonly queued: Nanoseconds;
  readonly delay: Nanoseconds | undefined;
  readonly run: Nanoseconds | undefined;
  /** Number of folios that it inserted, of any inode or of none. */
  readonly insertions: number;
  /** Tasks that ran on its CPU while it waited, the longest first; empty without sched events. */
  readonly meanwhile: readonly RanMeanwhile[];
}

export interface RanMeanwhile {
  readonly pid: number;
  readonly task: string;
  readonly time: Nanoseconds;
}

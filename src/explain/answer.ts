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
  /** How long folios wait in batches, an entry an inode. */
  readonly dwell: readonly DwellAnswer[];
  /** What rounds of lru_add_drain_all() cost; undefined where no workqueue event was recorded. */
  readonly drains: DrainAnswer | undefined;
  /** One sentence each: what a reader of the answer must know. */
  readonly notes: readonly string[];
  /** Whether events were lost of buffers that tell of folios: an inode may have come and gone among them. */
  readonly mayHideInodes: boolean;
  /** How many inodes may be a guest_memfd as well as not, and are not listed, since nothing tells of any that it is one. */
  readonly openInodes: number;
  /** Inodes of which nothing tells whether they are a guest_memfd, the first ones, where no guest_memfd is known. */
  readonly open: readonly OpenInode[];
  /** Why it is not known whether there is a guest_memfd, where none is listed; undefined where it is known that none is. */
  readonly doubt:
    | 'lost events'
    | 'conversions'
    | 'creations'
    | 'open inodes'
    | 'unevictable folios'
    | 'missing events'
    | undefined;
  /** Unevictable folios that were inserted and whose add was not seen. */
  readonly strays: number;
  /** Which forms of the check the recorded conversions leave possible; undefined where they do not tell. */
  readonly form: CheckForm | undefined;
  /** Which of the needed events the recording has none of: what they would tell is not known. */
  readonly missing: readonly NeededEvent[];
  /** Successful calls of KVM_CREATE_GUEST_MEMFD. */
  readonly created: readonly CreatedFile[];
}

/** Events without which it is not known which folio waits where. */
export type NeededEvent = 'mm_filemap_add_to_page_cache' | 'mm_filemap_delete_from_page_cache' | 'mm_lru_insertion';

/** An inode that may be a guest_memfd as well as not. */
export interface OpenInode {
  readonly dev: Dev;
  readonly ino: Ino;
  /** Folios of it that were added. */
  readonly adds: number;
  /** Those of them in its page cache at the end that no insertion told of. */
  readonly waiting: number;
}

/** A guest_memfd as the call that made it tells of it. */
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
  /** What that rests on, as a phrase. */
  readonly because: string;
  /** The call that made it; undefined where that is not known. */
  readonly created: Omit<CreatedFile, 'at'> | undefined;
  /** Tasks that added folios of it, those with the most first. */
  readonly touchedBy: readonly { readonly pid: number; readonly task: string | undefined; readonly folios: number }[];
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
  /** How many those are. */
  readonly count: number;
  /** Those of `folios` of which there is more to say than that the page cache alone holds them. */
  readonly notable: Ledger;
  /** Indexes of folios on the LRU that may be back in a batch, which no event shows, in runs. */
  readonly unsettled: readonly IndexRange[];
  /** Strengths of `folios`. */
  readonly strengths: ReadonlySet<Strength>;
  /** For each of `folios`, when it came into the page cache and which one it is at its index. */
  readonly lives: readonly FolioLife[];
  /** Indexes of those that may have left it unseen: deletes were lost, or not recorded. */
  readonly stale: ReadonlySet<FolioIndex>;
  /** How many those are, and which of `notable`. */
  readonly staleCount: number;
  readonly goneNotable: ReadonlySet<FolioIndex>;
  /** What a conversion to private would get from each form of the check, by its name. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** What form `local-drain` would say on each CPU; undefined where it was not asked for. */
  readonly localDrainByCpu: ReadonlyMap<Cpu, Verdict> | undefined;
  /** What `baseline` would say, whether or not it was asked for: the exit code rests on it. */
  readonly baseline: Verdict;
  /**
   * How well founded that is: `unknown` where it is undecided, and where it is safe but for what refused a call before;
   * `proved` where every folio of the range is.
   */
  readonly strength: Strength;
  /** What would undo a `safe` of this moment and no event recorded here shows; undefined where there can be nothing. */
  readonly unseen: Unseen | undefined;
  /** Whether it may have had folios before the recording, of which those that no event names are not listed. */
  readonly isOlder: boolean;
  /** Why `baseline` may refuse at a lower index than it says: what may be hidden; undefined where it is not so. */
  readonly lowerIndex: string | undefined;
  /** The pages that would be converted; undefined for the whole inode. */
  readonly range: IndexRange | undefined;
  /** The CPU that would convert, and why that one. */
  readonly cpu: Cpu;
  readonly cpuBecause: string;
  /** Why `baseline` refuses. */
  readonly evidence: RefusalEvidence | undefined;
}

/** A page frame serves many folios one after the other, and an index has many. */
export interface FolioLife {
  /** How many folios the recording told of at this index until then, this one included. */
  readonly number: number;
  /** When it was added; undefined where that was before the recording or lost. */
  readonly since: Nanoseconds | undefined;
}

/** References that stock events do not show. */
export type Unseen =
  /** Pins, mlock batches and all else but lru_add batches. */
  | { readonly what: 'unrecorded references' }
  /** The same, and a conversion that was called at `at` met one: nothing tells that it has gone since. */
  | { readonly what: 'refused call'; readonly at: Nanoseconds };

/** The events that say that a folio waits in a batch, as the kernel's `trace` file prints them. */
export interface RefusalEvidence {
  readonly index: FolioIndex;
  readonly pfn: Pfn;
  readonly cpu: Cpu;
  /** Both undefined where it was there before the recording. */
  readonly since: Nanoseconds | undefined;
  readonly add: string | undefined;
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
  /** The CPU that added it: another one's number where the task moved, or where that CPU went offline. */
  readonly addedOn: Cpu;
  readonly since: Nanoseconds;
}

/** A reference that page_ref events showed when a conversion was called, besides the page cache and lru_add batches. */
export interface HeldFolio {
  readonly dev: Dev;
  readonly ino: Ino;
  readonly index: FolioIndex;
  readonly pfn: Pfn;
  readonly holder: Holder;
}

/** Folios of one inode that a check took references on: from the first's first page to behind the last's. */
interface CheckedPages extends IndexRange {
  readonly dev: Dev;
  readonly ino: Ino;
}

/** A real call of KVM_SET_MEMORY_ATTRIBUTES2. Its range stands in user memory, where events do not see it. */
export interface ConversionCall {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  readonly task: string | undefined;
  readonly fd: number;
  /** When it returned, and what (negative: an errno); undefined where the recording ends before or the exit was lost. */
  readonly until: Nanoseconds | undefined;
  readonly returned: number | undefined;
  /**
   * Whether it drained all CPUs: true where a kworker emptied another CPU's batch meanwhile, false where another
   * CPU's batch was left as it was, undefined where the events do not tell.
   */
  readonly drained: boolean | undefined;
  /** Folios of guest_memfd inodes that waited in a batch when it was called, or came before it returned; which inode `fd` is, events do not say. */
  readonly batched: readonly BatchedFolio[];
  /** Whether insertions were recorded at all: else some of `batched` may have left their batch unseen. */
  readonly showInsertions: boolean;
  /** Other references to folios of guest_memfd inodes then, but for user mappings; empty without page_ref events. */
  readonly held: readonly HeldFolio[];
  /** Whether adds were recorded at all: else nothing tells which folio waited. */
  readonly showAdds: boolean;
  /** Everything that may have refused it; empty where it was not refused. */
  readonly causes: readonly RefusalCause[];
  /** Whether it was refused and no event shows by what. */
  readonly unexplained: boolean;
  /** What its check looked at, which lies within its range; undefined without page_ref events that tell. */
  readonly checked: CheckedPages | undefined;
}

/** What may have refused a call. */
export interface RefusalCause {
  /**
   * `waited`: folios in batches. `waited after the drain`: still, as in that of a CPU that goes offline. `flush in
   * progress`: inserted, and the batch's reference perhaps not given back. `put back`: inserted again later, so perhaps back
   * in a batch. `no add seen`: unevictable folios that were inserted later and whose adds are not in the recording.
   * `held`: by page_ref events, when its check looked. `pinned or mapped`: the form of the check refuses for nothing else
   * without a drain. `not recorded`: all that no event recorded shows.
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
  /** Who holds the folio then, of several one. */
  readonly kinds: readonly HolderKind[];
  /** Whether it was this and nothing else. */
  readonly certain: boolean;
  readonly batched: readonly BatchedFolio[];
  readonly held: readonly HeldFolio[];
  readonly insertions: readonly LruInsertion[];
}

/** How long an inode's folios wait in lru_add batches, from its first event to the end of the recording. */
export interface DwellAnswer {
  readonly dev: Dev;
  readonly ino: Ino;
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
  /**
   * For how long some folio of it was known to wait in a batch: a conversion of the whole inode without a drain would
   * have been refused, on every CPU whose own batch held none of it.
   */
  readonly refused: Nanoseconds;
  /**
   * For how long that is not known, because events of some CPU were lost and it had not flushed since. It begins with
   * the first event after the gap: what was known before holds until then.
   */
  readonly unknown: Nanoseconds;
  /** For how long it is not known because folios from before the recording may have waited unseen. */
  readonly hidden: Nanoseconds;
  /** CPUs in whose batches folios of it have been, by rising number. */
  readonly cpus: readonly CpuDwell[];
}

/** One CPU's batch. Percentiles are of the folios that it inserted; undefined where there is none. */
export interface CpuDwell {
  readonly cpu: Cpu;
  readonly folios: number;
  /** How many wait at the end. */
  readonly waiting: number;
  /** How many left the page cache while they waited. */
  readonly gone: number;
  readonly p50: Nanoseconds | undefined;
  readonly p90: Nanoseconds | undefined;
  readonly p99: Nanoseconds | undefined;
  readonly max: Nanoseconds | undefined;
  readonly histogram: readonly HistogramRow[];
  /** For how long a conversion of the whole inode on this CPU would have been refused without a drain. */
  readonly refused: Nanoseconds;
}

/** Rounds of lru_add_drain_all() that queued work. One that finds nothing to drain elsewhere queues none. */
export interface DrainAnswer {
  readonly count: number;
  /** Rounds of which an end was not seen: they are in no sum. */
  readonly unfinished: number;
  /** How long rounds took together, from the first queueing to the last end, and those inside conversions. */
  readonly total: Nanoseconds;
  readonly inConversions: Nanoseconds;
  readonly p50: Nanoseconds | undefined;
  readonly max: Nanoseconds | undefined;
  /** CPUs that had work, by rising number. */
  readonly cpus: readonly CpuDrains[];
  /** In the order of the recording, the first thousand. */
  readonly rounds: readonly DrainRound[];
  /** Works without a function's name were seen: rounds may be among them. */
  readonly nameless: boolean;
}

interface MedianAndMax {
  readonly p50: Nanoseconds | undefined;
  readonly max: Nanoseconds | undefined;
}

/** What drains cost on one CPU. */
export interface CpuDrains {
  readonly cpu: Cpu;
  /** Works that began to run. */
  readonly works: number;
  /** From the queueing to the beginning. */
  readonly delay: MedianAndMax;
  /** From the beginning to the end. */
  readonly run: MedianAndMax;
}

/** One round: who asked on which CPU, and the works that it queued. */
export interface DrainRound {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  readonly task: string | undefined;
  /** When the conversion was called in which it happened; undefined where it was none's. */
  readonly conversion: Nanoseconds | undefined;
  /** Undefined where the end of a work was not seen. */
  readonly took: Nanoseconds | undefined;
  readonly works: readonly DrainWork[];
}

export interface DrainWork {
  readonly cpu: Cpu;
  readonly queued: Nanoseconds;
  readonly delay: Nanoseconds | undefined;
  readonly run: Nanoseconds | undefined;
  /** Folios that it inserted, of any inode or of none. */
  readonly insertions: number;
  /** What ran on its CPU while it waited, the longest first; empty without sched events. */
  readonly meanwhile: readonly RanMeanwhile[];
}

export interface RanMeanwhile {
  readonly pid: number;
  readonly task: string;
  readonly time: Nanoseconds;
}

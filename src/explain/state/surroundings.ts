// SPDX-License-Identifier: MIT
import type { Cpu, Nanoseconds } from '../../ledger/index.ts';
import type { CpuBatch } from '../batch.ts';
import type { Gap } from '../gap.ts';
import type { Generation } from '../generation.ts';
import type { Losses } from './losses.ts';

/** Facts about all CPUs, for every inode and moment. */
export interface Surroundings {
  readonly batches: ReadonlyMap<Cpu, CpuBatch>;
  /** Gaps that may hide folios. */
  readonly gaps: readonly Gap[];
  /** The same gaps, for deletes that may be lost in them. */
  readonly losses: Losses;
  /** CPUs of the machine, by rising number. */
  readonly cpus: readonly Cpu[];
  /** Time at which all CPUs had been drained for the first time, by work items. */
  readonly drainedAt: Nanoseconds | undefined;
  /**
   * Why it is unknown whether a folio still waits: insertions were certainly not recorded, perhaps not recorded, or
   * events are not in order.
   */
  readonly doubt: 'no insertions' | 'no insertion seen' | 'not sorted' | undefined;
  /** Whether adds were recorded. */
  readonly showsAdds: boolean;
  /** Whether deletes were recorded: otherwise a folio may be gone. */
  readonly showsDeletes: boolean;
  /** Whether the clock is so coarse that events of one stamp have no known order. */
  readonly isCoarse: boolean;
  /** Whether some call was refused while a folio waited. */
  readonly anyRefused: boolean;
  /**
   * Time before which every later-inserted folio had been in a batch, because every CPU has flushed since. Undefined if
   * one never did.
   */
  readonly flushedLater: Nanoseconds | undefined;
  /** Whether a guest_memfd was created in the recording: its inode is unknown if other tasks added its folios. */
  readonly createdByOthers: boolean;
  /**
   * Time at which the last conversion returned that was refused while a folio waited, as far as events show; undefined:
   * never.
   */
  refusedAt(folio: Generation): Nanoseconds | undefined;
}

/** The requested facts about an inode. */
export interface AskedInode {
  /** All its recorded folios, of any time, by rising index. */
  readonly folios: readonly Generation[];
  /** It may have had folios before the recording without an event. */
  readonly isOlder: boolean;
  /** Folios were isolated and put back in the recording, of it or of another one. */
  readonly hasPutbacks: boolean;
  /** Whether an event showed a folio at an index: then the earlier content is known. */
  isKnown(index: number): boolean;
  /** The lowest index from one on without such an event. */
  lowestUnknown(from: number): number;
}

/** CPUs that have not flushed their batch since the recording began, or do so now: whatever was in it then is still held. */
export function unflushedAt(at: Nanoseconds, { batches, cpus, drainedAt }: Surroundings): readonly Cpu[] {
  if (drainedAt !== undefined && drainedAt <= at) return [];
  return cpus.filter((cpu) => {
    const from = batches.get(cpu)?.flushedFrom;
    return from === undefined || from > at;
  });
}

// SPDX-License-Identifier: MIT
import type { Cpu, Nanoseconds } from '../../ledger/index.ts';
import type { CpuBatch } from '../batch.ts';
import type { Gap } from '../gap.ts';
import type { Generation } from '../generation.ts';
import type { Losses } from './losses.ts';

/** What is seen of all CPUs, for every inode and moment. */
export interface Surroundings {
  readonly batches: ReadonlyMap<Cpu, CpuBatch>;
  /** Gaps that may hide folios. */
  readonly gaps: readonly Gap[];
  /** The same, asked for what may have been deleted in them. */
  readonly losses: Losses;
  /** CPUs of the machine, by rising number. */
  readonly cpus: readonly Cpu[];
  /** When all CPUs had been drained for the first time, as work items show. */
  readonly drainedAt: Nanoseconds | undefined;
  /**
   * Why it is not known whether a folio waits still: insertions were surely not recorded, perhaps not, or events are not
   * in order.
   */
  readonly doubt: 'no insertions' | 'no insertion seen' | 'not sorted' | undefined;
  /** Whether adds were recorded. */
  readonly showsAdds: boolean;
  /** Whether deletes were recorded: else a folio may be gone that was there. */
  readonly showsDeletes: boolean;
  /** Whether the clock is so coarse that events of one stamp may have come in any order. */
  readonly isCoarse: boolean;
  /** Whether some call was refused while a folio waited. */
  readonly anyRefused: boolean;
  /** Up to when every CPU has flushed its batch later on: what was in one then was inserted after. Undefined where one never did. */
  readonly flushedLater: Nanoseconds | undefined;
  /** Whether a guest_memfd was made in the recording: which one does not show where other tasks added its folios. */
  readonly createdByOthers: boolean;
  /** When a conversion was answered last that was refused while a folio waited, as far as events show; undefined: never. */
  refusedAt(folio: Generation): Nanoseconds | undefined;
}

/** What is asked of an inode. */
export interface AskedInode {
  /** All folios of it that events told of, at any time, by rising index. */
  readonly folios: readonly Generation[];
  /** It may have had folios before the recording that no event tells of. */
  readonly isOlder: boolean;
  /** Folios were isolated and put back in the recording, of it or of another one. */
  readonly hasPutbacks: boolean;
  /** Whether an event of the recording told of a folio at an index: what was there before is known then. */
  isKnown(index: number): boolean;
  /** The lowest index from one on of which none did. */
  lowestUnknown(from: number): number;
}

/** CPUs that have not flushed their batch since the recording began: whatever was in it then still is. */
export function unflushedAt(at: Nanoseconds, { batches, cpus, drainedAt }: Surroundings): readonly Cpu[] {
  if (drainedAt !== undefined && drainedAt <= at) return [];
  return cpus.filter((cpu) => {
    const first = batches.get(cpu)?.firstFlush;
    return first === undefined || first > at;
  });
}

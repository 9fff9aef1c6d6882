// SPDX-License-Identifier: MIT
import type { Cpu, Nanoseconds } from '../ledger/index.ts';
import type { CpuBatch } from './batch.ts';
import type { Gap } from './gap.ts';
import type { Conversions, Unadded } from './conversions.ts';
import type { Creations } from './creations.ts';
import type { Drains } from './drains.ts';
import type { Inodes } from './inodes.ts';
import type { Moments } from './moments.ts';
import type { Redactor } from './redactor.ts';
import type { Surroundings } from './state/surroundings.ts';

/** Results of one pass over the events of a recording: the basis of all answers. */
export interface Story {
  readonly moments: Moments;
  readonly inodes: Inodes;
  readonly conversions: Conversions;
  readonly creations: Creations;
  readonly drains: Drains;
  readonly batches: ReadonlyMap<Cpu, CpuBatch>;
  readonly gaps: readonly Gap[];
  /** Buffers with page cache events: losses of other buffers hide nothing. */
  readonly buffers: ReadonlySet<string | undefined>;
  /** Number of folios inserted as unevictable without a recorded add. */
  readonly strayUnevictable: number;
  /** Insertions as unevictable without an add, the first ones, in the order of the recording. */
  readonly unadded: readonly Unadded[];
  /** Whether any insertion was recorded. */
  readonly anyInsertion: boolean;
  /** Whether a batch filled up again before the first. */
  readonly filledUnseen: boolean;
  /** Whether any add and delete were recorded, of any file. */
  readonly anyAdd: boolean;
  readonly anyDelete: boolean;
  /** Whether some folio disappeared without a recorded delete. */
  readonly unseenDeletes: boolean;
  /** Events that follow a later one of another CPU: their number, and the first. */
  readonly late: { readonly count: number; readonly first: Nanoseconds } | undefined;
  /** Whether events of two CPUs have one stamp, so that the order of the recording is not the order of time. */
  readonly hasTies: boolean;
  /** CPU of the latest event that is no loss. */
  readonly lastCpu: Cpu | undefined;
  /** Undefined without redaction. */
  readonly redactor: Redactor | undefined;
}

/** A full batch is always flushed: if one filled up again and nothing was ever inserted, that event was off. */
export const isBlind = ({ filledUnseen, anyInsertion }: Story): boolean => filledUnseen && !anyInsertion;

/** Why it is unknown for every folio whether it waits. */
export function doubtOf(story: Story): Surroundings['doubt'] {
  if (isBlind(story)) return 'no insertions';
  if (story.late !== undefined) return 'not sorted';
  return story.anyInsertion ? undefined : 'no insertion seen';
}

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

/** What one pass over the events of a recording found: all that answers rest on. */
export interface Story {
  readonly moments: Moments;
  readonly inodes: Inodes;
  readonly conversions: Conversions;
  readonly creations: Creations;
  readonly drains: Drains;
  readonly batches: ReadonlyMap<Cpu, CpuBatch>;
  readonly gaps: readonly Gap[];
  /** Buffers that had page cache events: what other buffers lost hides nothing. */
  readonly buffers: ReadonlySet<string | undefined>;
  /** How many folios were inserted as unevictable whose add was not seen. */
  readonly strayUnevictable: number;
  /** Insertions as unevictable without an add, the first ones, in the order of the recording. */
  readonly unadded: readonly Unadded[];
  /** Whether any folio's insertion was seen. */
  readonly anyInsertion: boolean;
  /** Whether a batch filled up again before the first. */
  readonly filledUnseen: boolean;
  /** Whether any folio's add and delete were seen, of whatever file. */
  readonly anyAdd: boolean;
  readonly anyDelete: boolean;
  /** Whether some folio was gone of which no delete was seen. */
  readonly unseenDeletes: boolean;
  /** Events that stand behind a later one of another CPU: how many, and the first. */
  readonly late: { readonly count: number; readonly first: Nanoseconds } | undefined;
  /** Whether events of two CPUs have one stamp, so that the order of the recording is none of time. */
  readonly hasTies: boolean;
  /** Of the latest event that is no loss. */
  readonly lastCpu: Cpu | undefined;
  /** Undefined where nothing is to be redacted. */
  readonly redactor: Redactor | undefined;
}

/** A full batch is always flushed: where one filled up again and nothing was ever inserted, that event was off. */
export const isBlind = ({ filledUnseen, anyInsertion }: Story): boolean => filledUnseen && !anyInsertion;

/** What leaves it unknown of every folio whether it waits. */
export function doubtOf(story: Story): Surroundings['doubt'] {
  if (isBlind(story)) return 'no insertions';
  if (story.late !== undefined) return 'not sorted';
  return story.anyInsertion ? undefined : 'no insertion seen';
}

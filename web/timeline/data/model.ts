// SPDX-License-Identifier: MIT
import type { Series } from './series.ts';

/** Nanoseconds after the recording's begin. */
type Offset = number;

/** A CPU's lru_add batch: channel 0 counts folios that wait in it, channel 1 those that may. */
export interface CpuLane {
  readonly cpu: number;
  readonly fill: Series;
  readonly flushes: Flushes;
  readonly losses: readonly LossSpan[];
}

/** Flushes of a CPU, by rising begin. */
export interface Flushes {
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** Number of inserted folios of the shown inodes. */
  readonly folios: Uint32Array;
}

/** Lost events of a CPU. */
export interface LossSpan {
  /** The last event before; the recording's begin if there is none. */
  readonly from: Offset;
  /** The first event after; the recording's end if there is none. */
  readonly to: Offset;
  /** Time from which the content of the CPU's batch is known again; the recording's end if it is not. */
  readonly knownFrom: Offset;
  /** Number of lost events; undefined if the recording does not give it. */
  readonly events: number | undefined;
}

/** Page indexes, half-open. */
export interface Pages {
  readonly from: number;
  readonly to: number;
}

/** Folios of one inode at adjacent indexes that share a lane. */
export interface FolioLane {
  /** Unique within the recording, and the same at every reading of it. */
  readonly id: string;
  readonly inode: number;
  readonly pages: Pages;
  /** Number of folios at these indexes in the whole recording. */
  readonly rows: number;
  /** Code of states.ts that each channel of `series` counts, rising. */
  readonly codes: readonly number[];
  readonly series: Series;
  /** Whether it may be unfolded. */
  readonly isFolded: boolean;
  /** How deep it stands below a folded lane. */
  readonly depth: number;
}

export interface InodeLanes {
  readonly dev: string;
  /** Hexadecimal, with 0x. */
  readonly ino: string;
  readonly kind: 'guest_memfd' | 'other' | 'unknown';
  readonly because: string;
  readonly lanes: readonly FolioLane[];
  /** Largest number of pages: the end of the last recorded folio. */
  readonly pages: number;
}

/** One work item of a round of lru_add_drain_all(). */
interface DrainWorkSeen {
  readonly cpu: number;
  readonly queued: Offset;
  readonly started: Offset | undefined;
  readonly ended: Offset | undefined;
  readonly insertions: number;
}

export interface DrainRoundSeen {
  readonly at: Offset;
  readonly cpu: number;
  readonly pid: number;
  readonly task: string | undefined;
  /** End of its last work item; undefined if that was not recorded. */
  readonly until: Offset | undefined;
  readonly works: readonly DrainWorkSeen[];
}

/** Result of a conversion's call. */
export type CallResult = 'safe' | 'refused' | 'failed' | 'unknown';

export interface ConversionSeen {
  readonly at: Offset;
  readonly until: Offset | undefined;
  readonly cpu: number;
  readonly pid: number;
  readonly task: string | undefined;
  readonly result: CallResult;
  /** `-EAGAIN`, `0`, ...; undefined if no return was recorded. */
  readonly returned: string | undefined;
  readonly drained: boolean | undefined;
  /** Causes of its refusal, one phrase each. */
  readonly causes: readonly string[];
}

interface MarkerShown {
  readonly at: Offset;
  readonly cpu: number;
  readonly text: string;
}

/** A recording, ready to be drawn. */
export interface Timeline {
  readonly name: string;
  readonly format: string;
  /** Time of the recording's begin, in nanoseconds of its clock. */
  readonly begin: bigint;
  /** Whether stamps are counts and not times. */
  readonly countsTime: boolean;
  /** Time of the last event. */
  readonly end: Offset;
  readonly events: number;
  readonly cpuNumbers: readonly number[];
  /** Number of lost events; undefined if the recording does not give it, 0 if none were lost. */
  readonly lost: number | undefined;
  readonly batchSize: number;
  readonly profile: string;
  readonly notes: readonly string[];
  readonly damage: readonly string[];
  readonly cpus: readonly CpuLane[];
  readonly inodes: readonly InodeLanes[];
  readonly drains: readonly DrainRoundSeen[];
  /** Number of rounds, of which the first ones are in `drains`. */
  readonly drainCount: number;
  readonly conversions: readonly ConversionSeen[];
  readonly markers: readonly MarkerShown[];
}

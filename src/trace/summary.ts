// SPDX-License-Identifier: MIT
import type { PageSize } from '../abi/index.ts';
import type { Cpu, KernelEvent, Loss, Nanoseconds } from '../ledger/index.ts';
import type { Redactor } from './redact/redactor.ts';

/** Summary of a recording: what it is, and how much of it could be read. */
export interface TraceSummary {
  readonly format: 'trace.dat v6' | 'trace.dat v7' | 'ftrace text' | 'trace-cmd report' | 'perf script';
  /** Number of records, decoded or not, as `trace-cmd report` counts them; losses are no events. */
  readonly events: number;
  /** The CPUs that the file declares (or, in text, that have events), by rising number. */
  readonly cpus: readonly Cpu[];
  /** Time of the first and of the last record; undefined if there is none. */
  readonly from: Nanoseconds | undefined;
  readonly to: Nanoseconds | undefined;
  /** All losses, in their order among the events. */
  readonly lost: readonly Loss[];
  /** One sentence each: facts about the input that a reader of the answer must know. */
  readonly notes: readonly string[];
  /**
   * The first damaged places, each as `byte 12: what is wrong, what was expected`; in text with its line. If an event
   * may have been there, it is also reported as a loss.
   */
  readonly damage: readonly string[];
  /** Names of the buffers that were read, '' being the top buffer; undefined for text that names none. */
  readonly buffers: readonly string[] | undefined;
  /** `Linux vm 6.18.44 x86_64`, if the recording says it. */
  readonly recordedOn: string | undefined;
  /** Whether a loss would show: some texts cannot show losses. */
  readonly showsLosses: boolean;
  /** Whether times are counts (jiffies, cycles, events), each of which is one nanosecond here. */
  readonly countsTime: boolean;
  /** Number of events that a text's header announces; undefined without such a header. */
  readonly announced?: number | undefined;
  /** Number of markers without their texts. */
  readonly hiddenMarkers?: number;
  /** Bytes of a page of the recorded kernel, if the recording states or shows it; otherwise 4096 is assumed. */
  readonly pageSize: PageSize | undefined;
  /** Events that were recorded, as `SYSTEM:NAME`, whether or not they occurred; undefined if the recording does not say it. */
  readonly recordedEvents?: readonly string[] | undefined;
  /** The trace clock, as tracefs names it, if the recording names it. */
  readonly clock: string | undefined;
}

/** Options for reading a recording, and the receiver of its events. */
export interface ReadOptions {
  /** Only this buffer; '' is the top buffer. If absent, all are read, each event tagged with its buffer. */
  readonly buffer?: string | undefined;
  /**
   * Also decodes the scheduler's events (`SchedSwitch`, `SchedWakeup`). They are most of many recordings, so this costs
   * time.
   */
  readonly scheduling?: boolean | undefined;
  /** Bytes of a page, to convert a text's offsets to indexes; 4096 if undefined. A trace.dat has indexes. */
  readonly pageSize?: PageSize | undefined;
  /** Replaces what identifies, in everything that the reader delivers; undefined: nothing is replaced. */
  readonly redactor?: Redactor | undefined;
  /**
   * Receives the decoded events and the losses in time order, some thousands at a time. Each array is new, and the
   * receiver may keep it. An exception from it ends the reading, and is thrown by `readTrace`.
   */
  readonly onEvents: (batch: readonly KernelEvent[]) => void;
  /** Progress callback: the share of the input that has been read, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

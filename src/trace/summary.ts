// SPDX-License-Identifier: MIT
import type { PageSize } from '../abi/index.ts';
import type { Cpu, KernelEvent, Loss, Nanoseconds } from '../ledger/index.ts';

/** What a recording is and how much of it could be read; what is told beside the events themselves. */
export interface TraceSummary {
  readonly format: 'trace.dat v6' | 'trace.dat v7' | 'ftrace text' | 'trace-cmd report' | 'perf script';
  /** Every record, decoded or not, as `trace-cmd report` counts them; losses are no events. */
  readonly events: number;
  /** The CPUs that the file declares (or, in text, that have events), by rising number. */
  readonly cpus: readonly Cpu[];
  /** Time of the first and of the last record; undefined where there is none. */
  readonly from: Nanoseconds | undefined;
  readonly to: Nanoseconds | undefined;
  /** All losses, in the order in which they stood among the events. */
  readonly lost: readonly Loss[];
  /** One sentence each: what a reader of the answer must know about the input. */
  readonly notes: readonly string[];
  /**
   * Places that are damaged, the first ones, each as `byte 12: what is wrong, what was expected`; in text with its line.
   * What stood there is also told as losses, where it may have been an event.
   */
  readonly damage: readonly string[];
  /** Names of the buffers that were read, '' being the top buffer; undefined for text that names none. */
  readonly buffers: readonly string[] | undefined;
  /** `Linux vm 6.18.44 x86_64`, where the recording says it. */
  readonly recordedOn: string | undefined;
  /** Whether a loss would show: some texts have no place for it. */
  readonly showsLosses: boolean;
  /** Whether times are counts (jiffies, cycles, events), each of which stands for a nanosecond here. */
  readonly countsTime: boolean;
  /** How many markers stand in it without their texts. */
  readonly hiddenMarkers?: number;
  /** Bytes of a page of the recorded kernel, where the recording says or shows it; else 4096 are taken. */
  readonly pageSize: PageSize | undefined;
  /** The trace clock, as tracefs names it, where the recording says it. */
  readonly clock: string | undefined;
}

/** What the caller wants of a recording, and where the events go. */
export interface ReadOptions {
  /** Only this buffer; '' is the top buffer. All are read without it, each event tagged with its buffer. */
  readonly buffer?: string | undefined;
  /**
   * Also decode the scheduler's events (`SchedSwitch`, `SchedWakeup`). They are most of many recordings, so this costs
   * time and only those that ask for it pay.
   */
  readonly scheduling?: boolean | undefined;
  /** Bytes of a page, by which text gives a folio's place: 4096 where undefined. A trace.dat has indexes. */
  readonly pageSize?: PageSize | undefined;
  /**
   * Receives the decoded events and the losses in time order, some thousands at a time. Each array is a new one,
   * the receiver may keep it. What it throws ends the reading and comes out of `readTrace`.
   */
  readonly onEvents: (batch: readonly KernelEvent[]) => void;
  /** Called now and then with the share of the input that has been read, 0 to 1, for a progress bar. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

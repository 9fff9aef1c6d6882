// SPDX-License-Identifier: MIT
import type {
  Cpu,
  Dev,
  EventOrigin,
  FolioIndex,
  Holder,
  Ino,
  Nanoseconds,
  Order,
  Pfn,
  ReferenceOperation,
} from '../../ledger/index.ts';
import type { TraceSummary } from '../../trace/index.ts';

/** Place, time, task and stack of an event of a page frame. */
export type FrameOrigin = Pick<EventOrigin, 'at' | 'cpu' | 'pid' | 'comm' | 'stack'>;

/** References of one holder that an event adds (positive) or removes (negative). */
export type FrameChange = Holder;

/** One page_ref event of a page frame. */
export interface FrameTouch extends FrameOrigin {
  readonly operation: ReferenceOperation;
  /** As in {@link PageReference}. */
  readonly value: number;
  readonly returned: number | undefined;
  /** The count that the kernel read after the operation, unsynchronised. */
  readonly count: number;
  readonly changes: readonly FrameChange[];
  /** Sum of all holders after the event. */
  readonly sum: number;
}

/** A reference without a recorded put. `taken` is undefined if it is older than the recording, or lost. */
export interface LeftReference {
  readonly holder: Holder;
  readonly taken: FrameOrigin | undefined;
  /** It is neither the page cache's nor a mapping's, so it should be put sooner or later. */
  readonly isLeftOver: boolean;
}

/** A page of a file that the frame was. */
export interface FrameOwner {
  readonly dev: Dev;
  readonly ino: Ino;
  /** Index of this frame's page, also within a large folio. */
  readonly index: FolioIndex;
  readonly order: Order;
  /** First frame of its folio: the one with the count. */
  readonly head: Pfn;
  /** Undefined if it was added before the recording. */
  readonly from: FrameOrigin | undefined;
  /** Undefined at the end of the recording, or if the deletion was not recorded. */
  readonly to: FrameOrigin | undefined;
}

/** A stay in an `lru_add` batch. */
export interface FrameWait {
  readonly cpu: Cpu;
  /** Undefined if no event shows it. */
  readonly from: Nanoseconds | undefined;
  /** The insertion that ends it; undefined if none was recorded. */
  readonly inserted: FrameOrigin | undefined;
}

/** A page frame from one allocation to the next. */
export interface FrameLife {
  /** Undefined if no event shows it. */
  readonly allocated: FrameOrigin | undefined;
  /** Undefined if the frame was not freed, or no event shows it. */
  readonly freed: FrameOrigin | undefined;
  /** The frame began its next life, and no event shows the end of this one. */
  readonly isOver: boolean;
  readonly owners: readonly FrameOwner[];
  readonly waits: readonly FrameWait[];
  /** The latest ones; `unlisted` more came before them. */
  readonly touches: readonly FrameTouch[];
  readonly unlisted: number;
  /** Times at which events were lost. */
  readonly losses: readonly Nanoseconds[];
  /** Every reference since the allocation was recorded with its owner. */
  readonly proved: boolean;
}

/** The holders of a page frame at a requested moment. */
export interface FrameMoment {
  readonly at: Nanoseconds;
  readonly marker: string | undefined;
  /** The end of the recording was asked for. */
  readonly isEnd: boolean;
  /** Undefined if no event before shows the frame. */
  readonly holders: readonly Holder[] | undefined;
}

/** Comparison of the sum of the holders with the count that the kernel read at each page_ref event. */
export interface FrameCounts {
  readonly compared: number;
  /** The kernel reads again after its operation, so another CPU may have come between. */
  readonly differing: readonly { readonly at: Nanoseconds; readonly count: number; readonly sum: number }[];
  /** Number of differences that are not listed. */
  readonly more: number;
}

/** Everything that a recording shows of one page frame. */
export interface FrameAnswer {
  readonly pfn: Pfn;
  /**
   * At the end of the recording: `left` if a recorded reference is left over, `clean` if none is, `unknown` if the
   * recording does not show all references.
   */
  readonly outcome: 'left' | 'clean' | 'unknown';
  readonly trace: TraceSummary;
  readonly lives: readonly FrameLife[];
  readonly moments: readonly FrameMoment[];
  /** The references that were not put by the end of the recording, of the last life. */
  readonly left: readonly LeftReference[];
  readonly counts: FrameCounts;
  /** Number of page_ref events of the frame, and of those that take or put references and have no stack. */
  readonly references: number;
  readonly withoutStack: number;
  /** Whether the recording has page_ref events of any frame. */
  readonly hasReferences: boolean;
  /** Whether the events stand in the order of time; otherwise several recordings were put together. */
  readonly isOrdered: boolean;
}

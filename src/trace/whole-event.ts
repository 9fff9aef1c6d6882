// SPDX-License-Identifier: MIT
import type { Cpu, Dev, FolioIndex, Ino, Loss, Nanoseconds, Order, Pfn } from '../ledger/index.ts';
import type { JsonBytes } from './json-bytes.ts';

/**
 * One event of a recording, of any kind, with everything that was recorded of it. One object serves all events: what it says holds
 * until the receiver returns.
 */
export interface WholeEvent {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  /** Undefined if the recording has no name for the task. */
  readonly comm: string | undefined;
  /** Name of the instance buffer; undefined for the top buffer and for text. */
  readonly buffer: string | undefined;
  /** `pagemap`; undefined for text, which does not say it. */
  readonly system: string | undefined;
  /** `mm_lru_insertion`. */
  readonly name: string;
  /** The event's own fields of these meanings, whatever the event; undefined where it has none. */
  readonly dev: Dev | undefined;
  readonly ino: Ino | undefined;
  readonly pfn: Pfn | undefined;
  readonly index: FolioIndex | undefined;
  readonly order: Order | undefined;
  /** Writes one JSON object: each field by its name; of text, what follows the event's name in `text`. */
  writeFields(into: JsonBytes): void;
}

/** Receiver of a whole recording. */
export interface WholeReceiver {
  /** In time order. */
  readonly onEvent: (event: WholeEvent) => void;
  /** Lost events, each before the first event after them. */
  readonly onLoss: (loss: Loss) => void;
}

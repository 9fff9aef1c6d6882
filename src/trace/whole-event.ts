// SPDX-License-Identifier: MIT
import type { Cpu, Dev, FolioIndex, Ino, Loss, Nanoseconds, Order, Pfn } from '../ledger/index.ts';

/** Name of a field, with data that are computed once instead of for each of a million events. */
export interface FieldKey {
  readonly name: string;
  /** `"NAME":` as bytes. */
  readonly json: Uint8Array;
}

/** Receiver of an event's fields: a key and its value, one field after the other, between braces. Lists are in brackets. */
export interface FieldSink {
  raw(bracket: '{' | '}' | '[' | ']'): unknown;
  /** @returns the sink, for the value. */
  key(key: FieldKey): this;
  /** @param value a whole number that a double has exactly. */
  number(value: number): unknown;
  /** An address, or 64 bits that a double does not have exactly. */
  hex(low: number, high: number): unknown;
  text(value: string): unknown;
  /** Name of a function of the kernel. */
  symbol(name: string): unknown;
  /** Text of a recording, as its bytes from `start` to `end`, which are valid only until the receiver returns. */
  textOf(from: Uint8Array, start: number, end: number): unknown;
}

/**
 * One event of a recording, of any kind, with all its recorded data. One object serves all events: its data are valid until the
 * receiver returns.
 */
export interface WholeEvent {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  /** Undefined if the recording has no name for the task. */
  readonly comm: string | undefined;
  /** Name of the instance buffer; undefined for the top buffer and for text. */
  readonly buffer: string | undefined;
  /** `pagemap`; undefined for text, which does not contain it. */
  readonly system: string | undefined;
  /** `mm_lru_insertion`. */
  readonly name: string;
  /** The event's own fields with these meanings, for any event; undefined if it has none. */
  readonly dev: Dev | undefined;
  readonly ino: Ino | undefined;
  readonly pfn: Pfn | undefined;
  readonly index: FolioIndex | undefined;
  readonly order: Order | undefined;
  /** Writes one JSON object: each field by its name; for text, the rest of the line after the event's name in `text`. */
  writeFields(into: FieldSink): void;
}

/** Receiver of a whole recording. */
export interface WholeReceiver {
  /** In time order. */
  readonly onEvent: (event: WholeEvent) => void;
  /** Lost events, each before the first event after them. */
  readonly onLoss: (loss: Loss) => void;
}

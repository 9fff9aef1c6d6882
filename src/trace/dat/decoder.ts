// SPDX-License-Identifier: MIT
import type { Cpu, KernelEvent, Loss, Nanoseconds, SyscallEnter } from '../../ledger/index.ts';
import type { SyscallTwins } from '../syscall-twins.ts';
import type { EventFormat } from './event-format.ts';
import type { NumberField, Words } from './record-fields.ts';

/** The record being decoded. One object serves a whole stream, because it is filled half a million times a second. */
export interface RecordInHand {
  words: Words;
  /** The same memory as bytes, for text fields. */
  bytes: Uint8Array;
  /** Word at which the record's payload starts, and its number of words. */
  base: number;
  length: number;
  at: Nanoseconds;
  pid: number;
  comm: string | undefined;
  readonly cpu: Cpu;
  readonly buffer: string | undefined;
  /** Set by a decoder: addresses for which the walker must find names. */
  addresses: readonly bigint[] | undefined;
}

/** Result of decoding a record: an event; nothing of interest; an unreadable record; a record of an unknown event. */
type Decoded<Event> = Event | 'nothing' | 'unreadable' | 'unknown';

/** What a walker needs of the events that its decoders make. */
export interface Walked {
  readonly type: string;
  readonly pid: number;
}

/** Conversion of records of one event id to events. */
export interface Decoder<Event = Exclude<KernelEvent, Loss>> {
  readonly id: number;
  readonly pid: NumberField;
  /** Number of words that a record must have. */
  readonly needs: number;
  readonly decode: (record: RecordInHand) => Decoded<Event>;
}

/** Data that all decoders of a recording share. */
export interface Shared {
  readonly twins: SyscallTwins;
  readonly numbers: ReadonlyMap<number, SyscallEnter['name']>;
}

/** An event's format, and access to its numbers. */
interface Given {
  readonly format: EventFormat;
  readonly number: (name: string) => NumberField | undefined;
  readonly littleEndian: boolean;
}

type Made = Pick<Decoder, 'decode' | 'needs'> | undefined;
/** Makes the decoder of one event's format. */
export type Maker = (given: Given, shared: Shared) => Made;

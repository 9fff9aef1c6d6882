// SPDX-License-Identifier: MIT
import type { Cpu, KernelEvent, Nanoseconds, SyscallEnter } from '../../ledger/index.ts';
import type { SyscallTwins } from '../syscall-twins.ts';
import type { EventFormat } from './event-format.ts';
import type { NumberField, Words } from './record-fields.ts';

/** A record being decoded. One object serves a whole stream, because it is filled half a million times a second. */
export interface RecordInHand {
  words: Words;
  /** The same memory as bytes, for text fields. */
  bytes: Uint8Array;
  /** Word where the record's payload starts, and how many words it has. */
  base: number;
  length: number;
  at: Nanoseconds;
  pid: number;
  comm: string | undefined;
  readonly cpu: Cpu;
  readonly buffer: string | undefined;
  /** Set by a decoder: addresses that the walker is to find names for. */
  addresses: readonly bigint[] | undefined;
}

/** What a decoder makes of a record: an event; nothing to tell; a record that it cannot read; one of no known event. */
type Decoded = KernelEvent | 'nothing' | 'unreadable' | 'unknown';

/** How records of one event id become events. */
export interface Decoder {
  readonly id: number;
  readonly pid: NumberField;
  /** Words that a record must have. */
  readonly needs: number;
  readonly decode: (record: RecordInHand) => Decoded;
}

/** What the decoders of a recording share. */
export interface Shared {
  readonly twins: SyscallTwins;
  readonly numbers: ReadonlyMap<number, SyscallEnter['name']>;
}

/** An event's format, and how to find its numbers. */
interface Given {
  readonly format: EventFormat;
  readonly number: (name: string) => NumberField | undefined;
  readonly littleEndian: boolean;
}

type Made = Pick<Decoder, 'decode' | 'needs'> | undefined;
/** Makes the decoder of one event's format. */
export type Maker = (given: Given, shared: Shared) => Made;

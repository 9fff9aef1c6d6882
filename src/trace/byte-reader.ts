// SPDX-License-Identifier: MIT
import type { ByteSource } from './byte-source.ts';
import { memorySource, readFully } from './byte-source.ts';
import { DamageError } from './damage.ts';

const WINDOW_BYTES = 64 * 1024;
const LATIN1 = new TextDecoder('latin1');
/** Largest part of a recording that is taken whole, in bytes; it bounds the allocation for a damaged size. */
export const MAX_PART_BYTES = 64 * 1024 * 1024;

/**
 * Reads numbers and strings in sequence, in the recording's byte order, with a window of {@link WINDOW_BYTES} over the
 * source. Every step is checked against the end.
 */
export class ByteReader {
  /** Offset of the next byte in the source. */
  position: number;
  readonly #source: ByteSource;
  readonly #place: (position: number) => string;
  readonly littleEndian: boolean;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;

  /** @param place name of a position of the source for messages, if the source is only a part of the file. */
  constructor(
    source: ByteSource,
    position: number,
    littleEndian: boolean,
    place: (position: number) => string = (at) => `byte ${at}`,
  ) {
    this.#source = source;
    this.#place = place;
    this.littleEndian = littleEndian;
    this.position = position;
  }

  get remaining(): number {
    return Math.max(0, this.#source.size - this.position);
  }

  /** The reader's position, as in its messages. */
  get place(): string {
    return this.#place(this.position);
  }

  /** The same, after the name of the input. */
  get where(): string {
    return `${this.#source.name}: ${this.place}`;
  }

  /** An error with its place: `what` completes "NAME: byte N: ". */
  error(what: string): DamageError {
    return new DamageError(this.#source.name, this.place, what);
  }

  /** A reader over `data`, which was just taken (or peeked: `back` is 0), with its place in the file for messages. */
  over(data: Uint8Array, back = data.byteLength): ByteReader {
    const start = this.position - back;
    const source = memorySource(this.#source.name, data.slice());
    return new ByteReader(source, 0, this.littleEndian, (at) => this.#place(start + at));
  }

  /** The next `length` bytes, valid until the next call. @throws InputError if the source ends earlier. */
  async take(length: number, what: string): Promise<Uint8Array> {
    if (!(length <= this.remaining)) {
      throw this.error(`${what} (${length} bytes) runs past the end, expected at most ${this.remaining} bytes`);
    }
    if (length > MAX_PART_BYTES)
      throw this.error(`${what} (${length} bytes), expected at most ${MAX_PART_BYTES} bytes`);
    let from = this.position - this.#windowStart;
    if (from < 0 || from + length > this.#window.byteLength) {
      this.#window = await readFully(this.#source, this.position, Math.max(length, WINDOW_BYTES));
      this.#windowStart = this.position;
      from = 0;
      if (this.#window.byteLength < length) throw this.error(`${what} could not be read`);
    }
    this.position += length;
    return this.#window.subarray(from, from + length);
  }

  /** {@link take}, without advancing. */
  async peek(length: number, what: string): Promise<Uint8Array> {
    const bytes = await this.take(length, what);
    this.position -= length;
    return bytes;
  }

  skip(length: number, what: string): void {
    if (!(length <= this.remaining)) {
      throw this.error(`${what} (${length} bytes) runs past the end, expected at most ${this.remaining} bytes`);
    }
    this.position += length;
  }

  async u16(what: string): Promise<number> {
    return view(await this.take(2, what)).getUint16(0, this.littleEndian);
  }

  async u32(what: string): Promise<number> {
    return view(await this.take(4, what)).getUint32(0, this.littleEndian);
  }

  async u64(what: string): Promise<bigint> {
    return view(await this.take(8, what)).getBigUint64(0, this.littleEndian);
  }

  /** A 64-bit size or offset. Beyond 2^53 it must be wrong: the result is then Infinity and fails every check. */
  async size(what: string): Promise<number> {
    const value = await this.u64(what);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
  }

  /** A NUL-ended string of at most `limit` bytes. */
  async cstring(limit: number, what: string): Promise<string> {
    const bytes = await this.peek(Math.min(limit + 1, this.remaining), what);
    const end = bytes.indexOf(0);
    if (end < 0) throw this.error(`${what} has no end within ${limit} bytes`);
    this.position += end + 1;
    return LATIN1.decode(bytes.subarray(0, end));
  }

  async text(length: number, what: string): Promise<string> {
    return LATIN1.decode(await this.take(length, what));
  }
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

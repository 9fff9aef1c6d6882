// SPDX-License-Identifier: MIT
import { wantedEvents } from './decoders.ts';
import type { EventFormat } from './event-format.ts';
import { parseEventFormat } from './event-format.ts';

const LATIN1 = new TextDecoder('latin1');
const ENCODER = new TextEncoder();
const NEWLINE = 0x0a;
const LETTER_I = 0x49;
const COLON = 0x3a;

/** The format of any event, as the file has it. */
export interface DescribedEvent {
  readonly id: number;
  readonly system: string;
  /** Its format. */
  readonly text: Uint8Array;
}

/**
 * Picks the wanted formats out of a list of thousands. It compares bytes, and makes no strings of the others: with a
 * string for each this was a third of the time before the first event (docs/trace-readers.md).
 */
export class FormatScanner {
  /** Bytes scanned so far. */
  position = 0;
  /** All formats with an id so far. */
  readonly described: DescribedEvent[] = [];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#littleEndian = littleEndian;
  }

  /** u32 n, then n systems, each a NUL-ended name and its formats. @returns undefined if the bytes end earlier. */
  systems(): EventFormat[] | undefined {
    const formats: EventFormat[] = [];
    const count = this.#u32();
    for (let nth = 0; nth < count; nth++) {
      const end = this.#bytes.indexOf(0, this.position);
      if (end < 0) return undefined;
      const name = LATIN1.decode(this.#bytes.subarray(this.position, end));
      this.position = end + 1;
      const ofSystem = this.system(name);
      if (ofSystem === undefined) return undefined;
      formats.push(...ofSystem);
    }
    return count < 0 ? undefined : formats;
  }

  /** u32 n, then n times u64 size and the text of a format. @returns undefined if the bytes end earlier. */
  system(name: string): EventFormat[] | undefined {
    const wanted = wantedEvents(name).map((event) => ENCODER.encode(`name: ${event}\n`));
    const formats: EventFormat[] = [];
    const count = this.#u32();
    for (let nth = 0; nth < count; nth++) {
      const size = this.#size();
      const start = this.position;
      if (size < 0 || start + size > this.#bytes.byteLength) return undefined;
      this.position = start + size;
      this.#remember(name, start, this.position);
      if (!wanted.some((first) => this.#startsWith(start, first))) continue;
      const format = parseEventFormat(name, LATIN1.decode(this.#bytes.subarray(start, start + size)));
      if (format !== undefined) formats.push(format);
    }
    return count < 0 ? undefined : formats;
  }

  /** By the id in the second line, `ID: 621`. */
  #remember(system: string, start: number, end: number): void {
    let at = this.#bytes.indexOf(NEWLINE, start) + 1;
    if (at <= start || at + 4 > end || this.#bytes[at] !== LETTER_I || this.#bytes[at + 2] !== COLON) return;
    let id = 0;
    for (at += 4; at < end; at++) {
      const digit = (this.#bytes[at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9 || id > 0xffff) break;
      id = id * 10 + digit;
    }
    this.described.push({ id, system, text: this.#bytes.subarray(start, end) });
  }

  /** The newline is compared first: the length of the name already excludes nearly all others. */
  #startsWith(start: number, first: Uint8Array): boolean {
    if (this.#bytes[start + first.length - 1] !== NEWLINE) return false;
    for (let index = 0; index < first.length; index++) if (this.#bytes[start + index] !== first[index]) return false;
    return true;
  }

  /** -1 at the end of the bytes. */
  #u32(): number {
    if (this.position + 4 > this.#bytes.byteLength) return -1;
    this.position += 4;
    return this.#view.getUint32(this.position - 4, this.#littleEndian);
  }

  /** A 64-bit size as a number; -1 at the end of the bytes. */
  #size(): number {
    if (this.position + 8 > this.#bytes.byteLength) return -1;
    this.position += 8;
    const first = this.#view.getUint32(this.position - 8, this.#littleEndian);
    const second = this.#view.getUint32(this.position - 4, this.#littleEndian);
    return this.#littleEndian ? first + second * 0x1_0000_0000 : first * 0x1_0000_0000 + second;
  }
}

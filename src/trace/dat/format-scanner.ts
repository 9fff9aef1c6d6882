// SPDX-License-Identifier: MIT
import { wantedEvents } from './decoders.ts';
import type { EventFormat } from './event-format.ts';
import { parseEventFormat } from './event-format.ts';

const LATIN1 = new TextDecoder('latin1');
const ENCODER = new TextEncoder();

/**
 * Picks the wanted formats out of a list of thousands. It compares bytes and makes no text of the others: with a string
 * for each this was a third of the time before the first event (docs/trace-readers.md).
 */
export class FormatScanner {
  /** Bytes scanned so far. */
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#littleEndian = littleEndian;
  }

  /** u32 n, then n systems, each a NUL-ended name and its formats. @returns undefined where the bytes end before. */
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

  /** u32 n, then n times u64 size and the text of a format. @returns undefined where the bytes end before. */
  system(name: string): EventFormat[] | undefined {
    const wanted = wantedEvents(name).map((event) => ENCODER.encode(`name: ${event}\n`));
    const formats: EventFormat[] = [];
    const count = this.#u32();
    for (let nth = 0; nth < count; nth++) {
      const size = this.#size();
      const start = this.position;
      if (size < 0 || start + size > this.#bytes.byteLength) return undefined;
      this.position = start + size;
      if (!wanted.some((first) => this.#startsWith(start, first))) continue;
      const format = parseEventFormat(name, LATIN1.decode(this.#bytes.subarray(start, start + size)));
      if (format !== undefined) formats.push(format);
    }
    return count < 0 ? undefined : formats;
  }

  /** The newline is looked at first: it tells nearly all others apart by the length of their name. */
  #startsWith(start: number, first: Uint8Array): boolean {
    if (this.#bytes[start + first.length - 1] !== 0x0a) return false;
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

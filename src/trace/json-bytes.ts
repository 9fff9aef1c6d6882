// SPDX-License-Identifier: MIT
import type { FieldKey, FieldSink } from './whole-event.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const ZERO = 0x30;
const FIRST_BYTES = 1 << 16;
const DIGITS = new Uint8Array(20);
const HEXADECIMAL = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const UTF8 = new TextDecoder();
const ENCODER = new TextEncoder();

/** Key of a field's name, made once for each field. */
export const keyOf = (name: string): FieldKey => ({ name, json: ENCODER.encode(`${JSON.stringify(name)}:`) });

/**
 * JSON as bytes in growing memory: a string for each of a million events would take longer than reading them. Values are
 * separated by commas; the output is always valid UTF-8.
 * @example
 * import { JsonBytes } from 'folioscope/trace';
 * const json = new JsonBytes();
 * json.raw('[').text('a "b"').number(-7).hex(0xffff_ffff, 0xffff_8888).raw(']');
 * new TextDecoder().decode(json.written()); // => '["a \\"b\\"",-7,"0xffff8888ffffffff"]'
 */
export class JsonBytes implements FieldSink {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES);
  /** Number of written bytes. */
  length = 0;
  /** Length of the memory. */
  #room = FIRST_BYTES;
  /** Whether a value precedes, so that a comma is due. */
  #isDue = false;

  /** The written bytes; valid until the next one is written. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** Makes room for so many further bytes. */
  ensure(more: number): void {
    if (this.length + more > this.#room) this.#grow(more);
  }

  #grow(more: number): void {
    const grown = new Uint8Array(Math.max(2 * this.bytes.byteLength, this.length + more));
    grown.set(this.written());
    this.bytes = grown;
    this.#room = grown.byteLength;
  }

  /** Begins a new document after `reserved` bytes, which are the caller's. */
  begin(reserved: number): void {
    this.ensure(reserved);
    this.length += reserved;
    this.#isDue = false;
  }

  /** Starts over. */
  clear(): void {
    this.length = 0;
    this.#isDue = false;
  }

  /** A bracket; an opening one comes after a comma if one is due. */
  raw(bracket: '{' | '}' | '[' | ']'): this {
    const opens = bracket === '{' || bracket === '[';
    if (opens) this.#comma(1);
    else this.ensure(1);
    this.bytes[this.length++] = bracket.charCodeAt(0);
    this.#isDue = !opens;
    return this;
  }

  /** A member's name, by {@link keyOf}. */
  key({ json }: FieldKey): this {
    const { length } = json;
    this.#comma(length);
    const { bytes } = this;
    // Names are short: setting them as an array costs more.
    let at = this.length;
    for (let nth = 0; nth < length; nth++) bytes[at++] = json[nth]!;
    this.length = at;
    this.#isDue = false;
    return this;
  }

  /** @param value a whole number that a double has exactly. */
  number(value: number): this {
    this.#comma(21);
    let rest = value;
    if (rest < 0) {
      this.bytes[this.length++] = 0x2d;
      rest = -rest;
    }
    let count = 0;
    // Nearly all numbers are small, and need no division of doubles.
    while (rest > 0x7fff_ffff) {
      const tenth = Math.floor(rest / 10);
      DIGITS[count++] = rest - 10 * tenth;
      rest = tenth;
    }
    let small = rest | 0;
    do {
      const tenth = (small / 10) | 0;
      DIGITS[count++] = small - 10 * tenth;
      small = tenth;
    } while (small > 0);
    while (count > 0) this.bytes[this.length++] = ZERO + DIGITS[--count]!;
    return this;
  }

  /** 64 bits as a string, `"0x1f"`. */
  hex(low: number, high: number): this {
    this.#comma(20);
    const { bytes } = this;
    bytes[this.length++] = QUOTE;
    bytes[this.length++] = ZERO;
    bytes[this.length++] = 0x78;
    const digits = high === 0 ? Math.max(1, 8 - (Math.clz32(low) >>> 2)) : 16 - (Math.clz32(high) >>> 2);
    this.length += digits;
    let rest = low;
    for (let nth = 1; nth <= digits; nth++) {
      if (nth === 9) rest = high;
      bytes[this.length - nth] = HEXADECIMAL[rest & 15]!;
      rest >>>= 4;
    }
    bytes[this.length++] = QUOTE;
    return this;
  }

  text(value: string): this {
    const quoted = ENCODER.encode(JSON.stringify(value));
    this.#comma(quoted.byteLength);
    this.bytes.set(quoted, this.length);
    this.length += quoted.byteLength;
    return this;
  }

  symbol(name: string): this {
    return this.text(name);
  }

  /** Text of a recording: invalid UTF-8 becomes U+FFFD, as everywhere. */
  textOf(from: Uint8Array, start: number, end: number): this {
    this.#comma(end - start + 2);
    const { bytes } = this;
    const begun = this.length;
    bytes[this.length++] = QUOTE;
    for (let at = start; at < end; at++) {
      const byte = from[at]!;
      if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) {
        this.length = begun;
        this.#isDue = false;
        return this.text(UTF8.decode(from.subarray(start, end)));
      }
      bytes[this.length++] = byte;
    }
    bytes[this.length++] = QUOTE;
    return this;
  }

  #comma(more: number): void {
    this.ensure(more + 1);
    if (this.#isDue) this.bytes[this.length++] = COMMA;
    this.#isDue = true;
  }
}

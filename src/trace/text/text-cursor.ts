// SPDX-License-Identifier: MIT

const BLANKS = 0x2020_2020;
const LOWEST = 0x0101_0101;
const HIGHEST = 0x8080_8080;

/** Value of each byte as a digit, 255 for none: a branch for letters would be mispredicted at every other digit. */
const HEX_DIGITS = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) HEX_DIGITS[digit.toString(16).charCodeAt(0)] = digit;

/** Four to eight bytes of a line, as its first and its last four. */
export interface Literal {
  readonly first: number;
  readonly last: number;
  readonly length: number;
}

/** @param text of four to eight ASCII characters. */
export function literal(text: string): Literal {
  const view = new DataView(ascii(text).buffer);
  return { first: view.getInt32(0), last: view.getInt32(text.length - 4), length: text.length };
}

/** Steps through one line of bytes without making strings. Every method leaves the cursor unchanged if it fails. */
export class TextCursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Starts at `bytes[at, end)`. */
  open(bytes: Uint8Array, at: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.at = at;
    this.end = end;
  }

  literal({ first, last, length }: Literal): boolean {
    const { at } = this;
    const view = this.#view;
    const next = at + length;
    if (next > this.end || view.getInt32(at) !== first || view.getInt32(next - 4) !== last) return false;
    this.at = next;
    return true;
  }

  /** A decimal number, or -1. Beyond 2^53 it is rounded. */
  decimal(): number {
    const { bytes, end } = this;
    let { at } = this;
    let value = 0;
    for (; at < end; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === this.at) return -1;
    this.at = at;
    return value;
  }

  /** A hexadecimal number in lower case without 0x, or -1. Beyond 2^53 it is rounded. */
  hex(): number {
    const { bytes, end } = this;
    let { at } = this;
    let value = 0;
    for (; at < end; at++) {
      const digit = HEX_DIGITS[bytes[at]!]!;
      if (digit > 15) break;
      value = value * 16 + digit;
    }
    if (at === this.at) return -1;
    this.at = at;
    return value;
  }

  /** `0x` and a hexadecimal number, or a decimal one; -1 for neither. */
  number(): number {
    if (this.bytes[this.at] === 0x30 && this.bytes[this.at + 1] === 0x78 && this.at + 2 < this.end) {
      this.at += 2;
      const value = this.hex();
      if (value < 0) this.at -= 2;
      return value;
    }
    return this.decimal();
  }

  /**
   * A number as option `fields` prints it, `0x1f (31)`, or `(31)` for a single byte; -1 for anything else. The first
   * one is the value; the second must only be present, up to its bracket.
   */
  field(): number {
    const start = this.at;
    const { bytes, end } = this;
    if (bytes[start] !== 0x30) return this.#byteField();
    this.at += 2;
    const value = bytes[start + 1] === 0x78 ? this.hex() : -1;
    let { at } = this;
    if (value >= 0 && at + 2 < end && bytes[at] === 0x20 && bytes[at + 1] === 0x28 /* ( */) {
      at += 2;
      const digits = at;
      while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
      if (at > digits && at < end && bytes[at] === 0x29 /* ) */) {
        this.at = at + 1;
        return value;
      }
    }
    this.at = start;
    return -1;
  }

  #byteField(): number {
    const start = this.at;
    if (this.bytes[start] === 0x28 /* ( */) {
      this.at++;
      const value = this.decimal();
      if (value >= 0 && this.at < this.end && this.bytes[this.at] === 0x29 /* ) */) {
        this.at++;
        return value;
      }
    }
    this.at = start;
    return -1;
  }

  /** Steps past the next blank; false if there is none. */
  skipWord(): boolean {
    const { bytes, end } = this;
    const view = this.#view;
    let { at } = this;
    for (; at + 4 <= end; at += 4) {
      const zeroed = view.getInt32(at) ^ BLANKS;
      if (((zeroed - LOWEST) & ~zeroed & HIGHEST) !== 0) break;
    }
    for (; at < end; at++) {
      if (bytes[at] !== 0x20) continue;
      this.at = at + 1;
      return true;
    }
    return false;
  }
}

const ENCODER = new TextEncoder();
export const ascii = (text: string): Uint8Array => ENCODER.encode(text);

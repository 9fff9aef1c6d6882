// SPDX-License-Identifier: MIT

/** Steps through one line of bytes without making strings. Every method leaves the cursor alone if it fails. */
export class TextCursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  literal(expected: Uint8Array): boolean {
    const { bytes, at } = this;
    const { length } = expected;
    if (at + length > this.end) return false;
    for (let index = 0; index < length; index++) if (bytes[at + index] !== expected[index]) return false;
    this.at = at + length;
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
      const byte = bytes[at]!;
      let digit = byte - 0x30;
      if (digit > 9) {
        digit = byte - 0x57;
        if (digit < 10) break;
      }
      if (digit < 0 || digit > 15) break;
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

  /** Steps behind the next blank; false where there is none. */
  skipWord(): boolean {
    const { bytes, end } = this;
    for (let { at } = this; at < end; at++) {
      if (bytes[at] !== 0x20) continue;
      this.at = at + 1;
      return true;
    }
    return false;
  }
}

const ENCODER = new TextEncoder();
export const ascii = (text: string): Uint8Array => ENCODER.encode(text);

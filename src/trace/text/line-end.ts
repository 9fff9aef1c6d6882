// SPDX-License-Identifier: MIT

const NUL = 0x00;
const NEWLINE = 0x0a;
/** In each byte of a word: one more than a newline, and the highest bit. */
const BEYOND = 0x0b0b_0b0b;
const HIGHEST = 0x8080_8080;

/**
 * Finds the ends of lines, and whether a line has a NUL. Lines are some hundred bytes long: testing eight bytes at once
 * takes half the time of `indexOf`, which is mostly call overhead (bench/line-end.ts).
 *
 * Subtracting more than a newline from each byte of a word borrows into a highest bit that was not set if a byte is a
 * newline or less, a NUL among them: one test for both. It shows that a word has such a byte, for any byte order, and
 * not which.
 */
export class LineEnds {
  /** Whether the bytes of the last {@link next} contain a NUL. */
  hasNul = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Int32Array = new Int32Array(0);

  /** @param bytes to search; the first one is at a multiple of four in its buffer. */
  open(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  }

  /** Position of the first newline in `[from, end)` of the bytes, or -1. */
  next(from: number, end: number): number {
    const bytes = this.#bytes;
    const words = this.#words;
    this.hasNul = false;
    let at = from;
    for (; (at & 3) !== 0 && at < end; at++) {
      const byte = bytes[at]!;
      if (byte === NEWLINE) return at;
      if (byte === NUL) this.hasNul = true;
    }
    if (at >= end) return -1;
    let word = at >> 2;
    const last = (end >> 2) - 1;
    do {
      for (; word < last; word += 2) {
        const one = words[word]!;
        const other = words[word + 1]!;
        if (((((one - BEYOND) & ~one) | ((other - BEYOND) & ~other)) & HIGHEST) !== 0) break;
      }
      at = word << 2;
      for (const stop = word < last ? at + 8 : end; at < stop; at++) {
        const byte = bytes[at]!;
        if (byte > NEWLINE) continue;
        if (byte === NEWLINE) return at;
        if (byte === NUL) this.hasNul = true;
      }
      word += 2;
    } while (at < end);
    return -1;
  }
}

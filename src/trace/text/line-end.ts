// SPDX-License-Identifier: MIT

const NEWLINE = 0x0a;
/** A newline in each byte of a word, the lowest bit of each byte, and the highest. */
const NEWLINES = 0x0a0a_0a0a;
const LOWEST = 0x0101_0101;
const HIGHEST = 0x8080_8080;

/**
 * The words that {@link newlineFrom} looks at.
 * @param bytes whose first one is at a multiple of four in its buffer.
 */
export const wordsOf = (bytes: Uint8Array): Int32Array =>
  new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);

/**
 * Where the first newline in `bytes[from, end)` is, or -1. Lines are some hundred bytes long: eight of them at once
 * are looked at in half the time that `indexOf` takes, most of which is the way into it (bench/line-end.ts).
 *
 * A word has a newline if, with every newline made a zero, taking one from each byte borrows into a highest bit that was
 * not set. This says of a word that one of its bytes is a newline, whatever the machine's byte order, and not which.
 * @param words of the same bytes, as {@link wordsOf} gives them.
 */
export function newlineFrom(bytes: Uint8Array, words: Int32Array, from: number, end: number): number {
  let at = from;
  for (; (at & 3) !== 0 && at < end; at++) if (bytes[at] === NEWLINE) return at;
  let word = at >> 2;
  for (const last = (end >> 2) - 1; word < last; word += 2) {
    const one = words[word]! ^ NEWLINES;
    const other = words[word + 1]! ^ NEWLINES;
    if (((((one - LOWEST) & ~one) | ((other - LOWEST) & ~other)) & HIGHEST) !== 0) break;
  }
  for (at = Math.max(at, word << 2); at < end; at++) if (bytes[at] === NEWLINE) return at;
  return -1;
}

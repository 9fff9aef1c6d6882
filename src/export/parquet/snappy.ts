// SPDX-License-Identifier: MIT

/** A block is compressed on its own: copies reach back less than 64 KB, so that two bytes hold a distance. */
const BLOCK_BYTES = 1 << 16;
const HASH_BITS = 14;
/** A match is looked for with four bytes; the last ones of a block are always literals. */
const MARGIN = 15;

/** Longest output for an input of so many bytes: a length, and a tag for each block of literals. */
export const maxSnappyBytes = (length: number): number => 32 + length + Math.ceil(length / 6);

const TABLE = new Uint16Array(1 << HASH_BITS);

/**
 * Compresses by the Snappy format (google/snappy, format_description.txt), as Parquet has it: a length, literals, copies.
 * @param into room for {@link maxSnappyBytes}.
 * @returns the number of written bytes.
 */
export function snappy(bytes: Uint8Array, length: number, into: Uint8Array): number {
  let out = varint(into, 0, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < length; start += BLOCK_BYTES)
    out = block(bytes, view, start, Math.min(start + BLOCK_BYTES, length), into, out);
  return out;
}

function block(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  into: Uint8Array,
  written: number,
): number {
  let out = written;
  let literal = start;
  const limit = end - MARGIN;
  if (limit > start) {
    TABLE.fill(0);
    let at = start + 1;
    // Looks at fewer places the longer nothing was found: what does not compress costs little.
    let skip = 32;
    while (at < limit) {
      const word = view.getInt32(at, true);
      const hash = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
      const candidate = start + TABLE[hash]!;
      TABLE[hash] = at - start;
      if (view.getInt32(candidate, true) !== word || candidate >= at) {
        at += skip++ >>> 5;
        continue;
      }
      skip = 32;
      if (at > literal) out = literals(bytes, literal, at, into, out);
      let match = at + 4;
      let source = candidate + 4;
      while (match + 4 <= end && view.getInt32(match, true) === view.getInt32(source, true)) {
        match += 4;
        source += 4;
      }
      while (match < end && bytes[match] === bytes[source]) {
        match++;
        source++;
      }
      out = copy(match - at, at - candidate, into, out);
      at = match;
      literal = match;
      if (at < limit) TABLE[Math.imul(view.getInt32(at - 1, true), 0x1e35a7bd) >>> (32 - HASH_BITS)] = at - 1 - start;
    }
  }
  return literal < end ? literals(bytes, literal, end, into, out) : out;
}

function literals(bytes: Uint8Array, from: number, to: number, into: Uint8Array, written: number): number {
  let out = written;
  const length = to - from - 1;
  if (length < 60) into[out++] = length << 2;
  else if (length < 0x100) {
    into[out++] = 60 << 2;
    into[out++] = length;
  } else {
    into[out++] = 61 << 2;
    into[out++] = length & 0xff;
    into[out++] = length >>> 8;
  }
  // Short ones byte by byte: a view costs more.
  if (to - from <= 32) for (let at = from; at < to; at++) into[out++] = bytes[at]!;
  else {
    into.set(bytes.subarray(from, to), out);
    out += to - from;
  }
  return out;
}

/** Copies have at most 64 bytes each; what is left has at least four. */
function copy(bytes: number, distance: number, into: Uint8Array, written: number): number {
  let out = written;
  let length = bytes;
  while (length >= 68) {
    into[out++] = 0b1111_1110;
    into[out++] = distance & 0xff;
    into[out++] = distance >>> 8;
    length -= 64;
  }
  if (length > 64) {
    into[out++] = (59 << 2) | 2;
    into[out++] = distance & 0xff;
    into[out++] = distance >>> 8;
    length -= 60;
  }
  if (length < 12 && distance < 2048) {
    into[out++] = ((distance >>> 8) << 5) | ((length - 4) << 2) | 1;
    into[out++] = distance & 0xff;
  } else {
    into[out++] = ((length - 1) << 2) | 2;
    into[out++] = distance & 0xff;
    into[out++] = distance >>> 8;
  }
  return out;
}

/** Writes a number as ULEB128. @returns the place behind it. */
export function varint(into: Uint8Array, at: number, value: number): number {
  let place = at;
  let rest = value;
  while (rest > 0x7f) {
    into[place++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[place++] = rest;
  return place;
}

// SPDX-License-Identifier: MIT
import { varint } from './snappy.ts';

/** Equal values from which a run is shorter than bits. */
const SHORTEST_RUN = 8;

/** Bits of each value up to `most`. */
export const bitWidthOf = (most: number): number => 32 - Math.clz32(most);

/** Room for so many values of {@link hybrid}. */
export const maxHybridBytes = (count: number, bitWidth: number): number =>
  16 + count * 2 + ((count + 8) * bitWidth) / 8;

/**
 * Parquet's RLE/bit-packing hybrid: runs of equal values, and groups of eight values of `bitWidth` bits each.
 * @returns the place behind what was written.
 */
export function hybrid(
  values: Uint8Array | Uint32Array,
  count: number,
  bitWidth: number,
  into: Uint8Array,
  at: number,
): number {
  let out = at;
  let packedFrom = 0;
  let row = 0;
  while (row < count) {
    const value = values[row]!;
    let end = row + 1;
    while (end < count && values[end] === value) end++;
    if (end - row < SHORTEST_RUN) {
      row = Math.min(count, row + 8);
      continue;
    }
    if (row > packedFrom) out = packed(values, packedFrom, row, bitWidth, into, out);
    out = varint(into, out, (end - row) << 1);
    for (let bits = 0; bits < bitWidth; bits += 8) into[out++] = value >>> bits;
    row = end;
    packedFrom = end;
  }
  return row > packedFrom ? packed(values, packedFrom, row, bitWidth, into, out) : out;
}

/** Groups of eight; the last one is filled up with zeros. */
function packed(
  values: Uint8Array | Uint32Array,
  from: number,
  to: number,
  bitWidth: number,
  into: Uint8Array,
  at: number,
): number {
  const groups = (to - from + 7) >>> 3;
  let out = varint(into, at, (groups << 1) | 1);
  let bits = 0;
  let held = 0;
  for (let row = from; row < from + 8 * groups; row++) {
    held |= (row < to ? values[row]! : 0) << bits;
    bits += bitWidth;
    while (bits >= 8) {
      into[out++] = held;
      held >>>= 8;
      bits -= 8;
    }
  }
  return out;
}

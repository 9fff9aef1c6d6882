// SPDX-License-Identifier: MIT
import type { TraceSummary } from '../../trace/index.ts';

const FNV_OFFSET = 0xcbf2_9ce4_8422_2325n;
const FNV_PRIME = 0x100_0000_01b3n;
/** 2^64 divided by the golden ratio, odd: multiples of it lie far apart. */
const STEP = 0x9e37_79b9_7f4a_7c15n;

/** FNV-1a, 64 bits. */
function hash(text: string, from: bigint): bigint {
  let value = from;
  for (let at = 0; at < text.length; at++)
    value = BigInt.asUintN(64, (value ^ BigInt(text.charCodeAt(at))) * FNV_PRIME);
  return value;
}

/**
 * Numbers of tracks and flows: the same for the same recording, and others for another, because traces of several writers may be
 * put together.
 */
export class Uuids {
  readonly #seed: bigint;

  constructor({ format, from, to, events, recordedOn }: TraceSummary) {
    this.#seed = hash(`folioscope ${format} ${from} ${to} ${events} ${recordedOn}`, FNV_OFFSET);
  }

  /** Never 0, which is Perfetto's own track. */
  of(path: string): bigint {
    return hash(path, this.#seed) || 1n;
  }
}

/** The number of a part of a track's many. */
export const nth = (uuid: bigint, number: number | bigint): bigint =>
  BigInt.asUintN(64, uuid + (BigInt(number) + 1n) * STEP) || 1n;

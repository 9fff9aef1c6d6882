// SPDX-License-Identifier: MIT
import * as zlib from 'node:zlib';
import type { Pack } from '../trace/index.ts';
import type { Native } from './native.ts';

/**
 * The best available packer: Node's own (22.15), libzstd, or frames without compression, which every reader unpacks.
 * @example
 * import { zstdPacker } from 'folioscope/live';
 * zstdPacker({ zstd: undefined }).pack(new Uint8Array(3)).subarray(0, 4); // => Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd])
 */
export function zstdPacker(native: Pick<Native, 'zstd'>): {
  readonly pack: Pack;
  readonly by: string;
  /** Without compression. */
  readonly isStored: boolean;
} {
  if ('zstdCompressSync' in zlib && typeof zlib.zstdCompressSync === 'function') {
    const compress: unknown = zlib.zstdCompressSync;
    if (isPack(compress)) return { pack: (bytes) => compress(bytes), by: "Node's zlib", isStored: false };
  }
  const library = native.zstd;
  if (library !== undefined) return { pack: library, by: 'libzstd', isStored: false };
  return { pack: storedFrame, by: 'frames without compression', isStored: true };
}

const isPack = (value: unknown): value is Pack => typeof value === 'function';

/** Largest block of a zstd frame. */
const BLOCK_BYTES = 128 * 1024;

/** A zstd frame (RFC 8878) of raw blocks. */
export function storedFrame(bytes: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(bytes.byteLength / BLOCK_BYTES));
  const frame = new Uint8Array(4 + 1 + 8 + 3 * blocks + bytes.byteLength);
  const view = new DataView(frame.buffer);
  view.setUint32(0, 0xfd2f_b528, true);
  // Single segment, content size in 8 bytes, no checksum.
  view.setUint8(4, 0b1110_0000);
  view.setBigUint64(5, BigInt(bytes.byteLength), true);
  let at = 13;
  for (let block = 0; block < blocks; block++) {
    const part = bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    const header = (part.byteLength << 3) | (block === blocks - 1 ? 1 : 0);
    view.setUint16(at, header & 0xffff, true);
    view.setUint8(at + 2, header >> 16);
    frame.set(part, at + 3);
    at += 3 + part.byteLength;
  }
  return frame;
}

// SPDX-License-Identifier: MIT
import { ZSTDDecoder } from 'zstddec';
import { InputError } from '../../ledger/index.ts';
import { withoutFetch } from '../without-fetch.ts';

/**
 * Unpacks `data` into exactly `size` bytes.
 * @returns undefined where the data are damaged.
 */
export type Inflate = (data: Uint8Array, size: number) => Promise<Uint8Array | undefined>;

/**
 * No chunk or section is larger unpacked: the largest section, kallsyms, has some MB, a chunk has ten pages. It bounds
 * what a damaged size can make us allocate.
 */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;

/**
 * The unpacker for a compression that a v7 file names; undefined for `none`.
 * @throws InputError for any other name.
 */
export async function inflaterFor(where: string, compression: string): Promise<Inflate | undefined> {
  switch (compression) {
    case 'none':
      return undefined;
    case 'zstd':
      return bounded(await zstdInflater());
    case 'zlib':
      return bounded(zlibInflate);
    default:
      throw new InputError(
        `${where}: compressed with ${JSON.stringify(compression)}; none, zlib and zstd can be read ` +
          `('trace-cmd convert --compression none' writes the first)`,
      );
  }
}

const bounded =
  (inflate: Inflate): Inflate =>
  (data, size) =>
    size > MAX_UNPACKED_BYTES ? Promise.resolve(undefined) : inflate(data, size);

async function zstdInflater(): Promise<Inflate> {
  const decoder = new ZSTDDecoder();
  await withoutFetch(() => decoder.init());
  return (data, size) => {
    if (size === 0) return Promise.resolve(undefined); // the decoder would ask the frame, which has no size in it
    try {
      const unpacked = decoder.decode(data, size);
      return Promise.resolve(unpacked.byteLength === size ? unpacked : undefined);
    } catch {
      return Promise.resolve(undefined); // a trap of the WebAssembly code: damaged data
    }
  };
}

/** The platform's own unpacker; `deflate` is its name for the zlib wrapping. */
async function zlibInflate(data: Uint8Array, size: number): Promise<Uint8Array | undefined> {
  const unpacked = new Uint8Array(size);
  let filled = 0;
  try {
    const copy = new Uint8Array(data); // the source may hand out shared memory, which a Blob does not take
    const packed: ReadableStream<Uint8Array> = new Blob([copy]).stream();
    const stream: ReadableStream<Uint8Array> = packed.pipeThrough(new DecompressionStream('deflate'));
    for await (const piece of stream) {
      if (filled + piece.byteLength > size) return undefined;
      unpacked.set(piece, filled);
      filled += piece.byteLength;
    }
  } catch {
    return undefined;
  }
  return filled === size ? unpacked : undefined;
}

// SPDX-License-Identifier: MIT
import { InputError } from '../../ledger/index.ts';
import { withoutFetch } from '../without-fetch.ts';

/**
 * Unpacks `data` into exactly `size` bytes. The caller bounds `size`: that much is allocated, whatever the data are.
 * @returns undefined if the data are damaged.
 */
export type Inflate = (data: Uint8Array, size: number) => Promise<Uint8Array | undefined>;

/**
 * The unpacker for the compression named in a v7 file; undefined for `none`.
 * @throws InputError for any other name.
 */
export async function inflaterFor(where: string, compression: string): Promise<Inflate | undefined> {
  switch (compression) {
    case 'none':
      return undefined;
    case 'zstd':
      return zstdInflater();
    case 'zlib':
      return zlibInflate;
    default:
      throw new InputError(
        `${where}: compressed with ${JSON.stringify(compression)}, expected none, zlib or zstd ` +
          `('trace-cmd convert --compression none' writes the first)`,
      );
  }
}

async function zstdInflater(): Promise<Inflate> {
  const { ZSTDDecoder } = await import('zstddec');
  const decoder = new ZSTDDecoder();
  await withoutFetch(() => decoder.init());
  return (data, size) => {
    if (size === 0) return Promise.resolve(undefined); // the decoder would read the size from the frame, which has none
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
    const copy = new Uint8Array(data); // the source may return shared memory, which a Blob does not accept
    const packed = new Blob([copy]).stream();
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

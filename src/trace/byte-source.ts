// SPDX-License-Identifier: MIT

/**
 * Random access to a recording's bytes. The caller implements it (the command line over a file, the page over a
 * `Blob`), so the readers run wherever JavaScript does.
 */
export interface ByteSource {
  /** Name for messages: the file's name as the user gave it. */
  readonly name: string;
  /** In bytes; constant while the source is read. */
  readonly size: number;
  /**
   * The bytes from `offset` on: `length` of them, or fewer (at least one) if the source prefers it or ends. The reader
   * does not write to the array.
   * @param into an array of at least `length` bytes that the reader no longer needs: a source that must copy may fill
   * it and return a part of it, which saves memory.
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
}

/** A source over bytes in memory. */
export const memorySource = (name: string, bytes: Uint8Array): ByteSource => ({
  name,
  size: bytes.byteLength,
  read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
});

/** A part of a source, as far as it exists. */
export const partOf = (source: ByteSource, from: number, size: number): ByteSource => ({
  name: source.name,
  size: Math.max(0, Math.min(size, source.size - from)),
  read: (offset, length, into) => source.read(from + offset, Math.min(length, size - offset), into),
});

/**
 * Exactly the bytes `[offset, offset + length)` as far as the source has them, however small its pieces are.
 * @param into an array of at least `length` bytes that may be overwritten and returned.
 */
export async function readFully(
  source: ByteSource,
  offset: number,
  length: number,
  into?: Uint8Array,
): Promise<Uint8Array> {
  const wanted = Math.max(0, Math.min(length, source.size - offset));
  if (wanted === 0) return new Uint8Array(0);
  const first = await source.read(offset, wanted, into);
  if (first.byteLength >= wanted) return first.subarray(0, wanted);
  const all = new Uint8Array(wanted);
  let filled = 0;
  for (let piece = first; piece.byteLength > 0; piece = await source.read(offset + filled, wanted - filled)) {
    all.set(piece.subarray(0, wanted - filled), filled);
    filled += Math.min(piece.byteLength, wanted - filled);
    if (filled === wanted) break;
  }
  return all.subarray(0, filled);
}

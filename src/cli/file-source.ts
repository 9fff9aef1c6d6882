// SPDX-License-Identifier: MIT
import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { InputError } from '../ledger/index.ts';
import type { ByteSource, ByteStream } from '../trace/index.ts';
import { reasonOf } from './failure.ts';

/** Something to read that is to be closed. */
interface Closing {
  close(): Promise<void>;
}

/**
 * A regular file as a {@link ByteSource}, or standard input as a {@link ByteStream} for `-`.
 * @throws InputError where the file cannot be read.
 */
export async function openSource(path: string): Promise<(ByteSource | ByteStream) & Closing> {
  return path === '-' ? { name: 'standard input', pieces: process.stdin, close: async () => {} } : openFileSource(path);
}

async function openFileSource(path: string): Promise<ByteSource & Closing> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const stats = await file.stat();
    if (!stats.isFile())
      throw new InputError(
        `${path}: ${stats.isDirectory() ? 'is a directory' : 'is not a regular file'}, expected a recording`,
      );
    return source(path, file, stats.size);
  } catch (error) {
    await file?.close();
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}

const source = (name: string, file: FileHandle, size: number): ByteSource & Closing => ({
  name,
  size,
  // A command has nothing else to do meanwhile, and the way through the thread pool takes longer than a block.
  read: (offset, length, into) =>
    new Promise((resolve) => {
      const wanted = Math.max(0, Math.min(length, size - offset));
      resolve(readNow(name, file, offset, into?.subarray(0, wanted) ?? new Uint8Array(wanted)));
    }),
  close: () => file.close(),
});

function readNow(name: string, file: FileHandle, offset: number, bytes: Uint8Array): Uint8Array {
  try {
    return bytes.subarray(0, bytes.byteLength === 0 ? 0 : readSync(file.fd, bytes, 0, bytes.byteLength, offset));
  } catch (error) {
    throw new InputError(`${name}: cannot be read at byte ${offset}: ${reasonOf(error)}`);
  }
}

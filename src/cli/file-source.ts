// SPDX-License-Identifier: MIT
import { readSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { InputError } from '../ledger/index.ts';
import type { ByteSource, ByteStream } from '../trace/index.ts';
import { complain, reasonOf, UsageError } from './failure.ts';

/** An input that must be closed. */
interface Closing {
  close(): Promise<void>;
}

/**
 * A regular file as a {@link ByteSource}; an input that can be read only once as a {@link ByteStream}: `-` for standard
 * input, a named pipe, and files of tracefs, which report a size of 0.
 * @throws InputError if the file cannot be read.
 */
export const openSource = (path: string): Promise<(ByteSource | ByteStream) & Closing> =>
  path === '-' ? Promise.resolve(streamSource('standard input', process.stdin)) : openFileSource(path);

/** @throws UsageError for what can be read only once; InputError for an empty file. */
export function expectFile(path: string, input: ByteSource | ByteStream): asserts input is ByteSource {
  if ('size' in input) return;
  if (path !== '-' && statSync(path).isFile())
    throw new InputError(`${path}: is empty; if it is a file of tracefs, copy it first`);
  throw new UsageError(`${path}: is read more than once, expected a file: save what comes from a pipe first`);
}

async function openFileSource(path: string): Promise<(ByteSource | ByteStream) & Closing> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const stats = await file.stat();
    if (stats.isFIFO() || (stats.isFile() && stats.size === 0)) return streamSource(path, file.createReadStream());
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

/**
 * An input that is read once, from the first byte. The first Ctrl-C ends it, so that the data read so far is answered,
 * as for an endless trace_pipe; the second Ctrl-C acts as usual.
 */
function streamSource(name: string, stream: Readable): ByteStream & Closing {
  const bytes: AsyncIterable<Uint8Array> = stream;
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
    complain(`${name}: interrupted; the answer covers what was read so far`);
    stream.destroy();
  };
  const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    process.once('SIGINT', interrupt);
    try {
      yield* bytes;
    } catch (error) {
      if (!isInterrupted) throw new InputError(`${name}: cannot be read: ${reasonOf(error)}`);
    } finally {
      process.off('SIGINT', interrupt);
    }
  };
  return {
    name,
    pieces: pieces(),
    close: () => {
      stream.destroy();
      return Promise.resolve();
    },
  };
}

const source = (name: string, file: FileHandle, size: number): ByteSource & Closing => ({
  name,
  size,
  // The command has no other work meanwhile, and the thread pool would take longer than reading a block.
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

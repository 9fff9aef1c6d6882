// SPDX-License-Identifier: MIT
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { atSignal } from './at-signal.ts';
import { placeOf, writing } from './whole-file.ts';

/** A file that is being written. */
export interface WrittenFile {
  /** Folder of the finished file; undefined for a device or a pipe. */
  readonly folder: string | undefined;
  /** @param at place of the bytes; undefined: behind those before. */
  write(bytes: Uint8Array, at?: number): void;
}

/**
 * A file that is there whole or not at all: it gets its name when it is complete, and a signal removes what there is of it. A
 * device or a pipe is written as it comes.
 */
export async function writeTo<Result>(to: string, write: (file: WrittenFile) => Promise<Result>): Promise<Result> {
  const place = writing(to, () => placeOf(to));
  const file = writing(to, () => openSync(place.written, place.written === place.final ? 'w' : 'wx'));
  const remove = (): void => {
    if (place.written !== place.final) rmSync(place.written, { force: true });
  };
  const keep = atSignal(remove);
  try {
    const result = await write({
      folder: place.written === place.final ? undefined : dirname(place.final),
      write: (bytes, at) => writing(to, () => writeWhole(file, bytes, at)),
    });
    if (place.written !== place.final) writing(to, () => renameSync(place.written, place.final));
    return result;
  } finally {
    keep();
    closeSync(file);
    remove();
  }
}

function writeWhole(file: number, bytes: Uint8Array, at?: number): void {
  for (let done = 0; done < bytes.byteLength; )
    done += writeSync(file, bytes, done, bytes.byteLength - done, at === undefined ? null : at + done);
}

// SPDX-License-Identifier: MIT
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** Replaces a file. @param toDisk waits until it would survive a crash of the machine. */
export function writeParts(path: string, parts: readonly Uint8Array[], toDisk: boolean): void {
  const file = openSync(path, 'w');
  try {
    for (const part of parts) for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
    if (toDisk) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

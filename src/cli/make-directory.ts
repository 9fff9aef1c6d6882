// SPDX-License-Identifier: MIT
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory, and those above it, where they are missing. Node's own way to do so never ends where the system says that a new
 * one is missing, as /proc does.
 */
export function makeDirectory(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  // What stands below a file is missing to Node 24, where Node 20 says why: ENOTDIR.
  if (found !== undefined) throw Object.assign(new Error(`${path} is no directory`), { code: 'ENOTDIR' });
  makeDirectory(dirname(resolve(path)));
  try {
    mkdirSync(path);
  } catch (error) {
    // Somebody else has made it meanwhile.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

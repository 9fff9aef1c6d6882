// SPDX-License-Identifier: MIT
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory, and missing parents. Node's own recursive mkdir() never ends if the system reports a new directory as
 * missing, as /proc does.
 */
export function makeDirectory(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  // A path below a file is ENOENT in Node 24; Node 20 gives the reason: ENOTDIR.
  if (found !== undefined) throw Object.assign(new Error(`${path} is no directory`), { code: 'ENOTDIR' });
  makeDirectory(dirname(resolve(path)));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process has made it meanwhile.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

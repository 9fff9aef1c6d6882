// SPDX-License-Identifier: MIT
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory, and those above it, where they are missing. Node's own way to do so never ends where the system says that a new
 * one is missing, as /proc does.
 * @param path an absolute one.
 */
export function makeDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

// SPDX-License-Identifier: MIT
// The repository's root and files, for the scripts beside this one.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, whatever directory a script was started from. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage']);

/**
 * Every TypeScript and module source below `root/folder`, as sorted paths relative to `root`. Files that git ignores and hidden
 * folders are left out; a missing folder has no files.
 * @param {string} root
 * @param {string} [folder]
 * @returns {string[]}
 */
export function sourceFiles(root, folder = '.') {
  /** @type {string[]} */
  const found = [];
  /** @param {string} directory */
  const walk = (directory) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && !NOT_OURS.has(entry.name) && !entry.name.startsWith('.')) walk(path);
      else if (entry.isFile() && /\.(ts|tsx|mts|mjs)$/.test(entry.name)) found.push(relative(root, path));
    }
  };
  try {
    walk(join(root, folder));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  return found.toSorted();
}

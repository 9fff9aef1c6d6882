// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** In a directory of checkpoints: by file of the question, a hash of what it said when the check was begun. */
export const ASKED = 'asked.json';

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

/**
 * Notes in a directory of checkpoints what the files of a question say, where nothing is noted yet.
 * @param files the scenario's, and those of forms.
 */
export function noteFiles(directory: string, files: readonly string[]): void {
  const path = join(directory, ASKED);
  if (!existsSync(path))
    writeFileSync(path, `${JSON.stringify(Object.fromEntries(files.map((file) => [file, hashOf(file)])))}\n`);
}

/** Those of the files that say something else than when the check was begun. */
export function changedFiles(directory: string, files: readonly string[]): readonly string[] {
  const path = join(directory, ASKED);
  if (!existsSync(path)) return [];
  const noted: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof noted !== 'object' || noted === null) return [];
  const before = new Map<string, unknown>(Object.entries(noted));
  return files.filter((file) => before.has(file) && before.get(file) !== hashOf(file));
}

// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** File in a directory of checkpoints: for each file of the question, a hash of its content when the check began. */
export const ASKED = 'asked.json';

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

/**
 * Records in a directory of checkpoints the content of a question's files, if it is not recorded yet.
 * @param files the scenario's, and those of forms.
 */
export function noteFiles(directory: string, files: readonly string[]): void {
  const path = join(directory, ASKED);
  if (!existsSync(path))
    writeFileSync(path, `${JSON.stringify(Object.fromEntries(files.map((file) => [file, hashOf(file)])))}\n`);
}

/** The files that have changed since the check began. */
export function changedFiles(directory: string, files: readonly string[]): readonly string[] {
  const path = join(directory, ASKED);
  if (!existsSync(path)) return [];
  const noted: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof noted !== 'object' || noted === null) return [];
  const before = new Map<string, unknown>(Object.entries(noted));
  return files.filter((file) => before.has(file) && before.get(file) !== hashOf(file));
}

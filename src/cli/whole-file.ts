// SPDX-License-Identifier: MIT
import { accessSync, constants, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { reasonOf, UsageError } from './failure.ts';

/** Where a file is written, and the name that it gets when it is complete; equal for a device or a pipe. */
interface Place {
  readonly written: string;
  readonly final: string;
}

/** The place of a file that is there whole or not at all. */
export function placeOf(to: string): Place {
  const stats = statSync(to, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isFile()) return { written: to, final: to };
  const final = stats === undefined ? to : realpathSync(to);
  return { written: join(dirname(final), `.${basename(final)}.unfinished-${process.pid}`), final };
}

/** @throws UsageError with the reason if the file cannot be written. */
export function writing<Result>(to: string, write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    throw new UsageError(`${to}: cannot be written: ${reasonOf(error)}`);
  }
}

/** Asks before long work whether a file can be written. @throws UsageError with the reason. */
export function expectWritable(to: string): void {
  writing(to, () => {
    const { written, final } = placeOf(to);
    if (written !== final) accessSync(dirname(final), constants.W_OK | constants.X_OK);
    else if (statSync(to).isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
  });
}

/** Writes a text to a file, whole or not at all. @throws UsageError with the reason if it cannot. */
export function writeWhole(to: string, text: string): void {
  writing(to, () => {
    const { written, final } = placeOf(to);
    if (written === final) return writeFileSync(to, text);
    try {
      writeFileSync(written, text, { flag: 'wx' });
      renameSync(written, final);
    } finally {
      rmSync(written, { force: true });
    }
  });
}

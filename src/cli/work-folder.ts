// SPDX-License-Identifier: MIT
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { atSignal } from './at-signal.ts';

/** A folder for one run's files. It is removed at the end or by Ctrl-C, or by a later run if this one is killed. */
export class WorkFolder {
  readonly path: string;
  readonly #keep: () => void;

  /**
   * @param within an existing folder. @param prefix of the folder's name, followed by the process's number.
   * @throws Error of Node if it cannot be made.
   */
  constructor(within: string, prefix: string) {
    for (const name of readdirSync(within)) {
      if (!name.startsWith(prefix)) continue;
      const [, pid] = /^(\d+)-/.exec(name.slice(prefix.length)) ?? [];
      if (pid !== undefined && !isRunning(Number(pid))) removeOr(join(within, name));
    }
    this.path = mkdtempSync(join(within, `${prefix}${process.pid}-`));
    this.#keep = atSignal(() => rmSync(this.path, { recursive: true, force: true }));
  }

  remove(): void {
    this.#keep();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A folder of another user is left alone. */
function removeOr(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    if (!isCode(error, 'EACCES') && !isCode(error, 'EPERM')) throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isCode(error, 'ESRCH');
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

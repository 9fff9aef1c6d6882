// SPDX-License-Identifier: MIT
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Attempts to take over what a dead process has left, where others try the same. */
const MOST_TRIES = 10;

const MOMENT_MS = 100;

/** Somebody else has what was to be taken. */
export class InUseError extends Error {
  override readonly name = 'InUseError';
  /** The process that has it. */
  readonly pid: number;

  constructor(pid: number) {
    super(`in use by process ${pid}`);
    this.pid = pid;
  }
}

/**
 * Makes a file that says which process has what lies beside it. One of a process that has died, however it did, is
 * taken over.
 * @throws InUseError where a process that runs has it. @throws Error of the system where it cannot be made.
 */
export function takeOwnership(file: string): void {
  const own = identityOf(process.pid);
  for (let nth = 0; ; nth++) {
    try {
      // Of two that come at once, one fails here.
      writeFileSync(file, own, { flag: 'wx' });
      return;
    } catch (error) {
      if (!isCode(error, 'EEXIST') || nth === MOST_TRIES) throw error;
    }
    const other = writtenBy(file);
    if (other === undefined) continue;
    if (isAlive(other)) throw new InUseError(pidOf(other));
    removeStale(file, other);
  }
}

/** What stands in a file, which whoever has just made it writes in the next moment. */
function writtenBy(file: string): string | undefined {
  const text = readIfThere(file);
  if (text !== '') return text;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MOMENT_MS);
  return readIfThere(file);
}

/** Gives it back. */
export function giveUpOwnership(file: string): void {
  if (readIfThere(file) === identityOf(process.pid)) rmSync(file, { force: true });
}

/** Removes a file of a dead process, unless somebody has put his own there meanwhile. */
function removeStale(file: string, stale: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  try {
    if (readIfThere(aside) !== stale) linkSync(aside, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** A process's number with what tells it from a later one of the same number, where the system says that (Linux). */
function identityOf(pid: number): string {
  // The name of the program, in parentheses, may hold anything; field 22 is when the process began.
  const stat = readIfThere(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  // One that has died and that nobody has waited for yet has a number, and nothing else any more.
  const began = fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : (fields[19] ?? '');
  const boot = readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${pid} ${boot} ${began}`;
}

const pidOf = (identity: string): number => Number.parseInt(identity, 10);

/** Whether the process that wrote `identity` runs still, also as another user's. */
function isAlive(identity: string): boolean {
  const pid = pidOf(identity);
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!isCode(error, 'EPERM')) return false;
  }
  // A number alone is all that is known where the system does not say more.
  return identity.trim() === String(pid) || identityOf(pid) === identity;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

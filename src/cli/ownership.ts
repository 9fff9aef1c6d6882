// SPDX-License-Identifier: MIT
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Attempts to take over a dead process's file while others try the same. */
const MOST_TRIES = 10;

const MOMENT_MS = 100;

/** Another process owns it. */
export class InUseError extends Error {
  override readonly name = 'InUseError';
  /** The process that owns it. */
  readonly pid: number;

  constructor(pid: number) {
    super(`in use by process ${pid}`);
    this.pid = pid;
  }
}

/**
 * Creates a file that names the owner of what lies beside it. The file of a dead process is taken over.
 * @throws InUseError if a running process owns it. @throws Error of the system if it cannot be created.
 */
export function takeOwnership(file: string): void {
  const own = identityOf(process.pid);
  for (let nth = 0; ; nth++) {
    try {
      // Of two processes at the same time, one fails here.
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

/** The content of a file, which its creator writes a moment after creating it. */
function writtenBy(file: string): string | undefined {
  const text = readIfThere(file);
  if (text !== '') return text;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MOMENT_MS);
  return readIfThere(file);
}

/** Releases the ownership. */
export function giveUpOwnership(file: string): void {
  if (readIfThere(file) === identityOf(process.pid)) rmSync(file, { force: true });
}

/** Removes a dead process's file, unless another process has replaced it meanwhile. */
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

/**
 * A process's number, with what distinguishes it from a later one with the same number, if the system shows it (Linux).
 */
function identityOf(pid: number): string {
  // The program's name, in parentheses, may contain anything; field 22 is the start time of the process.
  const stat = readIfThere(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  // A zombie has only its number.
  const began = fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : (fields[19] ?? '');
  const boot = readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${pid} ${boot} ${began}`;
}

const pidOf = (identity: string): number => Number.parseInt(identity, 10);

/** Whether the process that wrote `identity` still runs, also as another user's. */
function isAlive(identity: string): boolean {
  const pid = pidOf(identity);
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!isCode(error, 'EPERM')) return false;
  }
  // If the system shows no more, the number decides.
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

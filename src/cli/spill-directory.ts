// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, type Store, StoreFullError } from '../check/index.ts';
import { reasonOf, UsageError } from './failure.ts';
import { makeDirectory } from './make-directory.ts';
import { InUseError, takeOwnership } from './ownership.ts';
import { writeParts } from './write-parts.ts';

/** Holds the number of the process whose states the directory has. */
const OWNER = 'folioscope-spill';
/** Names that `SpillMemory` gives. */
const OURS = /^seen-\d+-\d+$/;

/**
 * A directory for states that memory does not hold. It is made where it is missing, and one process's at a time; what a process
 * that was killed has left there is removed.
 */
export class SpillDirectory implements Store {
  readonly #path: string;
  readonly #isMade: boolean;

  /** @throws UsageError where it cannot be written, holds what is not ours, or is in use. */
  constructor(path: string) {
    this.#path = path;
    if (existsSync(path) && !statSync(path).isDirectory())
      throw new UsageError(`${path}: not a directory, which --spill needs`);
    this.#isMade = !existsSync(path);
    try {
      makeDirectory(path);
      this.#take();
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`${path}: cannot be used by --spill: ${reasonOf(error)}`);
    }
  }

  #take(): void {
    const names = readdirSync(this.#path);
    if (names.some((name) => name !== OWNER && !OURS.test(name)) || (names.length > 0 && !names.includes(OWNER)))
      throw new UsageError(`${this.#path} holds other files: name an empty directory, or a new one, for --spill`);
    try {
      takeOwnership(join(this.#path, OWNER));
    } catch (error) {
      if (!(error instanceof InUseError)) throw error;
      throw new UsageError(`${this.#path} is in use by process ${error.pid}: name another directory for --spill`);
    }
    // What a process has left that was killed.
    this.clear();
  }

  /** Removes the states. @throws CheckpointError where they cannot be removed. */
  clear(): void {
    this.#removing(() => {
      for (const name of readdirSync(this.#path)) if (OURS.test(name)) rmSync(join(this.#path, name));
    });
  }

  /** Removes all that was made. @throws CheckpointError where it cannot be removed. */
  close(): void {
    this.clear();
    this.#removing(() => {
      rmSync(join(this.#path, OWNER), { force: true });
      if (this.#isMade && readdirSync(this.#path).length === 0) rmdirSync(this.#path);
    });
  }

  #removing(work: () => void): void {
    // Somebody else may have removed it.
    if (!existsSync(this.#path)) return;
    try {
      work();
    } catch (error) {
      throw new CheckpointError(`${this.#path} cannot be removed: ${reasonOf(error)}`);
    }
  }

  isDue(): boolean {
    return false;
  }

  write(name: string, parts: readonly Uint8Array[]): void {
    try {
      writeParts(join(this.#path, name), parts, false);
    } catch (error) {
      if (isFull(error)) throw new StoreFullError(`${this.#path} is full`);
      throw new CheckpointError(`${this.#path} cannot be written: ${reasonOf(error)}`);
    }
  }

  read(name: string): Uint8Array | undefined {
    const path = join(this.#path, name);
    try {
      return existsSync(path) ? readFileSync(path) : undefined;
    } catch (error) {
      throw new CheckpointError(`${this.#path} cannot be read: ${reasonOf(error)}`);
    }
  }
}

/** Whether there is no room, by the disk's size, the user's share of it, or the limit on a file's. */
const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String(error.code));

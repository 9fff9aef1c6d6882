// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, type Store, StoreFullError } from '../check/index.ts';
import { reasonOf, UsageError } from './failure.ts';
import { makeDirectory } from './make-directory.ts';
import { InUseError, takeOwnership } from './ownership.ts';
import { writeParts } from './write-parts.ts';

/** File with the number of the process that owns the directory's states. */
const OWNER = 'folioscope-spill';
/** Names of files from `SpillMemory`. */
const OURS = /^seen-\d+-\d+$/;

/**
 * A directory for states that do not fit into memory. It is created if it is missing, and belongs to one process at a
 * time; the files of a killed process are removed.
 */
export class SpillDirectory implements Store {
  readonly #path: string;
  readonly #isMade: boolean;
  readonly #tell: (why: string) => void;

  /**
   * @param tell called with the reason if it can no longer be written or removed.
   * @throws UsageError if it cannot be written, holds other files, or is in use.
   */
  constructor(path: string, tell: (why: string) => void) {
    this.#path = path;
    this.#tell = tell;
    if (existsSync(path) && !statSync(path).isDirectory())
      throw new UsageError(`${path}: not a directory; --spill needs one`);
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
    // Files of a killed process.
    this.clear();
  }

  /** Removes the states. @throws CheckpointError if they cannot be removed. */
  clear(): void {
    this.#removing(() => {
      for (const name of readdirSync(this.#path)) if (OURS.test(name)) rmSync(join(this.#path, name));
    });
  }

  /** Removes everything that was created. If that fails, it is reported: the answer stands. */
  close(): void {
    try {
      this.#close();
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      this.#tell(error.message);
    }
  }

  #close(): void {
    this.clear();
    this.#removing(() => {
      rmSync(join(this.#path, OWNER), { force: true });
      if (this.#isMade && readdirSync(this.#path).length === 0) rmdirSync(this.#path);
    });
  }

  #removing(work: () => void): void {
    // Another process may have removed it.
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
      // A full or read-only disk: the states in memory are known all the same.
      const message = `${this.#path} cannot be written: ${reasonOf(error)}`;
      this.#tell(message);
      throw new StoreFullError(message);
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

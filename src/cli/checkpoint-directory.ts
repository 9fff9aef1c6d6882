// SPDX-License-Identifier: MIT
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CheckpointError, type Store } from '../check/index.ts';
import { reasonOf } from './failure.ts';
import { makeDirectory } from './make-directory.ts';
import { writeParts } from './write-parts.ts';

/**
 * A directory that holds a checkpoint. It is made where it is missing, and belongs to one search at a time.
 * @param every seconds between two writings, at least; a level that is found meanwhile waits in memory.
 * @throws CheckpointError where the directory cannot be made, read or written.
 */
export class CheckpointDirectory implements Store {
  readonly #path: string;
  readonly #every: number;
  #written = performance.now();

  constructor(path: string, every = 10) {
    this.#path = path;
    this.#every = every * 1000;
    this.#said('cannot be made', () => {
      makeDirectory(resolve(path));
    });
  }

  /** Whether there is something to go on from. */
  get isBegun(): boolean {
    return existsSync(join(this.#path, 'index.json'));
  }

  isDue(): boolean {
    const now = performance.now();
    if (now - this.#written < this.#every) return false;
    this.#written = now;
    return true;
  }

  write(name: string, parts: readonly Uint8Array[]): void {
    const path = join(this.#path, name);
    this.#said('cannot be written', () => {
      writeParts(`${path}.new`, parts, true);
      renameSync(`${path}.new`, path);
    });
  }

  read(name: string): Uint8Array | undefined {
    const path = join(this.#path, name);
    return this.#said('cannot be read', () => (existsSync(path) ? readFileSync(path) : undefined));
  }

  #said<T>(trouble: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new CheckpointError(`${this.#path} ${trouble}: ${reasonOf(error)}`);
    }
  }
}

// SPDX-License-Identifier: MIT
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, type Store, UnwrittenError } from '../check/index.ts';
import { reasonOf } from './failure.ts';
import { makeDirectory } from './make-directory.ts';
import { writeParts } from './write-parts.ts';

/**
 * A directory that holds a checkpoint. It is created if it is missing, and belongs to one search at a time.
 * @param every shortest time between two writes in seconds; a level that is found meanwhile waits in memory.
 * @throws UnwrittenError if the directory cannot be created or written. @throws CheckpointError if it cannot be read.
 */
export class CheckpointDirectory implements Store {
  readonly #path: string;
  readonly #every: number;
  #written = performance.now();

  constructor(path: string, every = 10) {
    this.#path = path;
    this.#every = every * 1000;
    this.#said('cannot be made', () => {
      makeDirectory(path);
    });
  }

  /** Whether there is a checkpoint to resume from. */
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

  #said<T>(trouble: 'cannot be made' | 'cannot be written' | 'cannot be read', work: () => T): T {
    try {
      return work();
    } catch (error) {
      const message = `${this.#path} ${trouble}: ${reasonOf(error)}`;
      throw trouble === 'cannot be read' ? new CheckpointError(message) : new UnwrittenError(message);
    }
  }
}

/** A store that also reports why it cannot be written. */
export const telling = (store: Store, tell: (why: string) => void): Store => ({
  isDue: () => store.isDue(),
  read: (name) => store.read(name),
  write: (name, parts) => {
    try {
      store.write(name, parts);
    } catch (error) {
      if (error instanceof UnwrittenError) tell(error.message);
      throw error;
    }
  },
});

/** A store for a directory that cannot be created: a small search needs no checkpoint. */
export const neverWritten = (error: UnwrittenError): Store => ({
  isDue: () => false,
  read: () => undefined,
  write: () => {
    throw error;
  },
});

// SPDX-License-Identifier: MIT
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CheckpointError, type Store } from '../check/index.ts';
import { reasonOf } from './failure.ts';

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
      const file = openSync(`${path}.new`, 'w');
      try {
        for (const part of parts) for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
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

/** Node's own way to make all directories of a path never ends where the system says that a new one is missing, as /proc does. */
function makeDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

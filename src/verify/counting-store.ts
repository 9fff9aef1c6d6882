// SPDX-License-Identifier: MIT
import type { Store } from '../check/index.ts';

/** A store that counts the bytes written to it. */
export class CountingStore implements Store {
  readonly #store: Store;
  /** Bytes written in total. */
  written = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  write(name: string, parts: readonly Uint8Array[]): void {
    this.#store.write(name, parts);
    for (const part of parts) this.written += part.byteLength;
  }

  read(name: string): Uint8Array | undefined {
    return this.#store.read(name);
  }

  isDue(): boolean {
    return this.#store.isDue();
  }
}

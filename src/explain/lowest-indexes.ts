// SPDX-License-Identifier: MIT
import type { FolioIndex } from '../ledger/index.ts';

/** Number of indexes that are kept sorted; refilled from all when too few of them are left. */
const MOST_KEPT = 4096;

/** Number of indexes of a changing set below one, as long as it is small, without sorting the set at each change. */
export class LowestIndexes {
  readonly #all: ReadonlyMap<FolioIndex, unknown>;
  /** The lowest of all, rising. */
  #kept: FolioIndex[] = [];
  /** Whether `#kept` has all of them. */
  #complete = true;

  /** @param all the set; {@link add} and {@link delete} record its changes after they were made. */
  constructor(all: ReadonlyMap<FolioIndex, unknown>) {
    this.#all = all;
  }

  add(index: FolioIndex): void {
    const last = this.#kept.at(-1);
    if (!this.#complete && (last === undefined || index > last)) return;
    const place = this.#placeOf(index);
    if (this.#kept[place] === index) return;
    this.#kept.splice(place, 0, index);
    if (this.#kept.length <= MOST_KEPT) return;
    this.#kept.pop();
    this.#complete = false;
  }

  delete(index: FolioIndex): void {
    const place = this.#placeOf(index);
    if (this.#kept[place] === index) this.#kept.splice(place, 1);
  }

  /** Number of indexes below `index`, but no more than `most`. */
  below(index: FolioIndex, most: number): number {
    if (!this.#complete && this.#kept.length < most) this.#refill();
    return Math.min(most, this.#placeOf(index));
  }

  #refill(): void {
    const sorted = [...this.#all.keys()].toSorted((a, b) => a - b);
    this.#complete = sorted.length <= MOST_KEPT;
    this.#kept = sorted.slice(0, MOST_KEPT);
  }

  /** Position of `index`, or of the place for it. */
  #placeOf(index: FolioIndex): number {
    let low = 0;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#kept[middle] ?? index) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

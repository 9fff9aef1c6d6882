// SPDX-License-Identifier: MIT
import { type Nanoseconds, nanoseconds } from '../../ledger/index.ts';
import type { Gap } from '../gap.ts';

/** Earlier than any time of a recording, which has 64 bits. */
const BEFORE_ALL = nanoseconds(-(1n << 64n));

/** Times at which a delete may have been lost. */
export class Losses {
  /** By rising end; those without an end last. */
  readonly #ends: readonly (Nanoseconds | undefined)[];
  /** For each, the earliest begin of it and of the later ones. */
  readonly #begins: readonly Nanoseconds[];

  constructor(gaps: readonly Gap[]) {
    const sorted = gaps.toSorted((a, b) => byEnd(a.to, b.to));
    this.#ends = sorted.map(({ to }) => to);
    const begins: Nanoseconds[] = [];
    let earliest: Nanoseconds | undefined;
    for (const { from = BEFORE_ALL } of sorted.toReversed()) {
      if (earliest === undefined || from < earliest) earliest = from;
      begins.push(earliest);
    }
    this.#begins = begins.toReversed();
  }

  /** Time from which a folio last seen at `seenAt` may be gone; undefined if nothing was lost after that. */
  after(seenAt: Nanoseconds): Nanoseconds | undefined {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const end = this.#ends[middle];
      if (end !== undefined && end <= seenAt) low = middle + 1;
      else high = middle;
    }
    const begin = this.#begins[low];
    if (begin === undefined) return undefined;
    return begin > seenAt ? begin : nanoseconds(seenAt + 1n);
  }
}

function byEnd(a: Nanoseconds | undefined, b: Nanoseconds | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a < b ? -1 : 1;
}

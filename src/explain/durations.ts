// SPDX-License-Identifier: MIT
import { type Nanoseconds, nanoseconds } from '../ledger/index.ts';

/** Number of durations that are stored exactly; beyond it only the number in each class. */
const MOST_EXACT = 1024;
/** Classes of a power of two: a percentile of many durations is less than 1/128 too high. */
const CLASSES_OF_POWER = 128;

/** Upper limits of the histogram, in nanoseconds: 1 us to 10 s by powers of ten. */
const LIMITS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10] as const;

/** Number of durations below a limit, and not below the previous one. */
export interface HistogramRow {
  /** Undefined for those at or above the last limit. */
  readonly below: Nanoseconds | undefined;
  readonly count: number;
}

/** Many durations in bounded memory: up to some thousand exactly, beyond that the percentiles to within 1 %. */
export class Durations {
  #exact: number[] | undefined = [];
  readonly #classes = new Map<number, number>();
  readonly #rows = Array.from({ length: LIMITS.length + 1 }, () => 0);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  get max(): Nanoseconds | undefined {
    return this.#count === 0 ? undefined : nanoseconds(BigInt(this.#max));
  }

  /** @param duration nanoseconds; a negative one, from clocks of two CPUs that differ, counts as 0. */
  add(duration: bigint): void {
    const ns = duration > 0n ? Number(duration) : 0;
    this.#count++;
    this.#max = Math.max(this.#max, ns);
    const row = LIMITS.findIndex((limit) => ns < limit);
    const place = row < 0 ? LIMITS.length : row;
    this.#rows[place] = (this.#rows[place] ?? 0) + 1;
    if (this.#exact !== undefined && this.#exact.length < MOST_EXACT) {
      this.#exact.push(ns);
      return;
    }
    for (const early of this.#exact ?? []) this.#classify(early);
    this.#exact = undefined;
    this.#classify(ns);
  }

  /** The least duration that `share` of all do not exceed (nearest rank); undefined if there is none. */
  percentile(share: number): Nanoseconds | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    if (this.#exact !== undefined) {
      const sorted = this.#exact.toSorted((a, b) => a - b);
      return nanoseconds(BigInt(sorted[rank - 1] ?? this.#max));
    }
    let seen = 0;
    for (const [at, count] of [...this.#classes].toSorted(([a], [b]) => a - b)) {
      seen += count;
      if (seen >= rank) return nanoseconds(BigInt(Math.min(this.#max, largestOf(at))));
    }
    return this.max;
  }

  /** From the first row that has some to the last. */
  histogram(): readonly HistogramRow[] {
    const first = this.#rows.findIndex((count) => count > 0);
    const last = this.#rows.findLastIndex((count) => count > 0);
    if (first < 0) return [];
    return this.#rows.slice(first, last + 1).map((count, number) => {
      const limit = LIMITS[first + number];
      return { below: limit === undefined ? undefined : nanoseconds(BigInt(limit)), count };
    });
  }

  #classify(ns: number): void {
    const at = classOf(ns);
    this.#classes.set(at, (this.#classes.get(at) ?? 0) + 1);
  }
}

/** Numbers below {@link CLASSES_OF_POWER} have a class each, and every power of two has as many classes. */
function classOf(ns: number): number {
  if (ns < CLASSES_OF_POWER) return ns;
  const power = Math.floor(Math.log2(ns / CLASSES_OF_POWER));
  return CLASSES_OF_POWER * (power + 1) + Math.floor(ns / 2 ** power) - CLASSES_OF_POWER;
}

function largestOf(at: number): number {
  if (at < CLASSES_OF_POWER) return at;
  const power = Math.floor(at / CLASSES_OF_POWER) - 1;
  return ((at % CLASSES_OF_POWER) + CLASSES_OF_POWER + 1) * 2 ** power - 1;
}

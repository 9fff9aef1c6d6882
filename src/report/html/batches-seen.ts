// SPDX-License-Identifier: MIT
import type { FolioStory, HiddenTime } from '../../explain/index.ts';

/** A folio's stays in one CPU's batch, in columns: there may be millions. Times in nanoseconds after `begin`. */
export interface Stays {
  readonly from: readonly number[];
  /** Infinity: it still waits at the end. */
  readonly to: readonly number[];
  /** Page index. */
  readonly index: readonly number[];
  /** Whether it certainly waits: 1; otherwise it may wait: 0. */
  readonly sure: readonly number[];
}

/** What a drawing needs of a recording's batches. */
export interface Batches {
  /** Time from which others are counted. */
  readonly begin: bigint;
  /** By rising CPU. */
  readonly cpus: ReadonlyMap<number, { readonly stays: Stays; readonly flushes: readonly number[] }>;
  readonly hidden: readonly HiddenTime[];
}

interface Growing {
  readonly from: number[];
  readonly to: number[];
  readonly index: number[];
  readonly sure: number[];
  readonly flushes: Set<number>;
}

/**
 * Collects who waited in which batch from the folios that `readHistory()` delivers, in any order. It keeps numbers only, no
 * name of a task.
 */
export class BatchesSeen {
  readonly #of: ReadonlySet<string> | undefined;
  readonly #cpus = new Map<number, Growing>();
  #begin: bigint | undefined;

  /** @param of names of the inodes to keep, as {@link inodeKey} has them; undefined: all. */
  constructor(of: ReadonlySet<string> | undefined) {
    this.#of = of;
  }

  /** A folio with its whole life. */
  folio = ({ dev, ino, index, spans, flush }: FolioStory): void => {
    if (this.#of?.has(inodeKey({ dev, ino })) === false) return;
    const stays: { cpu: number; sure: number; from: bigint; to: bigint | undefined }[] = [];
    for (const { from, to, folio } of spans)
      for (const { kind, cpu } of folio.holders) {
        if (kind !== 'lru-add-batch' || cpu === undefined) continue;
        const sure = folio.strength === 'unknown' ? 0 : 1;
        // A span also ends where another holder changes.
        const before = stays.find((one) => one.cpu === cpu && one.sure === sure && one.to === from);
        if (before === undefined) stays.push({ cpu, sure, from, to });
        else before.to = to;
      }
    for (const { cpu, sure, from, to } of stays) {
      const growing = this.#at(cpu);
      growing.from.push(this.#offset(from));
      growing.to.push(to === undefined ? Number.POSITIVE_INFINITY : this.#offset(to));
      growing.index.push(index);
      growing.sure.push(sure);
    }
    if (flush !== undefined) this.#at(flush.cpu).flushes.add(this.#offset(flush.first));
  };

  /** What was collected. @param hidden losses that may hide folios. */
  batches(hidden: readonly HiddenTime[]): Batches {
    const cpus = [...this.#cpus].toSorted(([a], [b]) => a - b);
    return {
      begin: this.#begin ?? 0n,
      cpus: new Map(
        cpus.map(([cpu, { flushes, ...stays }]) => [cpu, { stays, flushes: [...flushes].toSorted((a, b) => a - b) }]),
      ),
      hidden,
    };
  }

  #at(cpu: number): Growing {
    const known = this.#cpus.get(cpu);
    if (known !== undefined) return known;
    const made: Growing = { from: [], to: [], index: [], sure: [], flushes: new Set() };
    this.#cpus.set(cpu, made);
    return made;
  }

  /** Times of one recording differ by less than 2^53 ns, 104 days; beyond that a drawing is not that fine. */
  #offset(at: bigint): number {
    this.#begin ??= at;
    return Number(at - this.#begin);
  }
}

/** The name of an inode. */
export const inodeKey = ({ dev, ino }: { readonly dev: string; readonly ino: bigint }): string => `${dev}:${ino}`;

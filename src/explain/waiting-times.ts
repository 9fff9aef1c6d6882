// SPDX-License-Identifier: MIT
import { type Cpu, type FolioIndex, type Nanoseconds, nanoseconds } from '../ledger/index.ts';
import { PROFILES } from '../machine/index.ts';
import type { CpuDwell, DwellAnswer } from './answer.ts';
import { Durations } from './durations.ts';
import type { Generation } from './generation.ts';
import { LowestIndexes } from './lowest-indexes.ts';

const BATCH_SIZES: readonly number[] = [...new Set(PROFILES.map(({ batchSize }) => batchSize))];

/** Data about one CPU's batch. */
class OfCpu {
  /** Folios of the inode that wait in it and are in the page cache. */
  readonly waiting = new Set<Generation>();
  readonly dwell = new Durations();
  /**
   * For each batch size the time during which a conversion on this CPU would have passed although folios waited: they
   * were only in its own batch, and after the first batch of folios that the check reads. When it releases that batch
   * it drains its CPU (folio_batch_release(), facts of Linux 7.3).
   */
  readonly spared = BATCH_SIZES.map(() => 0n);
  /** Left the page cache while it waited. */
  gone = 0;
}

/**
 * Waiting times of folios of one inode in each batch, and the time during which a conversion of all of it would have
 * been refused.
 */
export class WaitingTimes {
  readonly #cpus = new Map<Cpu, OfCpu>();
  readonly #lowest: LowestIndexes;
  readonly #blind: ReadonlySet<Cpu>;
  #from: Nanoseconds | undefined = undefined;
  #upTo: Nanoseconds | undefined = undefined;
  #refused = 0n;
  #unknown = 0n;
  /**
   * Time during which nothing was known to wait; the part of it before the latest first flush of a CPU, and the part
   * before the end of the first round of drains.
   */
  #idle = 0n;
  #idleBeforeFlush = 0n;
  #idleBeforeDrain = 0n;

  /**
   * @param live the inode's folios in the page cache.
   * @param blind CPUs with lost events of their batches that have not flushed since, as of now.
   */
  constructor(live: ReadonlyMap<FolioIndex, unknown>, blind: ReadonlySet<Cpu>) {
    this.#lowest = new LowestIndexes(live);
    this.#blind = blind;
  }

  /** A folio entered the page cache. */
  added({ index }: Generation, at: Nanoseconds): void {
    this.account(at);
    this.#lowest.add(index);
  }

  enter(folio: Generation, cpu: Cpu, at: Nanoseconds): void {
    this.account(at);
    this.#of(cpu).waiting.add(folio);
  }

  /** A folio was inserted by the CPU in whose batch it was. */
  inserted(folio: Generation, cpu: Cpu, at: Nanoseconds): void {
    const { add, order, deletedAt } = folio;
    if (add === undefined || order > 0) return;
    this.forget(folio, at);
    if (deletedAt === undefined) this.#of(cpu).dwell.add(at - add.at);
  }

  /** A folio left the page cache. */
  deleted(folio: Generation, at: Nanoseconds): void {
    const { add, index } = folio;
    if (add !== undefined && this.#of(add.cpu).waiting.has(folio)) this.#of(add.cpu).gone++;
    this.forget(folio, at);
    this.#lowest.delete(index);
  }

  /** The place of a folio is unknown from here on. */
  forget(folio: Generation, at: Nanoseconds): void {
    this.account(at);
    if (folio.add !== undefined) this.#cpus.get(folio.add.cpu)?.waiting.delete(folio);
  }

  /** Adds the time since the last change to the present state. Call it before any change. */
  account(at: Nanoseconds): void {
    this.#from ??= at;
    const elapsed = this.#upTo === undefined ? 0n : at - this.#upTo;
    if (this.#upTo !== undefined && elapsed <= 0n) return;
    this.#upTo = at;
    const owners = [...this.#cpus].filter(([, { waiting }]) => waiting.size > 0);
    if (owners.length === 0) {
      if (this.#blind.size > 0) this.#unknown += elapsed;
      else this.#idle += elapsed;
      return;
    }
    this.#refused += elapsed;
    const [owner] = owners;
    if (owner === undefined || owners.length > 1 || this.#blind.size > 0) return;
    const [, { waiting, spared }] = owner;
    const first = lowestOf(waiting);
    if (first === undefined) return;
    for (const [place, size] of BATCH_SIZES.entries())
      if (this.#lowest.below(first, size) >= size) spared[place] = (spared[place] ?? 0n) + elapsed;
  }

  /** A CPU flushed its batch for the first time in the recording. */
  firstFlush(at: Nanoseconds): void {
    if (this.#upTo === undefined) return;
    this.account(at);
    this.#idleBeforeFlush = this.#idle;
  }

  /** A CPU was drained; the last call counts, which must be that of the first round's last CPU. */
  drained(at: Nanoseconds): void {
    if (this.#upTo === undefined) return;
    this.account(at);
    this.#idleBeforeDrain = this.#idle;
  }

  /**
   * @param end of the recording; `batchSize`: of the recorded kernel; `older`: if folios from before the recording may
   * have waited unseen, the end of that: all CPUs had flushed, or all were drained.
   */
  answer(
    { dev, ino }: Pick<DwellAnswer, 'dev' | 'ino'>,
    end: Nanoseconds,
    batchSize: number,
    older: { readonly areFlushed: boolean; readonly areDrained: boolean } | undefined,
  ): DwellAnswer {
    this.account(end);
    const hidden = older === undefined ? 0n : this.#hidden(older);
    const from = this.#from ?? end;
    // A damaged page may have a time after the last event's, which was then accounted for.
    const to = this.#upTo !== undefined && this.#upTo > end ? this.#upTo : end;
    const place = BATCH_SIZES.indexOf(batchSize);
    const cpus = [...this.#cpus]
      .toSorted(([a], [b]) => a - b)
      .map(
        ([cpu, { waiting, dwell, spared, gone }]): CpuDwell => ({
          cpu,
          folios: dwell.count,
          waiting: waiting.size,
          gone,
          p50: dwell.percentile(0.5),
          p90: dwell.percentile(0.9),
          p99: dwell.percentile(0.99),
          max: dwell.max,
          histogram: dwell.histogram(),
          refused: nanoseconds(this.#refused - (spared[place] ?? 0n)),
        }),
      );
    return {
      dev,
      ino,
      from,
      to,
      refused: nanoseconds(this.#refused),
      unknown: nanoseconds(this.#unknown),
      hidden: nanoseconds(hidden),
      cpus,
    };
  }

  #hidden({ areFlushed, areDrained }: { readonly areFlushed: boolean; readonly areDrained: boolean }): bigint {
    let hidden = this.#idle;
    if (areFlushed && this.#idleBeforeFlush < hidden) hidden = this.#idleBeforeFlush;
    if (areDrained && this.#idleBeforeDrain < hidden) hidden = this.#idleBeforeDrain;
    return hidden;
  }

  #of(cpu: Cpu): OfCpu {
    const known = this.#cpus.get(cpu);
    if (known !== undefined) return known;
    const made = new OfCpu();
    this.#cpus.set(cpu, made);
    return made;
  }
}

function lowestOf(folios: Iterable<Generation>): FolioIndex | undefined {
  let lowest: FolioIndex | undefined;
  for (const { index } of folios) if (lowest === undefined || index < lowest) lowest = index;
  return lowest;
}

// SPDX-License-Identifier: MIT
import type { Cpu, LruInsertion, Nanoseconds } from '../ledger/index.ts';
import { Flush } from './flush.ts';
import { Gap } from './gap.ts';
import type { Generation } from './generation.ts';

/** Insertions of one flush follow each other within microseconds; between flushes lies at least a page fault. */
const BURST_PAUSE = 20_000;

const CELL = new BigInt64Array(1);
/** The high half has a sign; two views, since the compiler takes a result of `>>> 0` for a small number until it is not. */
const SIGNED = new Int32Array(CELL.buffer);
const UNSIGNED = new Uint32Array(CELL.buffer);
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/**
 * A time as a number, exact to the nanosecond up to 104 days, then to a few: to subtract and compare bigints at each
 * insertion costs more than all else that is done with it.
 */
function roundedTime(at: Nanoseconds): number {
  CELL[0] = at;
  return (SIGNED[HIGH] ?? 0) * 0x1_0000_0000 + (UNSIGNED[1 - HIGH] ?? 0);
}

/** One CPU's lru_add batch, as far as events show what is in it: anonymous folios enter it unseen. */
export class CpuBatch {
  readonly cpu: Cpu;
  /** When the CPU first flushed it. */
  firstFlush: Nanoseconds | undefined = undefined;
  /** How many bursts of insertions there were of each length. */
  readonly bursts: number[] = [];
  /** Time of the CPU's latest event. */
  lastEvent: Nanoseconds | undefined = undefined;
  /** Folios of inodes that may be guest_memfd, in the order in which they came. */
  #waiting: Generation[] = [];
  readonly #openGaps: Gap[] = [];
  #burst = 0;
  /** Its time as {@link roundedTime} gives it. */
  #lastInsertion = Number.POSITIVE_INFINITY;
  /** The task whose insertions are one flush, as far as events show; undefined while none is going on. */
  #flusher: number | undefined = undefined;
  #flushFirst: Nanoseconds | undefined = undefined;
  #flushLast: Nanoseconds | undefined = undefined;
  /** The flush that is going on, once it has inserted a folio that is followed. */
  #flush: Flush | undefined = undefined;
  /** What it has inserted. */
  readonly #flushed: Generation[] = [];
  /** When the flush before the latest inserted its last folio. */
  #flushBefore: Nanoseconds | undefined = undefined;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
  }

  get waiting(): readonly Generation[] {
    return this.#waiting;
  }

  /**
   * @param size how many folios fill the batch.
   * @returns folios of which it is not known any more whether they wait.
   */
  enter(folio: Generation, at: Nanoseconds, size: number): readonly Generation[] {
    const doubtful = this.#waiting.length >= size ? this.#waiting : [];
    for (const old of doubtful) old.doubtedAt = at;
    if (doubtful.length > 0) this.#waiting = [];
    this.#waiting.push(folio);
    return doubtful;
  }

  /** When it inserted its last folio; undefined where it never did. */
  get lastFlush(): Nanoseconds | undefined {
    return this.#flushLast;
  }

  /** Followed folios of the flush that is going on or was the last: it may hold their references still. */
  get flushed(): readonly Generation[] {
    return this.#flushed;
  }

  /**
   * When this CPU's batch was last empty for sure, before the flush that is going on: what that inserts came in later.
   * Undefined where no flush was seen before.
   */
  get emptiedAt(): Nanoseconds | undefined {
    return this.#flusher === undefined ? this.#flushLast : this.#flushBefore;
  }

  /**
   * The flush that inserts a folio with the latest event.
   * @param folio undefined where its add was not seen.
   */
  flushOf(event: LruInsertion, folio?: Generation): Flush {
    const first = this.#flushFirst ?? event.at;
    this.#flush ??= new Flush(this.cpu, event.pid, first);
    const flush = this.#flush;
    flush.last = event.at;
    if (event.isPreemptible === true) flush.isPreemptible = true;
    if (folio === undefined) return flush;
    const { add } = folio;
    if (folio.insertion === undefined && add?.cpu === this.cpu && add.at < first) flush.lastSure = event.at;
    this.#flushed.push(folio);
    return flush;
  }

  /** The task whose flush is going on and may be preempted. */
  get preemptible(): number | undefined {
    return this.#flush?.isPreemptible === true ? this.#flusher : undefined;
  }

  /** Something happened on this CPU that no flush does: the one that was going on is over, unless another task preempts it. */
  endFlush(at: Nanoseconds, pid: number): void {
    if (this.#flusher === undefined || (this.#flusher !== pid && this.preemptible !== undefined)) return;
    this.#end(at);
  }

  #end(at: Nanoseconds): void {
    this.#flusher = undefined;
    if (this.#flush === undefined) return;
    this.#flush.over = at;
    this.#flush = undefined;
    this.#flushed.length = 0;
  }

  /** A folio was inserted by this CPU: it is flushing its batch. */
  flush({ at, pid }: LruInsertion): void {
    this.firstFlush ??= at;
    if (this.#flusher !== pid) {
      // Another flush of the same batch waits for its lock, with or without preemption.
      if (this.#flusher !== undefined) this.#end(at);
      this.#flusher = pid;
      this.#flushBefore = this.#flushLast;
      this.#flushFirst = at;
    }
    this.#flushLast = at;
    if (this.#flush !== undefined) this.#flush.last = at;
    if (this.#openGaps.length > 0) this.#closeGaps(at);
    const now = roundedTime(at);
    if (now - this.#lastInsertion > BURST_PAUSE) this.endBurst();
    this.#burst++;
    this.#lastInsertion = now;
  }

  #closeGaps(at: Nanoseconds): void {
    for (const gap of this.#openGaps) gap.flushedAt = at;
    this.#openGaps.length = 0;
  }

  /** Takes out a folio that was inserted, and the dead ones before it: a flush frees those without an insertion. */
  leave(folio: Generation): void {
    const place = this.#waiting.indexOf(folio);
    if (place < 0) return;
    this.#waiting = this.#waiting.filter((other, index) =>
      index < place ? other.deletedAt === undefined : index > place,
    );
  }

  /** Events of this CPU were lost up to `to`. */
  lose(buffer: string | undefined, to: Nanoseconds | undefined): Gap {
    const gap = new Gap(this.cpu, buffer, this.lastEvent, to);
    // What one buffer of a recording lost, another may have.
    const hidden = this.#waiting.filter(({ add }) => add?.buffer === buffer);
    for (const folio of hidden) folio.gap ??= gap;
    this.#waiting = this.#waiting.filter((folio) => !hidden.includes(folio));
    this.#openGaps.push(gap);
    this.endBurst();
    return gap;
  }

  /** Something else happened on this CPU, or the recording ended: what is inserted next is another flush. */
  endBurst(): void {
    if (this.#burst === 0) return;
    this.bursts[this.#burst] = (this.bursts[this.#burst] ?? 0) + 1;
    this.#burst = 0;
  }
}

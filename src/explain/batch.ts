// SPDX-License-Identifier: MIT
import type { Cpu, LruInsertion, Nanoseconds } from '../ledger/index.ts';
import { Flush, latestEndOf } from './flush.ts';
import { Gap } from './gap.ts';
import type { Generation } from './generation.ts';

/** Insertions of one flush follow each other within microseconds; at least a page fault lies between flushes. */
const BURST_PAUSE = 20_000;

const CELL = new BigInt64Array(1);
/**
 * The high half has a sign; two views, since V8 assumes a small number for a result of `>>> 0` until the first that is
 * not.
 */
const SIGNED = new Int32Array(CELL.buffer);
const UNSIGNED = new Uint32Array(CELL.buffer);
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/**
 * A time as a number, exact to the nanosecond up to 104 days, then to a few. Subtracting and comparing bigints at each
 * insertion would cost more than all other work on it.
 */
function roundedTime(at: Nanoseconds): number {
  CELL[0] = at;
  return (SIGNED[HIGH] ?? 0) * 0x1_0000_0000 + (UNSIGNED[1 - HIGH] ?? 0);
}

/** One CPU's lru_add batch, as far as events show its content: no event shows that an anonymous folio enters it. */
export class CpuBatch {
  readonly cpu: Cpu;
  /** Time of the CPU's first flush. */
  firstFlush: Nanoseconds | undefined = undefined;
  /** Number of bursts of insertions of each length. */
  readonly bursts: number[] = [];
  /** Time of the CPU's latest event. */
  lastEvent: Nanoseconds | undefined = undefined;
  /** Folios of inodes that may be guest_memfd, in the order of arrival. */
  #waiting: Generation[] = [];
  readonly #openGaps: Gap[] = [];
  #burst = 0;
  /** Its time by {@link roundedTime}. */
  #lastInsertion = Number.POSITIVE_INFINITY;
  /** The task whose insertions are one flush, as far as events show; undefined without a flush in progress. */
  #flusher: number | undefined = undefined;
  #flushFirst: Nanoseconds | undefined = undefined;
  #flushLast: Nanoseconds | undefined = undefined;
  /** When the first of the recording was over. */
  #firstEnd: Nanoseconds | undefined = undefined;
  /** The flush in progress, once it has inserted a tracked folio. */
  #flush: Flush | undefined = undefined;
  /** The folios that it has inserted. */
  readonly #flushed: Generation[] = [];
  /** Time of the last insertion of the flush before the latest. */
  #flushBefore: Nanoseconds | undefined = undefined;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
  }

  get waiting(): readonly Generation[] {
    return this.#waiting;
  }

  /**
   * @param size number of folios that fill the batch.
   * @returns folios whose waiting is now unknown.
   */
  enter(folio: Generation, at: Nanoseconds, size: number): readonly Generation[] {
    const doubtful = this.#waiting.length >= size ? this.#waiting : [];
    for (const old of doubtful) old.doubtedAt = at;
    if (doubtful.length > 0) this.#waiting = [];
    this.#waiting.push(folio);
    return doubtful;
  }

  /** Time of its last insertion; undefined if there was none. */
  get lastFlush(): Nanoseconds | undefined {
    return this.#flushLast;
  }

  /** End of its first flush: from then on the batch holds nothing that it held when the recording began. Undefined: never. */
  get flushedFrom(): Nanoseconds | undefined {
    if (this.#flushLast === undefined) return undefined;
    return this.#firstEnd ?? latestEndOf(this.#flushLast);
  }

  /** Tracked folios of the flush in progress, or of the last one: it may still hold their references. */
  get flushed(): readonly Generation[] {
    return this.#flushed;
  }

  /**
   * The last time at which this CPU's batch was certainly empty, before the flush in progress: its folios arrived
   * later. Undefined if no flush was recorded before.
   */
  get emptiedAt(): Nanoseconds | undefined {
    return this.#flusher === undefined ? this.#flushLast : this.#flushBefore;
  }

  /**
   * The flush that inserts a folio with the latest event.
   * @param folio undefined without a recorded add.
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

  /** The task of the flush in progress, which may be preempted. */
  get preemptible(): number | undefined {
    return this.#flush?.isPreemptible === true ? this.#flusher : undefined;
  }

  /** An event on this CPU outside a flush: the flush in progress has ended, unless another task preempts it. */
  endFlush(at: Nanoseconds, pid: number): void {
    if (this.#flusher === undefined || (this.#flusher !== pid && this.preemptible !== undefined)) return;
    this.#end(at);
  }

  #end(at: Nanoseconds): void {
    this.#firstEnds(at);
    this.#flusher = undefined;
    if (this.#flush === undefined) return;
    this.#flush.over = at;
    this.#flush = undefined;
    this.#flushed.length = 0;
  }

  /** Records the end of the first flush: `at`, or an earlier time if `at` is long after its last insertion. */
  #firstEnds(at: Nanoseconds): void {
    if (this.#firstEnd !== undefined || this.#flushLast === undefined) return;
    const latest = latestEndOf(this.#flushLast);
    this.#firstEnd = latest < at && this.preemptible === undefined ? latest : at;
  }

  /** A folio was inserted by this CPU: it is flushing its batch. */
  flush({ at, pid }: LruInsertion): void {
    this.firstFlush ??= at;
    if (this.#firstEnd === undefined && this.#flushLast !== undefined && at >= latestEndOf(this.#flushLast))
      this.#firstEnds(at);
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

  /**
   * Removes a folio that was inserted, and the deleted ones before it: a flush frees those without an insertion (since 7.2, not
   * in 6.18).
   */
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
    // Another buffer of the recording may have the events that this one lost.
    const hidden = this.#waiting.filter(({ add }) => add?.buffer === buffer);
    for (const folio of hidden) folio.gap ??= gap;
    this.#waiting = this.#waiting.filter((folio) => !hidden.includes(folio));
    this.#openGaps.push(gap);
    this.endBurst();
    return gap;
  }

  /** Another event on this CPU, or the end of the recording: the next insertion belongs to another flush. */
  endBurst(): void {
    if (this.#burst === 0) return;
    this.bursts[this.#burst] = (this.bursts[this.#burst] ?? 0) + 1;
    this.#burst = 0;
  }
}

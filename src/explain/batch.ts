// SPDX-License-Identifier: MIT
import type { Cpu, Nanoseconds } from '../ledger/index.ts';
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

/** Events of a CPU that were lost, and for how long that hides what its batch holds. */
export class Gap {
  readonly cpu: Cpu;
  readonly buffer: string | undefined;
  /** The last event before it; undefined where there is none. */
  readonly from: Nanoseconds | undefined;
  /** The first event after it; undefined where there is none. */
  readonly to: Nanoseconds | undefined;
  /** The CPU's first flush after it: whatever entered the batch unseen has left it. */
  flushedAt: Nanoseconds | undefined = undefined;

  constructor(cpu: Cpu, buffer: string | undefined, from: Nanoseconds | undefined, to: Nanoseconds | undefined) {
    this.cpu = cpu;
    this.buffer = buffer;
    this.from = from;
    this.to = to;
  }

  /** Whether the CPU's batch may hold, after every event up to `at`, what the events do not say. */
  mayHideAt(at: Nanoseconds): boolean {
    return (this.from === undefined || this.from <= at) && !this.isOver(at);
  }

  isOver(at: Nanoseconds): boolean {
    return this.flushedAt !== undefined && this.flushedAt <= at;
  }
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

  /** A folio was inserted by this CPU: it is flushing its batch. */
  flush(at: Nanoseconds): void {
    this.firstFlush ??= at;
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

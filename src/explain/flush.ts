// SPDX-License-Identifier: MIT
import { type Cpu, type Nanoseconds, nanoseconds } from '../ledger/index.ts';

/**
 * Nanoseconds after its last insertion after which a flush counts as finished if no event of its CPU shows its end. It runs
 * with preemption off (folio_batch_move_lru(), mm/folio.c of 7.3, mm/swap.c of 6.18), except with PREEMPT_RT; the longest from
 * an insertion to the put that was measured, under software emulation and with every reference traced, was 342 us (7.3).
 */
const LONGEST_RELEASE = 500_000n;

/** Time from which a flush with its last insertion at `last` counts as finished, if no event shows its end. */
export const latestEndOf = (last: Nanoseconds): Nanoseconds => nanoseconds(last + LONGEST_RELEASE + 1n);

/**
 * One flush of a CPU's batch. It inserts its folios one after the other, and puts the batch's references only after the
 * last of them (folios_put() in folio_batch_move_lru(), mm/folio.c); no stock event shows that.
 */
export class Flush {
  readonly cpu: Cpu;
  readonly pid: number;
  /** Its first insertion, of a folio of any kind. */
  readonly first: Nanoseconds;
  /** Its latest insertion. */
  last: Nanoseconds;
  /**
   * The latest insertion of a folio that was in the batch before the flush began: until then it has put no reference.
   */
  lastSure: Nanoseconds | undefined = undefined;
  /** The first event of its CPU outside a flush, of its own task if it can be preempted: it was finished by then. */
  over: Nanoseconds | undefined = undefined;
  /** Whether other tasks may run on its CPU before its end, for any time. */
  isPreemptible = false;

  constructor(cpu: Cpu, pid: number, first: Nanoseconds) {
    this.cpu = cpu;
    this.pid = pid;
    this.first = first;
    this.last = first;
  }

  /** Time at which it counts as finished if no event shows it; undefined: never. */
  get latestEnd(): Nanoseconds | undefined {
    return this.isPreemptible ? undefined : latestEndOf(this.last);
  }

  /** Whether, after every event up to `at`, it still holds the references of its inserted folios. */
  holdsAt(at: Nanoseconds): 'yes' | 'perhaps' | 'no' {
    if (this.over !== undefined && this.over <= at) return 'no';
    if (this.lastSure !== undefined && at < this.lastSure) return 'yes';
    return !this.isPreemptible && at - this.last > LONGEST_RELEASE ? 'no' : 'perhaps';
  }
}

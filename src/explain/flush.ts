// SPDX-License-Identifier: MIT
import { type Cpu, type Nanoseconds, nanoseconds } from '../ledger/index.ts';

/**
 * Nanoseconds after its last insertion from which a flush is taken to be over where no event of its CPU shows that. It runs
 * with preemption off (folio_batch_move_lru(), mm/folio.c), except with PREEMPT_RT; the longest from an insertion to the put that was measured, under
 * software emulation and with every reference traced, was 342 us.
 */
const LONGEST_RELEASE = 500_000n;

/**
 * One flush of a CPU's batch. It inserts its folios one after the other and gives the batch's references back only behind
 * the last of them (folios_put() in folio_batch_move_lru(), mm/folio.c); no stock event shows that.
 */
export class Flush {
  readonly cpu: Cpu;
  readonly pid: number;
  /** Its first insertion, of a folio of any kind. */
  readonly first: Nanoseconds;
  /** Its latest insertion. */
  last: Nanoseconds;
  /** The latest of a folio that was in the batch before it began: until then it has given back nothing. */
  lastSure: Nanoseconds | undefined = undefined;
  /** The first event of its CPU that no flush tells, of its own task where it can be preempted: it was over by then. */
  over: Nanoseconds | undefined = undefined;
  /** Other tasks may run on its CPU before it is over, for any time. */
  isPreemptible = false;

  constructor(cpu: Cpu, pid: number, first: Nanoseconds) {
    this.cpu = cpu;
    this.pid = pid;
    this.first = first;
    this.last = first;
  }

  /** From when on it is taken to be over where no event shows that; undefined: never. */
  get latestEnd(): Nanoseconds | undefined {
    return this.isPreemptible ? undefined : nanoseconds(this.last + LONGEST_RELEASE + 1n);
  }

  /** Whether it holds, after every event up to `at`, the references of what it has inserted. */
  holdsAt(at: Nanoseconds): 'yes' | 'perhaps' | 'no' {
    if (this.over !== undefined && this.over <= at) return 'no';
    if (this.lastSure !== undefined && at < this.lastSure) return 'yes';
    return !this.isPreemptible && at - this.last > LONGEST_RELEASE ? 'no' : 'perhaps';
  }
}

// SPDX-License-Identifier: MIT
import type { Cpu, Loss, Nanoseconds } from '../../ledger/index.ts';
import { CpuBatch } from '../batch.ts';
import type { Gap } from '../gap.ts';

/** The lru_add batches of all CPUs with events, and the losses of their events. */
export class Batches {
  readonly byCpu = new Map<Cpu, CpuBatch>();
  readonly gaps: Gap[] = [];
  /** Batch of the latest event's CPU: the next event is usually of the same CPU. */
  #last: CpuBatch | undefined = undefined;

  of(cpu: Cpu): CpuBatch {
    if (this.#last?.cpu === cpu) return this.#last;
    const batch = this.byCpu.get(cpu) ?? new CpuBatch(cpu);
    this.byCpu.set(cpu, batch);
    this.#last = batch;
    return batch;
  }

  /** Events of a CPU were lost. */
  lost({ cpu, buffer, at }: Loss): Gap {
    const gap = this.of(cpu).lose(buffer, at);
    this.gaps.push(gap);
    return gap;
  }

  /**
   * Earliest time at which a folio that is inserted now may have entered a batch: before it all batches were flushed, or the
   * folio was on the LRU.
   */
  emptiedSince(before: Nanoseconds): Nanoseconds {
    let emptied: Nanoseconds | undefined;
    for (const { emptiedAt } of this.byCpu.values()) {
      // Whichever batch it was in, it entered after the last flush of that batch.
      if (emptiedAt === undefined) return before;
      if (emptied === undefined || emptiedAt < emptied) emptied = emptiedAt;
    }
    return emptied !== undefined && emptied > before ? emptied : before;
  }
}

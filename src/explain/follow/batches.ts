// SPDX-License-Identifier: MIT
import type { Cpu, Loss, Nanoseconds } from '../../ledger/index.ts';
import { CpuBatch } from '../batch.ts';
import type { Gap } from '../gap.ts';

/** The lru_add batches of all CPUs that events tell of, and what was lost of them. */
export class Batches {
  readonly byCpu = new Map<Cpu, CpuBatch>();
  readonly gaps: Gap[] = [];
  /** That of the latest event: the next one is usually of the same CPU. */
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

  /** From when on, at the earliest, a folio that is inserted now was in a batch: all were flushed before, or it was on the LRU. */
  emptiedSince(before: Nanoseconds): Nanoseconds {
    let emptied: Nanoseconds | undefined;
    for (const { emptiedAt } of this.byCpu.values()) {
      // Whichever batch it was in, it came there after that was last flushed.
      if (emptiedAt === undefined) return before;
      if (emptied === undefined || emptiedAt < emptied) emptied = emptiedAt;
    }
    return emptied !== undefined && emptied > before ? emptied : before;
  }
}

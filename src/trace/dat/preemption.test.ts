// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { callFormats, makeV6, PageMaker, records, X86_64 } from '../../../test/support/make-trace-dat.ts';
import type { KernelEvent } from '../../ledger/index.ts';
import { memorySource } from '../byte-source.ts';
import { readTrace } from '../read-trace.ts';

/** An insertion in a context: bits of interrupts, and the depths of preempt_disable() and migrate_disable(). */
async function insertion(flags: number, preemption: number, migration: number): Promise<KernelEvent | undefined> {
  const record = records.insertion(X86_64, 7, 0x10);
  record[2] = flags;
  record[3] = preemption | (migration << 4);
  const page = new PageMaker(X86_64, 1_000_000n).short(0, record).done();
  const file = makeV6({ formats: callFormats(X86_64), buffers: { '': { 0: [page] } } });
  const events: KernelEvent[] = [];
  await readTrace(memorySource('x', file), { onEvents: (batch) => events.push(...batch) });
  return events[0];
}

test('a flush that only cannot migrate can be preempted: PREEMPT_RT', async () => {
  expect(await insertion(0, 0, 1)).toMatchObject({ isPreemptible: true });
  for (const [flags, preemption, migration] of [
    [1, 2, 0],
    [1, 0, 1],
    [0, 1, 1],
    [0, 0, 0],
  ] as const)
    expect(await insertion(flags, preemption, migration)).not.toHaveProperty('isPreemptible');
});

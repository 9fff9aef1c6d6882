// SPDX-License-Identifier: GPL-2.0-only
import { int, shared, type Value } from '../lang/index.ts';
import { CPU, type K, routine } from './kernel.ts';
import { WORK_BEGUN, WORK_DONE, WORK_QUEUED } from './observations.ts';

/** The one work item of each CPU on mm_percpu_wq: lru_add_drain_per_cpu(). */
const WORK = { idle: 0, queued: 1, running: 2 } as const;
export const work = shared('mm_percpu_wq.work', [CPU], int(WORK.running));

interface OfCpu extends Readonly<Record<string, unknown>> {
  readonly cpu: Value<'cpu'>;
}

/** kernel/workqueue.c: queue_work_on(). */
export const queue_work_on = routine('queue_work_on', (k, { cpu }: OfCpu) => {
  k.step('queue_work', () => {
    // Work that is already queued is not queued again.
    k.when(work.at(cpu).eq(WORK.idle), () => k.observe(WORK_QUEUED, { cpu }));
    work.at(cpu).set(WORK.queued);
  });
});

/** kernel/workqueue.c: flush_work(): sleeps until the item has run. */
export const flush_work = routine('flush_work', (k, { cpu }: OfCpu) => {
  k.await('flush_work', work.at(cpu).eq(WORK.idle));
});

/** kernel/workqueue.c: process_one_work() of the CPU's worker, for ever. */
export const worker_thread = routine('worker_thread', (k, { cpu, run }: OfCpu & { readonly run: (k: K) => void }) => {
  k.loop(() => {
    k.await('process_one_work', work.at(cpu).eq(WORK.queued), () => {
      k.observe(WORK_BEGUN, { cpu });
      work.at(cpu).set(WORK.running);
    });
    run(k);
    k.step('work_done', () => {
      k.observe(WORK_DONE, { cpu });
      work.at(cpu).set(WORK.idle);
    });
  });
});

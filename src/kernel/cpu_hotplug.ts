// SPDX-License-Identifier: GPL-2.0-only
import { bool, first, none, optional, type Place, shared, TASK, type Value } from '../lang/index.ts';
import { lru_add_drain_cpu } from './folio.ts';
import { CPU, hasPart, HOTPLUG, type K, routine } from './kernel.ts';
import { mlock_drain_remote } from './mlock.ts';
import { cpuMasks, kworkerOf, preemptCount, resultCode, taskCpu } from './sched.ts';

/**
 * kernel/cpu.c: cpu_hotplug_lock, held for writing: one CPU at a time goes offline or comes online. The drains do not
 * take it.
 */
export const cpuHotplugLock = shared('cpu_hotplug_lock', [HOTPLUG], bool);

interface OfCpu extends Readonly<Record<string, unknown>> {
  readonly cpu: Value<'cpu'>;
}

/** kernel/cpu.c: cpus_write_lock(). */
const cpus_write_lock = routine('cpus_write_lock', (k) => {
  const lock = cpuHotplugLock.at(0);
  k.await('percpu_down_write', lock.not(), () => lock.set(true));
});

/** kernel/cpu.c: cpus_write_unlock(). */
const cpus_write_unlock = routine('cpus_write_unlock', (k) => {
  k.step('percpu_up_write', () => cpuHotplugLock.at(0).set(false));
});

/** Moves a task off a CPU as soon as it can be moved; a task on another CPU stays there. */
function pushAway(k: K, name: string, task: Value<'task'>, from: Value<'cpu'>, to: Value<'cpu'>): void {
  const here = taskCpu.at(task).eq(from);
  k.await(name, here.not().or(preemptCount.at(task).eq(0)), () => k.when(here, () => taskCpu.at(task).set(to)));
}

/** mm/page_alloc.c: page_alloc_cpu_dead(): flushes the batches of a CPU that is gone, on another CPU. */
const page_alloc_cpu_dead = routine('page_alloc_cpu_dead', (k, { cpu }: OfCpu) => {
  k.call(lru_add_drain_cpu, { cpu });
  if (hasPart(k, 'mlock')) k.call(mlock_drain_remote, { cpu });
});

/**
 * kernel/cpu.c: _cpu_down(), the states that matter to batches, in their order. The scheduler admits no task to the
 * CPU. kernel/workqueue.c: workqueue_offline_cpu() unbinds the pool's worker while the CPU is still online; work that
 * is then queued for the CPU runs on another one, and drains that one. Tasks that still run there are moved away. The
 * CPU leaves the online mask. Only then its batches are flushed. -EBUSY for the last CPU.
 */
export const cpu_down = routine('_cpu_down', (k, { cpu, ret }: OfCpu & { readonly ret: Place<'int'> }) => {
  const online = k.local('online', bool);
  const to = k.local('to', optional(CPU));
  k.call(cpus_write_lock, {});
  k.step('sched_cpu_deactivate', () => {
    online.set(cpuMasks.offline.at(cpu, 0).not());
    to.set(first(0, none(CPU), none(CPU), (other) => other.ne(cpu).and(cpuMasks.offline.at(other, 0).not())));
    k.when(online.and(to.ne(none(CPU))), () => cpuMasks.inactive.at(cpu, 0).set(true));
  });
  k.if(online.and(to.ne(none(CPU))), () => {
    pushAway(k, 'unbind_worker', kworkerOf(k, cpu), cpu, to);
    k.for('task', optional(TASK), 0, none(TASK), (task) => pushAway(k, 'balance_push', task, cpu, to));
    k.step('take_cpu_down', () => cpuMasks.offline.at(cpu, 0).set(true));
    k.call(page_alloc_cpu_dead, { cpu });
  });
  k.if(online.and(to.eq(none(CPU))), () => ret.set(resultCode('EBUSY')));
  k.call(cpus_write_unlock, {});
});

/**
 * kernel/cpu.c: _cpu_up(): the CPU enters the online mask, then its worker is bound to it again, then tasks may run
 * there.
 */
export const cpu_up = routine('_cpu_up', (k, { cpu }: OfCpu & { readonly ret: Place<'int'> }) => {
  const offline = k.local('offline', bool);
  k.call(cpus_write_lock, {});
  k.step('set_cpu_online', () => {
    offline.set(cpuMasks.offline.at(cpu, 0));
    cpuMasks.offline.at(cpu, 0).set(false);
  });
  k.if(offline, () => {
    const worker = kworkerOf(k, cpu);
    k.await('rebind_worker', preemptCount.at(worker).eq(0), () => taskCpu.at(worker).set(cpu));
    k.step('sched_cpu_activate', () => cpuMasks.inactive.at(cpu, 0).set(false));
  });
  k.call(cpus_write_unlock, {});
});

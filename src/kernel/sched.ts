// SPDX-License-Identifier: GPL-2.0-only
import {
  bool,
  choose,
  element,
  int,
  one,
  optional,
  ordinal,
  type Place,
  shared,
  TASK,
  type Type,
  type Value,
} from '../lang/index.ts';
import { CPU, hasPart, HOTPLUG, INDEX, type K, MM, routine } from './kernel.ts';

/** The CPU of each task; it changes only by migrate_to. */
export const taskCpu = shared('task.cpu', [TASK], one(CPU));
/** The address space of each task. */
export const taskMm = shared('task.mm', [TASK], one(MM));

/** How often each task has disabled preemption; kept only if other tasks may be moved. */
export const preemptCount = shared(
  'task.preempt_count',
  [TASK],
  // At most a local lock within a page-table lock.
  int(({ migration = 0, hotplug = 0 }) => 2 * Math.max(migration, hotplug)),
);

const countsPreemption = (k: K): boolean => hasPart(k, 'migration') || hasPart(k, 'hotplug');

/** include/linux/preempt.h: preempt_disable(), within the step that takes a lock. */
export function preempt_disable(k: K): void {
  if (countsPreemption(k)) preemptCount.at(k.self).add(1);
}

/** include/linux/preempt.h: preempt_enable(), within the step that releases a lock. */
export function preempt_enable(k: K): void {
  if (countsPreemption(k)) preemptCount.at(k.self).sub(1);
}

/** kernel/cpu.c: the CPU masks, inverted, so that a machine begins with all CPUs. */
export const cpuMasks = {
  /** Not in cpu_online_mask. */
  offline: shared('cpu_offline', [CPU, HOTPLUG], bool),
  /** Not in cpu_active_mask: the scheduler admits no task. */
  inactive: shared('cpu_inactive', [CPU, HOTPLUG], bool),
};

/** The task that is the kworker of a CPU's pool. */
export const kworkerOf = (k: K, cpu: Value<'cpu'>): Value<'task'> =>
  element(TASK, ordinal(cpu).plus((k.sizes['task'] ?? 0) - (k.sizes['cpu'] ?? 0)));

/** The CPU of a kworker's pool; while its workers are unbound it runs elsewhere. */
export const poolOf = (k: K): Value<'cpu'> =>
  element(CPU, ordinal(k.self).minus((k.sizes['task'] ?? 0) - (k.sizes['cpu'] ?? 0)));

/**
 * Text for each task but the kworkers, by a constant number: symmetric tasks stay symmetric, which a variable would
 * prevent.
 */
export function eachUserTask(k: K, text: (task: number) => void): void {
  for (let task = 0; task < (k.sizes['task'] ?? 0) - (k.sizes['cpu'] ?? 0); task++) text(task);
}

/** Results of every kernel's calls; three bits. */
const COMMON_RESULTS = ['ok', 'EAGAIN', 'EINVAL', 'EFAULT', 'ENOMEM', 'ENOTTY', 'SIGBUS', 'EBUSY'] as const;
/** Result of a call. `ok` is 0, the others are errno names; a touch can end in a signal, a guest's in an exit. */
export const RESULTS = [...COMMON_RESULTS, 'SIGSEGV', 'EHWPOISON', 'EEXIST', 'MMIO'] as const;
export type Result = (typeof RESULTS)[number];

/** The number of a result in the kernel's memory. */
export const resultCode = (result: Result): number => RESULTS.indexOf(result);

/** Type of a local with a result. */
export const resultType = int(
  ({ mmap = 0, memory_failure = 0, memslots = 0 }) =>
    (mmap + memory_failure + memslots > 0 ? RESULTS : COMMON_RESULTS).length - 1,
);

/** The result of each task's last call. */
export const taskResult = shared('task.result', [TASK], resultType);
/** The page of an -EAGAIN of the last conversion: error_offset in pages; none if it was not written. */
export const taskErrorIndex = shared('task.error_index', [TASK], optional(INDEX));

/** local_lock_t: without PREEMPT_RT it also keeps the task on its CPU. */
export const localLock = (name: string, type: Type<'bool'> = bool) => shared(name, [CPU], type);
type LocalLock = ReturnType<typeof localLock>;

/**
 * include/linux/local_lock.h: local_lock(). Binds the task to its CPU and returns that.
 * @param args.meaning observations of the step.
 */
export const local_lock = routine(
  'local_lock',
  (k, args: { readonly lock: LocalLock; readonly cpu: Place<'cpu'>; readonly meaning?: (() => void) | undefined }) => {
    const { lock, cpu } = args;
    const here = taskCpu.at(k.self);
    k.await('local_lock', lock.at(here).not(), () => {
      args.meaning?.();
      lock.at(here).set(true);
      cpu.set(here);
      preempt_disable(k);
    });
  },
);

/** include/linux/local_lock.h: local_unlock(). */
export const local_unlock = routine(
  'local_unlock',
  (k, { lock, cpu }: { readonly lock: LocalLock; readonly cpu: Value<'cpu'> }) => {
    k.step('local_unlock', () => {
      lock.at(cpu).set(false);
      preempt_enable(k);
    });
  },
);

/** include/linux/smp.h: smp_processor_id(): the CPU that the task runs on at that moment. */
export const smp_processor_id = routine('smp_processor_id', (k, { cpu }: { readonly cpu: Place<'cpu'> }) => {
  k.step('smp_processor_id', () => cpu.set(taskCpu.at(k.self)));
});

/** include/linux/smp.h: get_cpu(): the same, with preemption switched off from then on. */
export const get_cpu = routine('get_cpu', (k, { cpu }: { readonly cpu: Place<'cpu'> }) => {
  k.step('get_cpu', () => {
    cpu.set(taskCpu.at(k.self));
    preempt_disable(k);
  });
});

/** include/linux/smp.h: put_cpu(). */
export const put_cpu = routine('put_cpu', (k) => {
  k.step('put_cpu', () => preempt_enable(k));
});

/** kernel/sched/core.c: sched_setaffinity() to one CPU, by the task itself. */
export const migrate_to = routine(
  'migrate_to',
  (k, { cpu, ret }: { readonly cpu: Value<'cpu'>; readonly ret: Place<'int'> }) => {
    k.step('migrate', () => {
      if (!hasPart(k, 'hotplug')) taskCpu.at(k.self).set(cpu);
      else
        k.when(
          cpuMasks.inactive.at(cpu, 0),
          () => ret.set(resultCode('EINVAL')),
          () => taskCpu.at(k.self).set(cpu),
        );
    });
  },
);

/** kernel/sched/core.c: migration_cpu_stop(): the scheduler moves another task, whenever preemption is on. */
export const migration_cpu_stop = routine(
  'migration_cpu_stop',
  (k, { task, cpu }: { readonly task: Value<'task'>; readonly cpu: Value<'cpu'> }) => {
    const to = hasPart(k, 'hotplug') ? choose(cpuMasks.inactive.at(cpu, 0), taskCpu.at(task), cpu) : cpu;
    k.await('move_queued_task', preemptCount.at(task).eq(0), () => taskCpu.at(task).set(to));
  },
);

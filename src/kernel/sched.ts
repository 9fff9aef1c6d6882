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

/** The CPU that each task runs on; it changes only by migrate_to. */
export const taskCpu = shared('task.cpu', [TASK], one(CPU));
/** The address space that each task uses. */
export const taskMm = shared('task.mm', [TASK], one(MM));

/** How often each task has switched preemption off; kept only where somebody else may move tasks. */
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

/** include/linux/preempt.h: preempt_enable(), within the step that gives a lock up. */
export function preempt_enable(k: K): void {
  if (countsPreemption(k)) preemptCount.at(k.self).sub(1);
}

/** kernel/cpu.c: the CPUs that are there, as what is missing, so that a machine begins with all of them. */
export const cpuMasks = {
  /** Not in cpu_online_mask. */
  offline: shared('cpu_offline', [CPU, HOTPLUG], bool),
  /** Not in cpu_active_mask: the scheduler puts nobody there. */
  inactive: shared('cpu_inactive', [CPU, HOTPLUG], bool),
};

/** The task that is the kworker of a CPU's pool. */
export const kworkerOf = (k: K, cpu: Value<'cpu'>): Value<'task'> =>
  element(TASK, ordinal(cpu).plus((k.sizes['task'] ?? 0) - (k.sizes['cpu'] ?? 0)));

/** The CPU whose pool a kworker belongs to; where its workers are unbound it runs elsewhere. */
export const poolOf = (k: K): Value<'cpu'> =>
  element(CPU, ordinal(k.self).minus((k.sizes['task'] ?? 0) - (k.sizes['cpu'] ?? 0)));

/** What every kernel's calls can come to; three bits. */
const COMMON_RESULTS = ['ok', 'EAGAIN', 'EINVAL', 'EFAULT', 'ENOMEM', 'ENOTTY', 'SIGBUS', 'EBUSY'] as const;
/** What a call came to. `ok` is 0, the others are errno names; a touch can end in a signal, a guest's in an exit. */
export const RESULTS = [...COMMON_RESULTS, 'SIGSEGV', 'EHWPOISON', 'EEXIST', 'MMIO'] as const;
export type Result = (typeof RESULTS)[number];

/** The number that stands for a result in the kernel's memory. */
export const resultCode = (result: Result): number => RESULTS.indexOf(result);

/** A local that holds a result. */
export const resultType = int(
  ({ mmap = 0, memory_failure = 0, memslots = 0 }) =>
    (mmap + memory_failure + memslots > 0 ? RESULTS : COMMON_RESULTS).length - 1,
);

/** What each task's last call came to. */
export const taskResult = shared('task.result', [TASK], resultType);
/** The page that an -EAGAIN of the last conversion names: error_offset in pages; none where it was not written. */
export const taskErrorIndex = shared('task.error_index', [TASK], optional(INDEX));

/** local_lock_t: on a kernel that is not PREEMPT_RT it also keeps the task on its CPU. */
export const localLock = (name: string, type: Type<'bool'> = bool) => shared(name, [CPU], type);
type LocalLock = ReturnType<typeof localLock>;

/**
 * include/linux/local_lock.h: local_lock(). Binds the task to the CPU that it runs on and hands that back.
 * @param args.meaning observations that the step makes.
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

/** kernel/sched/core.c: sched_setaffinity() to one CPU, seen from the task that asks for it. */
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

/** kernel/sched/core.c: migration_cpu_stop(): the scheduler moves another task, wherever preemption is on. */
export const migration_cpu_stop = routine(
  'migration_cpu_stop',
  (k, { task, cpu }: { readonly task: Value<'task'>; readonly cpu: Value<'cpu'> }) => {
    const to = hasPart(k, 'hotplug') ? choose(cpuMasks.inactive.at(cpu, 0), taskCpu.at(task), cpu) : cpu;
    k.await('move_queued_task', preemptCount.at(task).eq(0), () => taskCpu.at(task).set(to));
  },
);

// SPDX-License-Identifier: GPL-2.0-only
import {
  bool,
  element,
  int,
  none,
  one,
  optional,
  ordinal,
  type Place,
  type Routine,
  TASK,
  type Type,
  type Value,
} from '../lang/index.ts';
import { type Access, contentsType } from './contents.ts';
import { LRU_BATCHES } from './cpu_fbatches.ts';
import { cpu_down, cpu_up } from './cpu_hotplug.ts';
import { lru_add_drain, lru_add_drain_all, lru_add_drain_within } from './folio.ts';
import {
  kvm_gmem_allocate,
  kvm_gmem_ioctl,
  kvm_gmem_punch_hole,
  kvm_gmem_release,
  kvm_tdp_page_fault,
  load,
  store,
  touch,
  write,
} from './guest_memfd.ts';
import { gup_fast_fallback, type PinKind, unpin } from './gup.ts';
import {
  CPU,
  FOLIO,
  hasPart,
  INDEX,
  INODE,
  isMutant,
  type K,
  type KernelConfig,
  type KernelPart,
  MM,
  PIN,
  routine,
} from './kernel.ts';
import { kvm_delete_memslot, kvm_gmem_bind } from './kvm_mmu.ts';
import { lru_cache_disable, lru_cache_enable } from './lru_cache.ts';
import { RETURNED } from './observations.ts';
import { use_other_memory } from './lru_batches.ts';
import { madvise_pageout } from './madvise.ts';
import { memory_failure, soft_offline_page } from './memory_failure.ts';
import { do_mbind, do_numa_page } from './mempolicy.ts';
import { mincore_pte_range } from './mincore.ts';
import { do_mmap, do_munmap, dup_mmap, exit_mmap, madvise_dontneed } from './mmap.ts';
import { do_mlock, munlock } from './mlock_vma.ts';
import { damon_get_folio, page_idle_get_folio } from './page_idle.ts';
import { get_user_page, kvm_gmem_populate } from './populate.ts';
import {
  migrate_to,
  migration_cpu_stop,
  poolOf,
  resultCode,
  resultType,
  taskCpu,
  taskErrorIndex,
  taskMm,
  taskResult,
} from './sched.ts';
import { filemap_invalidate_lock_shared, filemap_invalidate_unlock_shared } from './rwsem.ts';
import { worker_thread } from './workqueue.ts';

/** A call that a task makes: the values that it passes, and the text that runs. */
export interface Syscall {
  readonly name: SyscallName;
  /** Types of the values, in order. */
  readonly params: readonly Type[];
  readonly text: (k: K, args: readonly Value<string>[]) => void;
  /** The part of the kernel that it needs, or the parts. */
  readonly part?: KernelPart | readonly KernelPart[];
}

const SYSCALL_NAMES = [
  'touch',
  'fallocate',
  'fallocate_large',
  'punch_hole',
  'convert',
  'vmsplice',
  'pin_user_pages',
  'pin_longterm',
  'unpin',
  'sched_setaffinity',
  'migrate',
  'lru_add_drain',
  'lru_add_drain_all',
  'mlock',
  'munlock',
  'guest_touch',
  'mincore',
  'page_idle',
  'damon',
  'soft_offline',
  'mbind',
  'numa_hint_fault',
  'madvise_pageout',
  'use_other_memory',
  'lru_cache_disable',
  'lru_cache_enable',
  'write',
  'mmap',
  'munmap',
  'madvise_dontneed',
  'fork',
  'exit',
  'memory_failure',
  'cpu_down',
  'cpu_up',
  'load',
  'store',
  'guest_load',
  'guest_store',
  'populate',
  'bind',
  'delete_memslot',
  'release',
  'convert_out_of_memory',
  'kworker',
] as const;
export type SyscallName = (typeof SYSCALL_NAMES)[number];

const number = int(({ index = 0 }) => index);

/** Writes what the call came to where the task's user would see it. */
function returning(k: K, text: (ret: Place<'int'>) => void): void {
  const ret = k.let('ret', resultType, resultCode('ok'));
  text(ret);
  k.step('exit_to_user_mode', () => {
    k.observe(RETURNED, { result: ret, index: none(INDEX) });
    taskResult.at(k.self).set(ret);
    // Where a conversion's -ENOMEM names a page, that of another call does not.
    if (hasPart(k, 'fault_injection')) taskErrorIndex.at(k.self).set(none(INDEX));
  });
}

/** The task's own address space, read once. */
function currentMm(k: K): Place<'mm'> {
  const mm = k.local('mm', one(MM));
  k.step('current', () => mm.set(taskMm.at(k.self)));
  return mm;
}

interface Range extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly start: Value<'index'>;
  readonly nr: Value<'int'>;
}

interface Page extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly index: Value<'index'>;
}
interface GuestPage extends Page {
  readonly private: Value<'bool'>;
}

const accessRange = (name: string, text: typeof touch): Routine<KernelConfig, Range> =>
  routine(name, (k, { inode, start, nr }: Range) =>
    returning(k, (ret) => {
      const mm = currentMm(k);
      k.for('index', optional(INDEX), start, start.plus(nr), (index) => {
        k.call(text, { mm, inode, index, ret });
        k.if(ret.ne(resultCode('ok')), () => k.break());
      });
    }),
  );

const allocateRange = (large: boolean): Routine<KernelConfig, Range> =>
  routine('fallocate', (k, { inode, start, nr }: Range) =>
    returning(k, (ret) => {
      const order = large ? (k.sizes['order'] ?? 0) : 0;
      const index = k.let('index', optional(INDEX), start);
      const locks = !isMutant(k, 'fallocate-without-lock');
      if (locks) k.call(filemap_invalidate_lock_shared, { inode });
      k.while(index.lt(start.plus(nr)), () => {
        k.call(kvm_gmem_allocate, { inode, index, order, ret });
        k.if(ret.ne(resultCode('ok')), () => k.break());
      });
      if (locks) k.call(filemap_invalidate_unlock_shared, { inode });
    }),
  );

const punchHole = routine('fallocate', (k, range: Range) => returning(k, () => k.call(kvm_gmem_punch_hole, range)));

const convert = routine(
  'ioctl',
  (
    k,
    args: Range & {
      readonly toPrivate: Value<'bool'>;
      readonly writable: Value<'bool'>;
      readonly outOfMemory: boolean;
    },
  ) => {
    const ret = k.let('ret', resultType, resultCode('ok'));
    const err_index = k.let('err_index', optional(INDEX), none(INDEX));
    k.call(kvm_gmem_ioctl, { ...args, ret, err_index });
    k.step('exit_to_user_mode', () => {
      k.observe(RETURNED, { result: ret, index: err_index });
      taskResult.at(k.self).set(ret);
      taskErrorIndex.at(k.self).set(err_index);
    });
  },
);

const takePin = (kind: PinKind) =>
  routine(
    kind === 'get' ? 'vmsplice' : 'pin_user_pages_fast',
    (k, { pin, inode, index }: { pin: Value<'pin'>; inode: Value<'inode'>; index: Value<'index'> }) =>
      returning(k, (ret) => {
        const args = { mm: currentMm(k), inode, index, pin, ret };
        if (kind !== 'longterm') get_user_page(k, args, kind);
        else k.call(gup_fast_fallback, { ...args, kind });
      }),
  );

const lockRange = (text: typeof do_mlock | typeof munlock): Routine<KernelConfig, Range> =>
  routine('mlock', (k, { inode, start, nr }: Range) => {
    const ret = k.let('ret', resultType, resultCode('ok'));
    const mm = currentMm(k);
    k.call(text, { mm, inode, start, end: start.plus(nr), ret });
    k.step('exit_to_user_mode', () => {
      k.observe(RETURNED, { result: ret, index: none(INDEX) });
      taskResult.at(k.self).set(ret);
      // An -EAGAIN of mlock() names no page.
      taskErrorIndex.at(k.self).set(none(INDEX));
    });
  });

const guestTouch = routine('vcpu_run', (k, args: Range & { readonly private: Value<'bool'> }) =>
  returning(k, (ret) => {
    const { inode, start, nr } = args;
    k.for('index', optional(INDEX), start, start.plus(nr), (index) => {
      k.call(kvm_tdp_page_fault, { inode, index, private: args.private, ret, contents: undefined });
      k.if(ret.ne(resultCode('ok')), () => k.break());
    });
  }),
);

const guestAccess = (contents: Access): Routine<KernelConfig, GuestPage> =>
  routine('vcpu_run', (k, args: GuestPage) =>
    returning(k, (ret) => k.call(kvm_tdp_page_fault, { ...args, ret, contents })),
  );

const mincore = routine('mincore', (k, { inode, start, nr }: Range) =>
  returning(k, () => {
    const mm = currentMm(k);
    k.for('index', optional(INDEX), start, start.plus(nr), (index) => k.call(mincore_pte_range, { mm, inode, index }));
  }),
);

const mbind = routine('mbind', (k, { inode, start, nr }: Range) =>
  returning(k, () => k.call(do_mbind, { mm: currentMm(k), inode, start, end: start.plus(nr) })),
);

const hintFault = routine('access', (k, { inode, start, nr }: Range) =>
  returning(k, () => k.call(do_numa_page, { mm: currentMm(k), inode, start, end: start.plus(nr) })),
);

const pageout = routine('madvise', (k, { inode, start, nr }: Range) =>
  returning(k, (ret) => k.call(madvise_pageout, { mm: currentMm(k), inode, start, end: start.plus(nr), ret })),
);

const draining = (drain: Routine<KernelConfig, Readonly<Record<string, unknown>>>) =>
  routine('drain', (k) => returning(k, () => k.call(drain, {})));

/** lru_add_drain_per_cpu() on the CPU whose worker runs it. */
const kworker = routine('kworker', (k) => {
  const cpu = k.local('cpu', one(CPU));
  // Where workers may be unbound, the pool's CPU is not the one that the worker runs on.
  k.step('current', () => cpu.set(hasPart(k, 'hotplug') ? poolOf(k) : taskCpu.at(k.self)));
  k.call(worker_thread, { cpu, run: (inner) => inner.call(lru_add_drain_within, {}) });
});

const argument = (args: readonly Value<string>[], i: number): Value<'int'> => {
  const arg = args[i];
  if (arg === undefined) throw new Error(`value ${i} is missing`);
  return ordinal(arg);
};

const rangeOf = (args: readonly Value<string>[]): Range => ({
  inode: element(INODE, argument(args, 0)),
  start: element(INDEX, argument(args, 1)),
  nr: argument(args, 2),
});

const pageOf = (args: readonly Value<string>[], i = 0): Page => ({
  inode: element(INODE, argument(args, i)),
  index: element(INDEX, argument(args, i + 1)),
});

const PAGE: readonly Type[] = [one(INODE), one(INDEX)];
const RANGE: readonly Type[] = [one(INODE), one(INDEX), number];

/** Every call that a task can make, by name; a code of the kernel's program each, in this order. */
const SYSCALLS: readonly Syscall[] = [
  { name: 'touch', params: RANGE, text: (k, args) => k.call(accessRange('access', touch), rangeOf(args)) },
  { name: 'fallocate', params: RANGE, text: (k, args) => k.call(allocateRange(false), rangeOf(args)) },
  { name: 'fallocate_large', params: RANGE, text: (k, args) => k.call(allocateRange(true), rangeOf(args)) },
  { name: 'punch_hole', params: RANGE, text: (k, args) => k.call(punchHole, rangeOf(args)) },
  {
    name: 'convert',
    params: [...RANGE, bool, bool],
    text: (k, args) => convertText(k, args, false),
  },
  { name: 'vmsplice', params: [one(PIN), one(INODE), one(INDEX)], text: (k, args) => pinText(k, args, 'get') },
  { name: 'pin_user_pages', params: [one(PIN), one(INODE), one(INDEX)], text: (k, args) => pinText(k, args, 'pin') },
  {
    name: 'unpin',
    params: [one(PIN)],
    text: (k, args) => returning(k, () => k.call(unpin, { pin: element(PIN, argument(args, 0)) })),
  },
  {
    name: 'sched_setaffinity',
    params: [one(CPU)],
    text: (k, args) => returning(k, (ret) => k.call(migrate_to, { cpu: element(CPU, argument(args, 0)), ret })),
  },
  {
    name: 'migrate',
    params: [one(TASK), one(CPU)],
    text: (k, args) => {
      const [task, cpu] = [element(TASK, argument(args, 0)), element(CPU, argument(args, 1))];
      returning(k, () => k.call(migration_cpu_stop, { task, cpu }));
    },
    part: 'migration',
  },
  { name: 'lru_add_drain', params: [], text: (k) => k.call(draining(lru_add_drain), {}) },
  { name: 'lru_add_drain_all', params: [], text: (k) => k.call(draining(lru_add_drain_all), {}) },
  {
    name: 'mlock',
    params: RANGE,
    text: (k, args) => k.call(lockRange(do_mlock), rangeOf(args)),
    part: 'mlock',
  },
  {
    name: 'munlock',
    params: RANGE,
    text: (k, args) => k.call(lockRange(munlock), rangeOf(args)),
    part: 'mlock',
  },
  {
    name: 'guest_touch',
    params: [...RANGE, bool],
    text: (k, args) => k.call(guestTouch, { ...rangeOf(args), private: argument(args, 3).ne(0) }),
    part: 'guest',
  },
  { name: 'mincore', params: RANGE, text: (k, args) => k.call(mincore, rangeOf(args)) },
  { name: 'page_idle', params: [one(FOLIO)], text: (k, args) => walking(k, page_idle_get_folio, args) },
  { name: 'damon', params: [one(FOLIO)], text: (k, args) => walking(k, damon_get_folio, args) },
  { name: 'soft_offline', params: [one(FOLIO)], text: (k, args) => walking(k, soft_offline_page, args) },
  { name: 'mbind', params: RANGE, text: (k, args) => k.call(mbind, rangeOf(args)), part: 'lru_disable' },
  { name: 'numa_hint_fault', params: RANGE, text: (k, args) => k.call(hintFault, rangeOf(args)) },
  { name: 'madvise_pageout', params: RANGE, text: (k, args) => k.call(pageout, rangeOf(args)) },
  {
    name: 'use_other_memory',
    params: [int(LRU_BATCHES.length - 1)],
    text: (k, args) => returning(k, () => k.call(use_other_memory, { batch: argument(args, 0) })),
    part: 'lru_batches',
  },
  {
    name: 'lru_cache_disable',
    params: [],
    text: (k) => k.call(draining(lru_cache_disable), {}),
    part: 'lru_disable',
  },
  { name: 'lru_cache_enable', params: [], text: (k) => k.call(draining(lru_cache_enable), {}), part: 'lru_disable' },
  {
    name: 'pin_longterm',
    params: [one(PIN), one(INODE), one(INDEX)],
    text: (k, args) => pinText(k, args, 'longterm'),
    part: 'gup',
  },
  { name: 'write', params: RANGE, text: (k, args) => k.call(accessRange('store', write), rangeOf(args)), part: 'mmap' },
  { name: 'mmap', params: RANGE, text: (k, args) => mappingText(k, 'mmap', do_mmap, args), part: 'mmap' },
  { name: 'munmap', params: RANGE, text: (k, args) => mappingText(k, 'munmap', do_munmap, args), part: 'mmap' },
  {
    name: 'madvise_dontneed',
    params: RANGE,
    text: (k, args) => mappingText(k, 'madvise', madvise_dontneed, args),
    part: 'mmap',
  },
  {
    name: 'fork',
    params: [one(MM)],
    text: (k, args) =>
      returning(k, (ret) => k.call(dup_mmap, { mm: currentMm(k), child: element(MM, argument(args, 0)), ret })),
    part: 'mmap',
  },
  { name: 'exit', params: [], text: (k) => returning(k, () => k.call(exit_mmap, { mm: currentMm(k) })), part: 'mmap' },
  {
    name: 'memory_failure',
    params: [one(FOLIO)],
    text: (k, args) => returning(k, (ret) => k.call(memory_failure, { folio: element(FOLIO, argument(args, 0)), ret })),
    part: 'memory_failure',
  },
  { name: 'cpu_down', params: [one(CPU)], text: (k, args) => hotplugging(k, cpu_down, args), part: 'hotplug' },
  { name: 'cpu_up', params: [one(CPU)], text: (k, args) => hotplugging(k, cpu_up, args), part: 'hotplug' },
  {
    name: 'load',
    params: PAGE,
    text: (k, args) => returning(k, (ret) => k.call(load, { mm: currentMm(k), ...pageOf(args), ret })),
    part: 'contents',
  },
  {
    name: 'store',
    params: [...PAGE, contentsType],
    text: (k, args) =>
      returning(k, (ret) => k.call(store, { mm: currentMm(k), ...pageOf(args), value: argument(args, 2), ret })),
    part: 'contents',
  },
  {
    name: 'guest_load',
    params: [...PAGE, bool],
    text: (k, args) => k.call(guestAccess({ kind: 'load' }), { ...pageOf(args), private: argument(args, 2).ne(0) }),
    part: ['contents', 'guest'],
  },
  {
    name: 'guest_store',
    params: [...PAGE, bool, contentsType],
    text: (k, args) => {
      const access: Access = { kind: 'store', value: argument(args, 3) };
      k.call(guestAccess(access), { ...pageOf(args), private: argument(args, 2).ne(0) });
    },
    part: ['contents', 'guest'],
  },
  {
    name: 'populate',
    params: [one(PIN), ...PAGE, ...PAGE],
    text: (k, args) =>
      returning(k, (ret) => {
        const [pin, mm] = [element(PIN, argument(args, 0)), currentMm(k)];
        k.call(kvm_gmem_populate, { mm, pin, ...pageOf(args, 1), source: pageOf(args, 3), ret });
      }),
  },
  { name: 'bind', params: RANGE, text: (k, args) => bindText(k, kvm_gmem_bind, args), part: 'memslots' },
  { name: 'delete_memslot', params: RANGE, text: (k, args) => bindText(k, kvm_delete_memslot, args), part: 'memslots' },
  {
    name: 'release',
    params: [one(INODE)],
    text: (k, args) => returning(k, () => k.call(kvm_gmem_release, { inode: element(INODE, argument(args, 0)) })),
    part: 'memslots',
  },
  {
    name: 'convert_out_of_memory',
    params: [...RANGE, bool, bool],
    text: (k, args) => convertText(k, args, true),
    part: 'fault_injection',
  },
  { name: 'kworker', params: [], text: (k) => k.call(kworker, {}) },
];

function convertText(k: K, args: readonly Value<string>[], outOfMemory: boolean): void {
  const [toPrivate, writable] = [argument(args, 3).ne(0), argument(args, 4).ne(0)];
  k.call(convert, { ...rangeOf(args), toPrivate, writable, outOfMemory });
}

/** What is done to the memory slots of a file's pages. */
function bindText(k: K, text: typeof kvm_gmem_bind | typeof kvm_delete_memslot, args: readonly Value<string>[]): void {
  const { inode, start, nr } = rangeOf(args);
  returning(k, (ret) => k.call(text, { inode, start, end: start.plus(nr), ret }));
}

/** What is done to the task's own mapping of a range. */
function mappingText(
  k: K,
  name: string,
  text: typeof madvise_dontneed | typeof do_munmap,
  args: readonly Value<string>[],
): void {
  const call = routine(name, (inner, { inode, start, nr }: Range) =>
    returning(inner, (ret) => inner.call(text, { mm: currentMm(inner), inode, start, end: start.plus(nr), ret })),
  );
  k.call(call, rangeOf(args));
}

function hotplugging(k: K, text: typeof cpu_down, args: readonly Value<string>[]): void {
  returning(k, (ret) => k.call(text, { cpu: element(CPU, argument(args, 0)), ret }));
}

/** What is done to a folio by its page frame number, which is its number. */
function walking(k: K, walk: typeof page_idle_get_folio, args: readonly Value<string>[]): void {
  returning(k, () => k.call(walk, { folio: element(FOLIO, argument(args, 0)) }));
}

function pinText(k: K, args: readonly Value<string>[], kind: PinKind): void {
  const [pin, inode] = [element(PIN, argument(args, 0)), element(INODE, argument(args, 1))];
  k.call(takePin(kind), { pin, inode, index: element(INDEX, argument(args, 2)) });
}

/** The calls that a kernel has which was built with these parts. */
export const syscallsOf = (parts: readonly KernelPart[]): readonly Syscall[] =>
  SYSCALLS.filter(({ name }) => partsOfSyscall(name).every((part) => parts.includes(part)));

export function syscallNamed(name: SyscallName): Syscall {
  const found = SYSCALLS.find((syscall) => syscall.name === name);
  if (found === undefined) throw new Error(`no call '${name}'`);
  return found;
}

/** The parts of the kernel that a call needs; none where every kernel has it. */
export function partsOfSyscall(name: SyscallName): readonly KernelPart[] {
  const { part = [] } = syscallNamed(name);
  return typeof part === 'string' ? [part] : part;
}

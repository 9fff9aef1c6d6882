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
  type Type,
  type Value,
} from '../lang/index.ts';
import { lru_add_drain, lru_add_drain_all } from './folio.ts';
import { kvm_gmem_allocate, kvm_gmem_ioctl, touch } from './guest_memfd.ts';
import { gup_fast, type PinKind, unpin } from './gup.ts';
import { CPU, INDEX, INODE, type K, type KernelConfig, MM, PIN, routine } from './kernel.ts';
import { migrate_to, resultCode, resultType, taskCpu, taskErrorIndex, taskMm, taskResult } from './sched.ts';
import { worker_thread } from './workqueue.ts';

/** A call that a task makes: the values that it passes, and the text that runs. */
export interface Syscall {
  readonly name: SyscallName;
  /** Types of the values, in order. */
  readonly params: readonly Type[];
  readonly text: (k: K, args: readonly Value<string>[]) => void;
}

const SYSCALL_NAMES = [
  'touch',
  'fallocate',
  'fallocate_large',
  'convert',
  'vmsplice',
  'pin_user_pages',
  'unpin',
  'sched_setaffinity',
  'lru_add_drain',
  'lru_add_drain_all',
  'kworker',
] as const;
export type SyscallName = (typeof SYSCALL_NAMES)[number];

const number = int(({ index = 0 }) => index);

/** Writes what the call came to where the task's user would see it. */
function returning(k: K, text: (ret: Place<'int'>) => void): void {
  const ret = k.let('ret', resultType, resultCode('ok'));
  text(ret);
  k.step('exit_to_user_mode', () => taskResult.at(k.self).set(ret));
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

const touchRange = routine('access', (k, { inode, start, nr }: Range) =>
  returning(k, (ret) => {
    const mm = currentMm(k);
    k.for('index', optional(INDEX), start, start.plus(nr), (index) => {
      k.call(touch, { mm, inode, index, ret });
      k.if(ret.ne(resultCode('ok')), () => k.break());
    });
  }),
);

const allocateRange = (large: boolean): Routine<KernelConfig, Range> =>
  routine('fallocate', (k, { inode, start, nr }: Range) =>
    returning(k, (ret) => {
      const order = large ? (k.sizes['order'] ?? 0) : 0;
      const index = k.let('index', optional(INDEX), start);
      k.while(index.lt(start.plus(nr)), () => {
        k.call(kvm_gmem_allocate, { inode, index, order, ret });
        k.if(ret.ne(resultCode('ok')), () => k.break());
      });
    }),
  );

const convert = routine(
  'ioctl',
  (k, args: Range & { readonly toPrivate: Value<'bool'>; readonly writable: Value<'bool'> }) => {
    const ret = k.let('ret', resultType, resultCode('ok'));
    const err_index = k.let('err_index', optional(INDEX), none(INDEX));
    k.call(kvm_gmem_ioctl, { ...args, ret, err_index });
    k.step('exit_to_user_mode', () => {
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
        const mm = currentMm(k);
        k.call(touch, { mm, inode, index, ret });
        k.if(ret.eq(resultCode('ok')), () => k.call(gup_fast, { mm, inode, index, pin, kind, ret }));
      }),
  );

const draining = (drain: Routine<KernelConfig, Readonly<Record<string, unknown>>>) =>
  routine('drain', (k) => returning(k, () => k.call(drain, {})));

/** lru_add_drain_per_cpu() on the CPU whose worker runs it. */
const kworker = routine('kworker', (k) => {
  const cpu = k.local('cpu', one(CPU));
  k.step('current', () => cpu.set(taskCpu.at(k.self)));
  k.call(worker_thread, { cpu, run: (inner) => inner.call(lru_add_drain, {}) });
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

const RANGE: readonly Type[] = [one(INODE), one(INDEX), number];

/** Every call that a task can make, by name; a code of the kernel's program each, in this order. */
export const SYSCALLS: readonly Syscall[] = [
  { name: 'touch', params: RANGE, text: (k, args) => k.call(touchRange, rangeOf(args)) },
  { name: 'fallocate', params: RANGE, text: (k, args) => k.call(allocateRange(false), rangeOf(args)) },
  { name: 'fallocate_large', params: RANGE, text: (k, args) => k.call(allocateRange(true), rangeOf(args)) },
  {
    name: 'convert',
    params: [...RANGE, bool, bool],
    text: (k, args) => {
      const [toPrivate, writable] = [argument(args, 3).ne(0), argument(args, 4).ne(0)];
      k.call(convert, { ...rangeOf(args), toPrivate, writable });
    },
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
    text: (k, args) => returning(k, () => k.call(migrate_to, { cpu: element(CPU, argument(args, 0)) })),
  },
  { name: 'lru_add_drain', params: [], text: (k) => k.call(draining(lru_add_drain), {}) },
  { name: 'lru_add_drain_all', params: [], text: (k) => k.call(draining(lru_add_drain_all), {}) },
  { name: 'kworker', params: [], text: (k) => k.call(kworker, {}) },
];

function pinText(k: K, args: readonly Value<string>[], kind: PinKind): void {
  const [pin, inode] = [element(PIN, argument(args, 0)), element(INODE, argument(args, 1))];
  k.call(takePin(kind), { pin, inode, index: element(INDEX, argument(args, 2)) });
}

export function syscallNamed(name: SyscallName): Syscall {
  const found = SYSCALLS.find((syscall) => syscall.name === name);
  if (found === undefined) throw new Error(`no call '${name}'`);
  return found;
}

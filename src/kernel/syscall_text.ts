// SPDX-License-Identifier: GPL-2.0-only
// Between user mode and the kernel's own routines: the begin and end of each call's code.
import { none, one, optional, type Place, type Routine, type Value } from '../lang/index.ts';
import type { Access } from './contents.ts';
import { lru_add_drain_within } from './folio.ts';
import {
  kvm_gmem_allocate,
  kvm_gmem_ioctl,
  kvm_gmem_punch_hole,
  kvm_tdp_page_fault,
  type touch,
} from './guest_memfd.ts';
import { gup_fast_fallback, type PinKind } from './gup.ts';
import { CPU, hasPart, INDEX, INODE, isMutant, type K, type KernelConfig, MM, routine } from './kernel.ts';
import { kvm, type kvm_gmem_bind } from './kvm_mmu.ts';
import { mincore_pte_range } from './mincore.ts';
import type { do_mlock, munlock } from './mlock_vma.ts';
import { RETURNED } from './observations.ts';
import { get_user_page } from './populate.ts';
import { filemap_invalidate_lock_shared, filemap_invalidate_unlock_shared } from './rwsem.ts';
import { poolOf, resultCode, resultType, taskCpu, taskErrorIndex, taskMm, taskResult } from './sched.ts';
import { worker_thread } from './workqueue.ts';

/** Writes the call's result to where the task's user reads it. */
export function returning(k: K, text: (ret: Place<'int'>) => void): void {
  const ret = k.let('ret', resultType, resultCode('ok'));
  text(ret);
  k.step('exit_to_user_mode', () => {
    k.observe(RETURNED, { result: ret, index: none(INDEX) });
    taskResult.at(k.self).set(ret);
    // A conversion's -ENOMEM names a page, another call's does not.
    if (hasPart(k, 'fault_injection')) taskErrorIndex.at(k.self).set(none(INDEX));
    // A fault that was given up remembers no invalidation, so that equal states look equal.
    if (hasPart(k, 'guest')) k.each<'inode'>(0, none(INODE), (inode) => kvm.sameSeq.at(inode, k.self, 0).set(false));
  });
}

/** The task's own address space, read once. */
export function currentMm(k: K): Place<'mm'> {
  const mm = k.local('mm', one(MM));
  k.step('current', () => mm.set(taskMm.at(k.self)));
  return mm;
}

interface Range extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly start: Value<'index'>;
  readonly pages: Value<'int'>;
}

interface Page extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly index: Value<'index'>;
}
/** Accesses page after page, until an access ends in a signal. */
export const accessRange = (name: string, text: typeof touch) =>
  routine(name, (k, { inode, start, pages }: Range) =>
    returning(k, (ret) => {
      const mm = currentMm(k);
      k.for('index', optional(INDEX), start, start.plus(pages), (index) => {
        k.call(text, { mm, inode, index, ret });
        k.if(ret.ne(resultCode('ok')), () => k.break());
      });
    }),
  );

export const allocateRange = (large: boolean) =>
  routine('fallocate', (k, { inode, start, pages }: Range) =>
    returning(k, (ret) => {
      const order = large ? (k.sizes['order'] ?? 0) : 0;
      const index = k.let('index', optional(INDEX), start);
      const locks = !isMutant(k, 'fallocate-without-lock');
      if (locks) k.call(filemap_invalidate_lock_shared, { inode });
      k.while(index.lt(start.plus(pages)), () => {
        k.call(kvm_gmem_allocate, { inode, index, order, ret });
        k.if(ret.ne(resultCode('ok')), () => k.break());
      });
      if (locks) k.call(filemap_invalidate_unlock_shared, { inode });
    }),
  );

export const punchHole = routine('fallocate', (k, { inode, start, pages: nr }: Range) =>
  returning(k, () => k.call(kvm_gmem_punch_hole, { inode, start, nr })),
);

/** The ioctl of a conversion; its -EAGAIN and -ENOMEM name a page. */
export const convert = (outOfMemory: boolean) =>
  routine('ioctl', (k, args: Range & { readonly private: Value<'bool'>; readonly writable: Value<'bool'> }) => {
    const { inode, start, pages: nr, private: toPrivate, writable } = args;
    const ret = k.let('ret', resultType, resultCode('ok'));
    const err_index = k.let('err_index', optional(INDEX), none(INDEX));
    k.call(kvm_gmem_ioctl, { inode, start, nr, toPrivate, writable, outOfMemory, ret, err_index });
    k.step('exit_to_user_mode', () => {
      k.observe(RETURNED, { result: ret, index: err_index });
      taskResult.at(k.self).set(ret);
      taskErrorIndex.at(k.self).set(err_index);
    });
  });

export const takePin = (kind: PinKind) =>
  routine(
    kind === 'get' ? 'vmsplice' : 'pin_user_pages_fast',
    (k, { pin, inode, index }: Page & { readonly pin: Value<'pin'> }) =>
      returning(k, (ret) => {
        const args = { mm: currentMm(k), inode, index, pin, ret };
        if (kind !== 'longterm') get_user_page(k, args, kind);
        else k.call(gup_fast_fallback, { ...args, kind });
      }),
  );

export const lockRange = (text: typeof do_mlock | typeof munlock) =>
  routine('mlock', (k, { inode, start, pages }: Range) => {
    const ret = k.let('ret', resultType, resultCode('ok'));
    const mm = currentMm(k);
    k.call(text, { mm, inode, start, end: start.plus(pages), ret });
    k.step('exit_to_user_mode', () => {
      k.observe(RETURNED, { result: ret, index: none(INDEX) });
      taskResult.at(k.self).set(ret);
      // An -EAGAIN of mlock() names no page.
      taskErrorIndex.at(k.self).set(none(INDEX));
    });
  });

/** A vCPU runs, and its guest accesses every page. */
export const guestTouch = routine(
  'vcpu_run',
  (k, { inode, start, pages, private: asPrivate }: Range & { readonly private: Value<'bool'> }) =>
    returning(k, (ret) => {
      k.for('index', optional(INDEX), start, start.plus(pages), (index) => {
        k.call(kvm_tdp_page_fault, { inode, index, private: asPrivate, ret, contents: undefined });
        k.if(ret.ne(resultCode('ok')), () => k.break());
      });
    }),
);

/** A vCPU runs, and its guest reads or fills one page. */
export const guestAccess = (contents: Access) =>
  routine('vcpu_run', (k, { inode, index, private: asPrivate }: Page & { readonly private: Value<'bool'> }) =>
    returning(k, (ret) => k.call(kvm_tdp_page_fault, { inode, index, private: asPrivate, ret, contents })),
  );

export const mincore = routine('mincore', (k, { inode, start, pages }: Range) =>
  returning(k, () => {
    const mm = currentMm(k);
    k.for('index', optional(INDEX), start, start.plus(pages), (index) =>
      k.call(mincore_pte_range, { mm, inode, index }),
    );
  }),
);

interface OfMapping extends Readonly<Record<string, unknown>> {
  readonly mm: Value<'mm'>;
  readonly inode: Value<'inode'>;
  readonly start: Value<'index'>;
  readonly end: Value<'index'>;
  readonly ret: Place<'int'>;
}

/** A change of the task's own mapping of a range. */
export const onMapping = (name: string, text: Routine<KernelConfig, OfMapping>) =>
  routine(name, (k, { inode, start, pages }: Range) =>
    returning(k, (ret) => k.call(text, { mm: currentMm(k), inode, start, end: start.plus(pages), ret })),
  );

/** A change of the memory slots of a file's pages. */
export const onMemslots = (k: K, text: typeof kvm_gmem_bind, { inode, start, pages }: Range): void =>
  returning(k, (ret) => k.call(text, { inode, start, end: start.plus(pages), ret }));

export const draining = (drain: Routine<KernelConfig, Readonly<Record<string, unknown>>>) =>
  routine('drain', (k) => returning(k, () => k.call(drain, {})));

/** lru_add_drain_per_cpu() on the CPU whose worker runs it. */
export const kworker = routine('kworker', (k) => {
  const cpu = k.local('cpu', one(CPU));
  // If workers may be unbound, the pool's CPU can differ from the worker's.
  k.step('current', () => cpu.set(hasPart(k, 'hotplug') ? poolOf(k) : taskCpu.at(k.self)));
  k.call(worker_thread, { cpu, run: (inner) => inner.call(lru_add_drain_within, {}) });
});

// SPDX-License-Identifier: MIT
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import {
  checkMemoryAttributes2,
  type KernelPart,
  LRU_BATCHES,
  partsOfSyscall,
  type Result,
  type ScriptedCall,
  type SyscallName,
} from '../kernel/index.ts';
import type { Call } from './calls.ts';

/** What calls can name: the part of a machine's options that decides what a call means to the kernel. */
export interface CallSurroundings {
  readonly cpus: number;
  readonly tasks: readonly unknown[];
  /** In the machine's order. */
  readonly guestMemfds: readonly { readonly pages: number; readonly vmHasPrivateMemory?: boolean }[];
  readonly pins?: number;
}

/** The kernel refuses the call's arguments before it does anything. */
export interface Refused {
  readonly result: Result;
}

/**
 * Where a call enters the kernel, and with which values: for machines that are told what to call while they run, and
 * for those whose tasks' calls are fixed (`buildScripted`).
 * @throws RangeError where the call names what there is not.
 */
export function entryOf(call: Call, around: CallSurroundings): ScriptedCall | Refused {
  requireInRange(call, around);
  switch (call.call) {
    case 'touch':
      return { name: 'touch', args: [call.inode, call.start, call.pages] };
    case 'punch-hole':
      return { name: 'punch_hole', args: [call.inode, call.start, call.pages] };
    case 'guest-touch':
      return { name: 'guest_touch', args: [call.inode, call.start, call.pages, Number(call.private)] };
    case 'mincore':
    case 'mbind':
    case 'write':
    case 'mmap':
    case 'munmap':
    case 'mlock':
    case 'munlock':
      return { name: call.call, args: [call.inode, call.start, call.pages] };
    case 'fallocate':
      if (call.start + call.pages > (around.guestMemfds[call.inode]?.pages ?? 0)) return { result: 'EINVAL' };
      return {
        name: call.large === true ? 'fallocate_large' : 'fallocate',
        args: [call.inode, call.start, call.pages],
      };
    case 'set-memory-attributes2':
      return conversionEntry(call, around);
    case 'load':
      return { name: 'load', args: [call.inode, call.index] };
    case 'store':
      return { name: 'store', args: [call.inode, call.index, call.value] };
    case 'guest-load':
      return { name: 'guest_load', args: [call.inode, call.index, Number(call.private)] };
    case 'guest-store':
      return { name: 'guest_store', args: [call.inode, call.index, Number(call.private), call.value] };
    case 'populate':
      return { name: 'populate', args: [call.pin, call.inode, call.index, call.sourceInode, call.sourceIndex] };
    case 'bind':
      return { name: 'bind', args: [call.inode, call.start, call.pages] };
    case 'delete-memslot':
      return { name: 'delete_memslot', args: [call.inode, call.start, call.pages] };
    case 'release':
      return { name: 'release', args: [call.inode] };
    case 'unknown-ioctl':
      return { result: 'ENOTTY' };
    case 'vmsplice':
      return { name: 'vmsplice', args: [call.pin, call.inode, call.index] };
    case 'pin-user-pages':
      return { name: 'pin_user_pages', args: [call.pin, call.inode, call.index] };
    case 'pin-longterm':
      return { name: 'pin_longterm', args: [call.pin, call.inode, call.index] };
    case 'unpin':
      return { name: 'unpin', args: [call.pin] };
    case 'migrate-to':
      return { name: 'sched_setaffinity', args: [call.cpu] };
    case 'migrate':
      return { name: 'migrate', args: [call.task, call.cpu] };
    case 'page-idle':
      return { name: 'page_idle', args: [call.pfn] };
    case 'damon':
      return { name: 'damon', args: [call.pfn] };
    case 'soft-offline':
      return { name: 'soft_offline', args: [call.pfn] };
    case 'lru-cache-disable':
      return { name: 'lru_cache_disable', args: [] };
    case 'lru-cache-enable':
      return { name: 'lru_cache_enable', args: [] };
    case 'numa-hint-fault':
      return { name: 'numa_hint_fault', args: [call.inode, call.start, call.pages] };
    case 'madvise-pageout':
      return { name: 'madvise_pageout', args: [call.inode, call.start, call.pages] };
    case 'use-other-memory':
      return { name: 'use_other_memory', args: [LRU_BATCHES.indexOf(call.batch)] };
    case 'madvise-dontneed':
      return { name: 'madvise_dontneed', args: [call.inode, call.start, call.pages] };
    case 'fork':
      return { name: 'fork', args: [call.process] };
    case 'exit':
      return { name: 'exit', args: [] };
    case 'memory-failure':
      return { name: 'memory_failure', args: [call.pfn] };
    case 'cpu-down':
      return { name: 'cpu_down', args: [call.cpu] };
    case 'cpu-up':
      return { name: 'cpu_up', args: [call.cpu] };
    case 'lru-add-drain':
      return { name: 'lru_add_drain', args: [] };
    case 'lru-add-drain-all':
      return { name: 'lru_add_drain_all', args: [] };
  }
}

function conversionEntry(
  call: Extract<Call, { call: 'set-memory-attributes2' }>,
  { guestMemfds }: CallSurroundings,
): ScriptedCall | Refused {
  const inode = guestMemfds[call.inode];
  const target = {
    size: BigInt(inode?.pages ?? 0) * PAGE_SIZE,
    vmHasPrivateMemory: inode?.vmHasPrivateMemory ?? true,
  };
  const errno = checkMemoryAttributes2(call.argument, target);
  if (errno !== undefined || call.argument === undefined) return { result: errno ?? 'EFAULT' };
  const { offset, size, attributes } = call.argument;
  const toPrivate = Number(attributes === KVM_MEMORY_ATTRIBUTE_PRIVATE);
  const range = [Number(offset / PAGE_SIZE), Number(size / PAGE_SIZE)] as const;
  const name = call.outOfMemory === true ? 'convert_out_of_memory' : 'convert';
  return { name, args: [call.inode, ...range, toPrivate, Number(call.writable ?? true)] };
}

/** The kernel's entries that calls use, each once; what the kernel refuses at once needs none. */
export const syscallsFor = (calls: readonly Call[], around: CallSurroundings): readonly SyscallName[] => [
  ...new Set(
    calls.flatMap((call) => {
      const entry = entryOf(call, around);
      return 'result' in entry ? [] : [entry.name];
    }),
  ),
];

/** The parts of the kernel that calls need (see KernelPart). */
export const partsFor = (calls: readonly Call[], around: CallSurroundings): readonly KernelPart[] => [
  ...new Set(syscallsFor(calls, around).flatMap((name) => partsOfSyscall(name))),
];

/** @throws RangeError where a call names what the machine does not have. */
function requireInRange(call: Call, { cpus, tasks, guestMemfds, pins = 0 }: CallSurroundings): void {
  const within = (what: string, number: number, size: number): void => {
    if (!Number.isInteger(number) || number < 0 || number >= size)
      throw new RangeError(`${call.call}: ${what} ${number} is beyond the machine's ${size}`);
  };
  const pages = Math.max(1, ...guestMemfds.map((inode) => inode.pages));
  if ('inode' in call) within('guest_memfd', call.inode, guestMemfds.length);
  if ('start' in call) {
    within('page', call.start, pages);
    within('page', call.start + call.pages - 1, call.call === 'fallocate' ? Number.MAX_SAFE_INTEGER : pages);
  }
  if ('index' in call) within('page', call.index, pages);
  if ('sourceInode' in call) {
    within('guest_memfd', call.sourceInode, guestMemfds.length);
    within('page', call.sourceIndex, pages);
  }
  if ('value' in call) within('value', call.value, 256);
  if ('pin' in call) within('pin', call.pin, pins);
  if ('cpu' in call) within('CPU', call.cpu, cpus);
  if ('task' in call) within('task', call.task, tasks.length);
}

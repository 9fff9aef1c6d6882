// SPDX-License-Identifier: GPL-2.0-only
import type { Value } from '../lang/index.ts';
import { cpu_down, cpu_up } from './cpu_hotplug.ts';
import { lru_add_drain, lru_add_drain_all } from './folio.ts';
import { kvm_gmem_release, load, store, touch, write } from './guest_memfd.ts';
import { unpin } from './gup.ts';
import type { K, KernelPart } from './kernel.ts';
import { kvm_delete_memslot, kvm_gmem_bind } from './kvm_mmu.ts';
import { use_other_memory } from './lru_batches.ts';
import { lru_cache_disable, lru_cache_enable } from './lru_cache.ts';
import { madvise_pageout } from './madvise.ts';
import { memory_failure, soft_offline_page } from './memory_failure.ts';
import { do_mbind, do_numa_page } from './mempolicy.ts';
import { do_mmap, do_munmap, dup_mmap, exit_mmap, madvise_dontneed } from './mmap.ts';
import { do_mlock, munlock } from './mlock_vma.ts';
import { damon_get_folio, page_idle_get_folio } from './page_idle.ts';
import { kvm_gmem_populate } from './populate.ts';
import { migrate_to, migration_cpu_stop, type Result } from './sched.ts';
import { type ArgumentName, type Arguments, argumentsOf } from './syscall_arguments.ts';
import {
  accessRange,
  allocateRange,
  convert,
  currentMm,
  draining,
  guestAccess,
  guestTouch,
  kworker,
  lockRange,
  mincore,
  onMapping,
  onMemslots,
  punchHole,
  returning,
  takePin,
} from './syscall_text.ts';

/** The arguments of a call, in words; empty for absent ones. */
export interface CallWords {
  /** ` of NAME` if the file has a name; the ranges and pages have it too. */
  readonly file: string;
  readonly range: string;
  readonly page: string;
  readonly from: string;
  readonly value: string;
  /** `private` or `shared`. */
  readonly as: string;
  readonly pin: string;
  readonly task: string;
  readonly cpu: string;
  readonly process: string;
  readonly frame: string;
  readonly batch: string;
}

/** Features that only some calls bring into a run, by their names in reports. */
export type Brought = 'pfn walkers' | 'migration of pages';

/**
 * A call that a task can make, with all facts about it. Scenario files, their schema, machines, searches and reports
 * use this table (docs/ARCHITECTURE.md, "Add a call").
 */
export interface CallKind<
  A extends readonly ArgumentName[] = readonly ArgumentName[],
  E extends string | undefined = string | undefined,
> {
  /** Its behaviour: sentences for the schema and docs/calls.md. */
  readonly about: string;
  /** Its arguments, in the order of its code's values. */
  readonly args: A;
  /** Name of its code; undefined if the kernel refuses it at once. */
  readonly entry: E;
  /** Its code. */
  readonly text: (k: K, args: Pick<Arguments, A[number]>) => void;
  /** Parts of the kernel that it needs; none if absent. */
  readonly parts?: readonly KernelPart[];
  /** The call in a few words, for reports. Absent: its name and its arguments. */
  readonly says?: (words: CallWords) => string;
  /** Its form in a scenario file. Absent: its own name, with its arguments. */
  readonly written?: { readonly key: string; readonly word?: string };
  /** Its fixed result, for any arguments: the kernel refuses it. */
  readonly refused?: Result;
  /** Its result if its range reaches beyond the end of the file. Absent: not possible. */
  readonly beyondEnd?: Result;
  /** It returns the value that it found in the page. */
  readonly loads?: true;
  /** It may add a page to the page cache, and lose the race to do so. */
  readonly allocates?: true;
  /** It takes a pin: one reference, or FOLL_PIN's bias. */
  readonly pin?: 'one' | 'bias';
  /** Most references, besides pins, that it leaves on a folio of so many pages. */
  readonly leaves?: (pages: number) => number;
  /** Features that it brings into a run, which are otherwise listed as absent. */
  readonly brings?: readonly Brought[];
  /** It goes over all pages of the file, or of what is mapped of it, whatever pages there are. */
  readonly walksFile?: true;
  /** The LRU caches stay disabled after its return. */
  readonly staysDisabled?: true;
  /** Most folios that it removes from the file, or from the allocator, for ever; given its number of pages, and the file's. */
  readonly takes?: (pages: number, file: number) => number;
}

const call = <const A extends readonly ArgumentName[], const E extends string | undefined>(
  kind: CallKind<A, E>,
): CallKind<A, E> => kind;

const PAGE = ['inode', 'index'] as const;
const RANGE = ['inode', 'start', 'pages'] as const;

/** All calls, by their names for machines, in the order of listings. */
export const CALLS = {
  touch: call({
    about:
      "Reads from each page of the range through the task's own mapping. A page that is not mapped is faulted in. " +
      'A private page ends the call with SIGBUS, a missing mapping with SIGSEGV.',
    args: RANGE,
    entry: 'touch',
    text: (k, range) => k.call(accessRange('access', touch), range),
    allocates: true,
  }),
  fallocate: call({
    about:
      'fallocate(2): allocates each page of the range that the file does not have yet. A new page is not mapped; it ' +
      "waits in the lru_add batch of the task's CPU.",
    args: RANGE,
    entry: 'fallocate',
    text: (k, range) => k.call(allocateRange(false), range),
    allocates: true,
    beyondEnd: 'EINVAL',
  }),
  'fallocate-large': call({
    about:
      "fallocate(2) in folios of the machine's 'largest-order'. guest_memfd of Linux 7.3 has only single pages; " +
      'its comments plan larger folios.',
    args: RANGE,
    entry: 'fallocate_large',
    text: (k, range) => k.call(allocateRange(true), range),
    allocates: true,
    beyondEnd: 'EINVAL',
  }),
  'set-memory-attributes2': call({
    about:
      'KVM_SET_MEMORY_ATTRIBUTES2, the conversion: makes the pages private or shared. To private, it unmaps them and ' +
      'runs the safety check. If the check refuses a page, the call returns EAGAIN, and error_offset names the page.',
    args: [...RANGE, 'private', 'writable'],
    entry: 'convert',
    text: (k, args) => k.call(convert(false), args),
    written: { key: 'convert' },
  }),
  vmsplice: call({
    about:
      "vmsplice(2): puts the page into a pipe, which holds one reference until 'unpin'. A page that is not mapped is " +
      'faulted in; EFAULT if that fails.',
    args: ['pin', ...PAGE],
    entry: 'vmsplice',
    text: (k, args) => k.call(takePin('get'), args),
    says: ({ page, pin }) => `vmsplice ${page} as ${pin}`,
    allocates: true,
    pin: 'one',
  }),
  'pin-user-pages': call({
    about:
      "pin_user_pages_fast(), as for direct I/O: takes FOLL_PIN's references (1024 on a small folio) until 'unpin'. A " +
      'page that is not mapped is faulted in; EFAULT if that fails.',
    args: ['pin', ...PAGE],
    entry: 'pin_user_pages',
    text: (k, args) => k.call(takePin('pin'), args),
    says: ({ page, pin }) => `pin-user-pages ${page} as ${pin}`,
    allocates: true,
    pin: 'bias',
  }),
  'pin-longterm': call({
    about:
      "pin_user_pages_fast() with FOLL_LONGTERM, as for VFIO and RDMA: the same references until 'unpin', by the " +
      'lockless way first, then under the page-table lock.',
    args: ['pin', ...PAGE],
    entry: 'pin_longterm',
    text: (k, args) => k.call(takePin('longterm'), args),
    parts: ['gup'],
    says: ({ page, pin }) => `pin-longterm ${page} as ${pin}`,
    allocates: true,
    pin: 'bias',
  }),
  unpin: call({
    about: 'Gives a pin back: the pipe is read, or the I/O ends.',
    args: ['pin'],
    entry: 'unpin',
    text: (k, { pin }) => returning(k, () => k.call(unpin, { pin })),
  }),
  populate: call({
    about:
      "A VM's launch fills a private page from one of the task's own pages (kvm_gmem_populate()). Meanwhile the pin is " +
      "the task's reference to the source. EINVAL if the page is shared.",
    args: ['pin', ...PAGE, 'sourceInode', 'sourceIndex'],
    entry: 'populate',
    text: (k, { pin, inode, index, sourceInode, sourceIndex }) =>
      returning(k, (ret) => {
        const source = { inode: sourceInode, index: sourceIndex };
        k.call(kvm_gmem_populate, { mm: currentMm(k), pin, inode, index, source, ret });
      }),
    says: ({ page, from }) => `populate ${page} from ${from}`,
    allocates: true,
    pin: 'one',
  }),
  'migrate-to': call({
    about: 'sched_setaffinity(2): the task moves itself to a CPU.',
    args: ['cpu'],
    entry: 'sched_setaffinity',
    text: (k, { cpu }) => returning(k, (ret) => k.call(migrate_to, { cpu, ret })),
    says: ({ cpu }) => `migrate to ${cpu}`,
  }),
  migrate: call({
    about: 'The scheduler moves another task to a CPU. It waits until preemption is enabled in that task.',
    args: ['task', 'cpu'],
    entry: 'migrate',
    text: (k, { task, cpu }) => returning(k, () => k.call(migration_cpu_stop, { task, cpu })),
    parts: ['migration'],
    says: ({ task, cpu }) => `the scheduler moves ${task} to ${cpu}`,
  }),
  'punch-hole': call({
    about:
      'fallocate(2) with FALLOC_FL_PUNCH_HOLE: unmaps the pages and removes them from the file. Their attributes stay.',
    args: RANGE,
    entry: 'punch_hole',
    text: (k, range) => k.call(punchHole, range),
    takes: (pages) => pages,
  }),
  'guest-touch': call({
    about:
      "The guest accesses each page of the range, as private or as shared memory; KVM maps it into the guest's page " +
      'table. If the page is of the other kind, the call ends with EFAULT (KVM_EXIT_MEMORY_FAULT).',
    args: [...RANGE, 'private'],
    entry: 'guest_touch',
    text: (k, args) => k.call(guestTouch, args),
    parts: ['guest'],
    says: ({ range, as }) => `guest touches ${range} as ${as}`,
    allocates: true,
  }),
  load: call({
    about:
      "Reads the byte that fills a page, through the task's own mapping; faults like 'touch'. The expected byte is " +
      "'loads' in 'expect'.",
    args: PAGE,
    entry: 'load',
    text: (k, { inode, index }) => returning(k, (ret) => k.call(load, { mm: currentMm(k), inode, index, ret })),
    parts: ['contents'],
    loads: true,
    allocates: true,
  }),
  store: call({
    about: "Fills a page with a byte, through the task's own mapping; faults like 'touch'.",
    args: [...PAGE, 'value'],
    entry: 'store',
    text: (k, { inode, index, value }) =>
      returning(k, (ret) => k.call(store, { mm: currentMm(k), inode, index, value, ret })),
    parts: ['contents'],
    says: ({ page, value }) => `store ${value} to ${page}`,
    allocates: true,
  }),
  'guest-load': call({
    about:
      "The guest reads the byte that fills a page, as private or as shared memory; EFAULT like 'guest-touch'. The " +
      "expected byte is 'loads' in 'expect'.",
    args: [...PAGE, 'private'],
    entry: 'guest_load',
    text: (k, args) => k.call(guestAccess({ kind: 'load' }), args),
    parts: ['contents', 'guest'],
    says: ({ page, as }) => `guest loads ${page} as ${as}`,
    loads: true,
    allocates: true,
  }),
  'guest-store': call({
    about: "The guest fills a page with a byte, as private or as shared memory; EFAULT like 'guest-touch'.",
    args: [...PAGE, 'private', 'value'],
    entry: 'guest_store',
    text: (k, args) => k.call(guestAccess({ kind: 'store', value: args.value }), args),
    parts: ['contents', 'guest'],
    says: ({ page, value, as }) => `guest stores ${value} to ${page} as ${as}`,
    allocates: true,
  }),
  bind: call({
    about:
      'KVM_SET_USER_MEMORY_REGION2: gives the pages a memory slot. Every page has one at the beginning. EEXIST if one ' +
      'of the pages has a slot.',
    args: RANGE,
    entry: 'bind',
    text: (k, range) => onMemslots(k, kvm_gmem_bind, range),
    parts: ['memslots'],
  }),
  'delete-memslot': call({
    about:
      'KVM_SET_USER_MEMORY_REGION2 with size 0: the pages lose their memory slot, and the guest loses the pages. Its ' +
      'next access ends with MMIO.',
    args: RANGE,
    entry: 'delete_memslot',
    text: (k, range) => onMemslots(k, kvm_delete_memslot, range),
    parts: ['memslots'],
  }),
  release: call({
    about:
      'The last reference to the file is closed: the guest and the page cache lose its pages. No task may map or use ' +
      'the file afterwards.',
    args: ['inode'],
    entry: 'release',
    text: (k, { inode }) => returning(k, () => k.call(kvm_gmem_release, { inode })),
    takes: (_, file) => file,
    parts: ['memslots'],
    says: ({ file }) => `the last reference to the file${file} is closed`,
    walksFile: true,
  }),
  mlock: call({
    about:
      "mlock(2): locks the task's own mapping of the range and maps each page. A page then waits in the mlock batch of " +
      "the task's CPU.",
    args: RANGE,
    entry: 'mlock',
    text: (k, range) => k.call(lockRange(do_mlock), range),
    parts: ['mlock'],
    allocates: true,
    leaves: (pages) => 2 * pages,
  }),
  munlock: call({
    about:
      "munlock(2): unlocks the task's own mapping of the range. A mapped page then waits in the mlock batch of the " +
      "task's CPU.",
    args: RANGE,
    entry: 'munlock',
    text: (k, range) => k.call(lockRange(munlock), range),
    parts: ['mlock'],
    leaves: (pages) => 2 * pages,
  }),
  mincore: call({
    about:
      'mincore(2): asks which pages are in memory. For a page that the task has not mapped, it looks in the page cache, ' +
      'and takes a reference for a moment.',
    args: RANGE,
    entry: 'mincore',
    text: (k, range) => k.call(mincore, range),
    brings: ['pfn walkers'],
  }),
  mbind: call({
    about:
      'mbind(2) with MPOL_MF_MOVE: isolates each page that the task has mapped, cannot migrate it, and puts it back. ' +
      'The LRU caches are disabled meanwhile.',
    args: RANGE,
    entry: 'mbind',
    text: (k, range) => k.call(onMapping('mbind', do_mbind), range),
    parts: ['lru_disable'],
    brings: ['migration of pages'],
  }),
  'numa-hint-fault': call({
    about:
      "NUMA balancing's hint faults: isolates each page that the task has mapped, cannot migrate it, and puts it back, " +
      'with the LRU caches enabled.',
    args: RANGE,
    entry: 'numa_hint_fault',
    text: (k, range) => k.call(onMapping('access', do_numa_page), range),
    says: ({ range }) => `NUMA hint fault at ${range}`,
    brings: ['migration of pages'],
  }),
  'madvise-pageout': call({
    about:
      'madvise(2) with MADV_PAGEOUT: isolates each page that is on the LRU and mapped only by this task, and puts it ' +
      'back through a lru_add batch. At the first locked mapping it ends with EINVAL.',
    args: RANGE,
    entry: 'madvise_pageout',
    text: (k, range) => k.call(onMapping('madvise', madvise_pageout), range),
    says: ({ range }) => `madvise(MADV_PAGEOUT) ${range}`,
  }),
  'madvise-dontneed': call({
    about:
      'madvise(2) with MADV_DONTNEED: drops the page-table entries of the range; the mapping stays, so the next access ' +
      'faults. At the first locked mapping it ends with EINVAL.',
    args: RANGE,
    entry: 'madvise_dontneed',
    text: (k, range) => k.call(onMapping('madvise', madvise_dontneed), range),
    parts: ['mmap'],
    says: ({ range }) => `madvise(MADV_DONTNEED) ${range}`,
  }),
  write: call({
    about:
      "Writes to each page of the range through the task's own mapping, as 'touch' reads: the page-table entry becomes " +
      'dirty. It is not write(2), which a guest_memfd refuses.',
    args: RANGE,
    entry: 'write',
    text: (k, range) => k.call(accessRange('store', write), range),
    parts: ['mmap'],
    allocates: true,
  }),
  mmap: call({
    about:
      'mmap(2): maps the range of the file into the process. Every process has such a mapping at the beginning, with ' +
      'no page in its page table.',
    args: RANGE,
    entry: 'mmap',
    text: (k, range) => k.call(onMapping('mmap', do_mmap), range),
    parts: ['mmap'],
  }),
  munmap: call({
    about: 'munmap(2): removes the mapping of the range and its page-table entries. The next access ends with SIGSEGV.',
    args: RANGE,
    entry: 'munmap',
    text: (k, range) => k.call(onMapping('munmap', do_munmap), range),
    parts: ['mmap'],
  }),
  fork: call({
    about:
      "fork(2): the named process gets the caller's mappings, with an empty page table. EBUSY if it already has a mapping.",
    args: ['process'],
    entry: 'fork',
    text: (k, { process: child }) => returning(k, (ret) => k.call(dup_mmap, { mm: currentMm(k), child, ret })),
    parts: ['mmap'],
    says: ({ process }) => `fork into ${process}`,
    walksFile: true,
  }),
  exit: call({
    about: 'exit(2) of the whole process: it loses all its mappings.',
    args: [],
    entry: 'exit',
    text: (k) => returning(k, () => k.call(exit_mmap, { mm: currentMm(k) })),
    parts: ['mmap'],
    says: () => 'its process exits',
    walksFile: true,
  }),
  'page-idle': call({
    about:
      'page_idle looks at the folio in a page frame, as compaction does: it takes a reference for a moment, but only if ' +
      'the folio is on the LRU. Page N of the only guest_memfd is in frame N, unless that frame was taken.',
    args: ['pfn'],
    entry: 'page_idle',
    text: (k, { pfn: folio }) => returning(k, () => k.call(page_idle_get_folio, { folio })),
    brings: ['pfn walkers'],
  }),
  damon: call({
    about:
      'DAMON looks at the folio in a page frame: it takes a reference for a moment, also of a folio that waits in a ' +
      "batch. Frames are counted as for 'page-idle'.",
    args: ['pfn'],
    entry: 'damon',
    text: (k, { pfn: folio }) => returning(k, () => k.call(damon_get_folio, { folio })),
    brings: ['pfn walkers'],
  }),
  'soft-offline': call({
    about:
      'soft_offline_page() of a page frame. If the page is clean and only the page cache holds it, removes it from the ' +
      "file. Otherwise isolates it, cannot migrate it, and puts it back. Frames are counted as for 'page-idle'.",
    args: ['pfn'],
    entry: 'soft_offline',
    text: (k, { pfn: folio }) => returning(k, (ret) => k.call(soft_offline_page, { folio, ret })),
    parts: ['memory_failure'],
    takes: () => 1,
    brings: ['pfn walkers', 'migration of pages'],
  }),
  'memory-failure': call({
    about:
      'memory_failure() of a page frame: the memory is bad. The folio is poisoned, unmapped, and keeps one reference ' +
      "for good. Frames are counted as for 'page-idle'.",
    args: ['pfn'],
    entry: 'memory_failure',
    text: (k, { pfn: folio }) => returning(k, (ret) => k.call(memory_failure, { folio, ret })),
    parts: ['memory_failure'],
    leaves: () => 1,
  }),
  'cpu-down': call({
    about: 'A CPU goes offline: its tasks move away, then its batches are flushed. EBUSY for the last CPU.',
    args: ['cpu'],
    entry: 'cpu_down',
    text: (k, { cpu }) => returning(k, (ret) => k.call(cpu_down, { cpu, ret })),
    parts: ['hotplug'],
    says: ({ cpu }) => `${cpu} goes offline`,
  }),
  'cpu-up': call({
    about: 'A CPU comes back online, and its kworker with it.',
    args: ['cpu'],
    entry: 'cpu_up',
    text: (k, { cpu }) => returning(k, (ret) => k.call(cpu_up, { cpu, ret })),
    parts: ['hotplug'],
    says: ({ cpu }) => `${cpu} comes back`,
  }),
  'use-other-memory': call({
    about:
      "Leaves a page that belongs to no guest_memfd in one of the CPU's other LRU batches. A drain of all CPUs must " +
      'then include this CPU.',
    args: ['batch'],
    entry: 'use_other_memory',
    text: (k, { batch }) => returning(k, () => k.call(use_other_memory, { batch })),
    parts: ['lru_batches'],
    says: ({ batch }) => `leaves a page of other memory in ${batch}`,
    takes: () => 1,
  }),
  'lru-cache-disable': call({
    about: 'lru_cache_disable(), as memory hot-unplug calls it: every batch is drained, and no folio waits in one.',
    args: [],
    entry: 'lru_cache_disable',
    text: (k) => k.call(draining(lru_cache_disable), {}),
    parts: ['lru_disable'],
    written: { key: 'lru-cache', word: 'disable' },
    says: () => 'lru_cache_disable()',
    staysDisabled: true,
  }),
  'lru-cache-enable': call({
    about: 'lru_cache_enable(): folios wait in batches again.',
    args: [],
    entry: 'lru_cache_enable',
    text: (k) => k.call(draining(lru_cache_enable), {}),
    parts: ['lru_disable'],
    written: { key: 'lru-cache', word: 'enable' },
    says: () => 'lru_cache_enable()',
  }),
  'lru-add-drain': call({
    about: "lru_add_drain(): drains the batches of the task's own CPU.",
    args: [],
    entry: 'lru_add_drain',
    text: (k) => k.call(draining(lru_add_drain), {}),
    written: { key: 'drain', word: 'local' },
    says: () => 'lru_add_drain()',
  }),
  'lru-add-drain-all': call({
    about: 'lru_add_drain_all(), as drop_caches and compaction call it: drains the batches of all CPUs.',
    args: [],
    entry: 'lru_add_drain_all',
    text: (k) => k.call(draining(lru_add_drain_all), {}),
    written: { key: 'drain', word: 'all' },
    says: () => 'lru_add_drain_all()',
  }),
  'unknown-ioctl': call({
    about: 'An ioctl with an unknown number: ENOTTY.',
    args: [],
    entry: undefined,
    text: () => undefined,
    written: { key: 'ioctl' },
    refused: 'ENOTTY',
    says: () => 'an ioctl of unknown number',
  }),
} as const;
export type CallName = keyof typeof CALLS;
const isCallName = (name: string): name is CallName => Object.hasOwn(CALLS, name);
/** In the order of the table. */
export const CALL_NAMES: readonly CallName[] = Object.keys(CALLS).filter(isCallName);
/** A kernel's code: that of a call, and two without a call. */
export type SyscallName = Exclude<(typeof CALLS)[CallName]['entry'], undefined> | 'convert_out_of_memory' | 'kworker';
/** Any call of the table. */
export type AnyCall = CallKind<readonly ArgumentName[], SyscallName | undefined>;

/**
 * The entry of the table for a call.
 * @example
 * import { argumentNumber, CALL_NAMES, callNamed, CALLS, partsOfSyscall, RESULTS } from 'folioscope/kernel';
 * callNamed('mlock').args; // => ['inode', 'start', 'pages']
 * CALL_NAMES.length === Object.keys(CALLS).length; // => true
 * partsOfSyscall('mlock'); // => ['mlock']
 * argumentNumber(true); // => 1
 * RESULTS[0]; // => 'ok'
 */
export const callNamed = (name: CallName): AnyCall => CALLS[name];

/** A code of the kernel's program. */
interface Syscall {
  readonly name: SyscallName;
  readonly args: readonly ArgumentName[];
  readonly text: (k: K, args: Arguments) => void;
  readonly parts: readonly KernelPart[];
}

/** All codes, in the order of the calls. */
const SYSCALLS: readonly Syscall[] = [
  ...CALL_NAMES.map(callNamed).flatMap(({ entry: name, args, text, parts = [] }) =>
    name === undefined ? [] : [{ name, args, text, parts }],
  ),
  {
    name: 'convert_out_of_memory',
    args: CALLS['set-memory-attributes2'].args,
    text: (k, { inode, start, pages, private: toPrivate, writable }) =>
      k.call(convert(true), { inode, start, pages, private: toPrivate, writable }),
    parts: ['fault_injection'],
  },
  { name: 'kworker', args: [], text: (k) => k.call(kworker, {}), parts: [] },
];

/** The codes of a kernel with these parts. */
export const syscallsOf = (parts: readonly KernelPart[]): readonly Syscall[] =>
  SYSCALLS.filter((syscall) => syscall.parts.every((part) => parts.includes(part)));

function syscallNamed(name: SyscallName): Syscall {
  const found = SYSCALLS.find((syscall) => syscall.name === name);
  if (found === undefined) throw new Error(`no call '${name}'`);
  return found;
}

/** The parts of the kernel that a code needs; none if every kernel has it. */
export const partsOfSyscall = (name: SyscallName): readonly KernelPart[] => syscallNamed(name).parts;

/** Writes the text of a code, for a call with these values. */
export function callSyscall(k: K, name: SyscallName, values: readonly Value<string>[]): void {
  const { args, text } = syscallNamed(name);
  text(k, argumentsOf(args, values));
}

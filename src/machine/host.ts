// SPDX-License-Identifier: MIT
import { type Errno, FALLOC_FL_PUNCH_HOLE, GUEST_MEMFD_FLAG_INIT_SHARED, PAGE_SIZE } from '../abi/index.ts';
import {
  checkBind,
  checkCreateGuestMemfd,
  checkFallocate,
  checkHugePageAdvice,
  checkMemoryAttributes2,
  checkMmap,
  checkReadWrite,
  type FallocateArguments,
  gmemInode,
  type GuestMemfdVm,
  type HugePageAdvice,
  type KernelPart,
  kvm,
  type MemoryAttributes2,
  type Patch,
  pins,
  type Profile,
  supportedGuestMemfdFlags,
  vmaGone,
} from '../kernel/index.ts';
import { columnOf } from '../lang/index.ts';
import type { Call, Outcome } from './calls.ts';
import { createMachine, type Machine, type TaskOptions } from './machine.ts';

/** Limits of a host; everything created on it later must fit. */
export interface HostOptions {
  readonly cpus: number;
  readonly threads: readonly TaskOptions[];
  readonly profile?: Profile;
  readonly patch?: Patch;
  /** Most guest_memfds at a time, and pages of the largest mapping or file. */
  readonly files: number;
  readonly pages: number;
  /** Most pins at a time; 0 if absent. */
  readonly pins?: number;
}

/** Kernel parts that the calls here need. */
const PARTS: readonly KernelPart[] = ['mmap', 'gup', 'mlock', 'guest', 'contents', 'memslots', 'fault_injection'];

/** Return value of a system call without data: ok, the name of an error, or of the signal that ends it. */
export type Returned = Outcome['result'] | Errno;

/** A mapping of a guest_memfd in a process, at the process's place for it. */
export interface Mapping {
  readonly file: GuestMemfd;
  /** In bytes, from the file's beginning. */
  readonly length: bigint;
}

/** A long reference to a page. */
export interface PinHandle {
  readonly pin: number;
}

const pagesIn = (bytes: bigint): number => Number(bytes / PAGE_SIZE);

/**
 * A computer, as programs see the kernel: files are created and closed, mapped and unmapped, and every call returns the
 * system call's result. It stands on a {@link Machine}, whose tasks are the threads; calls made here run to their end.
 * @example
 * import { GuestMemfd, Host } from 'folioscope/machine';
 * const host = new Host({ cpus: 1, threads: [{ name: 'vmm', cpu: 0 }], files: 1, pages: 2 });
 * const vm = host.createVm({ hasPrivateMemory: true, inPlaceConversion: true });
 * const file = vm.createGuestMemfd({ size: 8192n, flags: 3n });
 * file instanceof GuestMemfd; // => true
 */
export class Host {
  readonly machine: Machine;

  constructor({ threads, files, pages, ...options }: HostOptions) {
    const room = Array.from({ length: files }, () => ({ pages }));
    this.machine = createMachine({ ...options, tasks: threads, guestMemfds: room, parts: PARTS });
    this.boot();
  }

  /** Resets the host: no file, no mapping, no slot. Objects created before must not be used any more. */
  boot(): void {
    this.machine.boot();
    const { memory } = this.machine;
    columnOf(memory, gmemInode.pages).fill(0);
    columnOf(memory, vmaGone).fill(1);
    columnOf(memory, kvm.unbound).fill(1);
  }

  /** A thread by its name. @throws RangeError if there is none. */
  thread(name: string): Thread {
    return new Thread(this, this.machine.taskNamed(name));
  }

  createVm(vm: GuestMemfdVm): Vm {
    return new Vm(this, vm);
  }
}

/** A range of a file whose pages have one attribute; neighbours differ, and there is no gap. */
export interface AttributeRange {
  readonly start: number;
  readonly pages: number;
  readonly private: boolean;
}

/** A guest_memfd: the memory behind its file descriptor. */
export class GuestMemfd {
  readonly vm: Vm;
  /** Number of the machine's guest_memfd. */
  readonly inode: number;
  readonly size: bigint;
  readonly flags: bigint;

  constructor(vm: Vm, inode: number, size: bigint, flags: bigint) {
    this.vm = vm;
    this.inode = inode;
    this.size = size;
    this.flags = flags;
  }

  /** The attributes as the kernel stores them: whole ranges, merged. */
  attributes(): readonly AttributeRange[] {
    const { memory, program } = this.vm.host.machine;
    const width = program.sizes['index'] ?? 0;
    const from = this.inode * width;
    const ranges: { start: number; pages: number; private: boolean }[] = [];
    for (const [start, bit] of columnOf(memory, gmemInode.private)
      .subarray(from, from + pagesIn(this.size))
      .entries()) {
      const last = ranges.at(-1);
      if (last?.private === (bit === 1)) last.pages++;
      else ranges.push({ start, pages: 1, private: bit === 1 });
    }
    return ranges;
  }

  /** fstat(2): st_size and st_blksize, in bytes. */
  stat(): { readonly size: bigint; readonly blksize: bigint } {
    return { size: this.size, blksize: PAGE_SIZE };
  }
}

/** A memory slot that is bound to a guest_memfd; addresses and sizes in bytes. */
interface Memslot {
  readonly gpa: bigint;
  readonly size: bigint;
  readonly file: GuestMemfd;
  readonly offset: bigint;
}

/** A virtual machine's file descriptor. */
export class Vm {
  readonly host: Host;
  readonly kind: GuestMemfdVm;
  readonly #slots = new Map<number, Memslot>();

  constructor(host: Host, kind: GuestMemfdVm) {
    this.host = host;
    this.kind = kind;
  }

  /** KVM_CHECK_EXTENSION(KVM_CAP_GUEST_MEMFD_FLAGS). */
  get guestMemfdFlags(): bigint {
    return supportedGuestMemfdFlags(this.kind);
  }

  /**
   * KVM_CREATE_GUEST_MEMFD. @param argument undefined if the kernel cannot read the struct.
   * @throws RangeError if the host has no room for it.
   */
  createGuestMemfd(argument: { readonly size: bigint; readonly flags: bigint } | undefined): GuestMemfd | Errno {
    const errno = checkCreateGuestMemfd(argument, this.kind);
    if (errno !== undefined || argument === undefined) return errno ?? 'EFAULT';
    const { memory, program } = this.host.machine;
    const width = program.sizes['index'] ?? 0;
    const { size, flags } = argument;
    const inode = columnOf(memory, gmemInode.pages).indexOf(0);
    if (inode === -1) throw new RangeError('the host has no room for another guest_memfd');
    if (size > BigInt(width) * PAGE_SIZE) throw new RangeError(`the host has no room for more than ${width} pages`);
    columnOf(memory, gmemInode.pages)[inode] = pagesIn(size);
    const isPrivate = Number((flags & GUEST_MEMFD_FLAG_INIT_SHARED) === 0n);
    columnOf(memory, gmemInode.private).fill(isPrivate, inode * width, inode * width + pagesIn(size));
    return new GuestMemfd(this, inode, size, flags);
  }

  /** KVM_SET_USER_MEMORY_REGION2 of a slot with a guest_memfd, by a thread; `size` 0 deletes the slot. */
  setUserMemoryRegion2(
    thread: Thread,
    slot: number,
    region: { readonly gpa: bigint; readonly size: bigint; readonly file: GuestMemfd; readonly offset: bigint },
  ): Returned {
    const present = this.#slots.get(slot);
    if (region.size === 0n) {
      if (present === undefined) return 'EINVAL';
      this.#slots.delete(slot);
      return thread.call({ call: 'delete-memslot', ...rangeOf(present.file, present.offset, present.size) });
    }
    // A slot with a guest_memfd cannot be moved or changed.
    if (present !== undefined || region.gpa % PAGE_SIZE !== 0n || region.size % PAGE_SIZE !== 0n) return 'EINVAL';
    const { gpa, size } = region;
    if ([...this.#slots.values()].some((other) => gpa < other.gpa + other.size && other.gpa < gpa + size))
      return 'EEXIST';
    const errno = checkBind(region, region.file.size, region.file.vm === this);
    if (errno !== undefined) return errno;
    const result = thread.call({ call: 'bind', ...rangeOf(region.file, region.offset, size) });
    if (result === 'ok') this.#slots.set(slot, region);
    return result;
  }

  /** The file's page at a guest physical address; undefined if no slot has it. */
  pageAt(gpa: bigint): { readonly inode: number; readonly index: number; readonly private: boolean } | undefined {
    for (const { gpa: from, size, file, offset } of this.#slots.values())
      if (gpa >= from && gpa < from + size) {
        const index = pagesIn(offset + gpa - from);
        const { memory, program } = this.host.machine;
        const at = file.inode * (program.sizes['index'] ?? 0) + index;
        return { inode: file.inode, index, private: columnOf(memory, gmemInode.private)[at] === 1 };
      }
    return undefined;
  }
}

const rangeOf = ({ inode }: GuestMemfd, offset: bigint, size: bigint) => ({
  inode,
  start: pagesIn(offset),
  pages: pagesIn(size),
});

/** A thread of a program; every method is a system call, or an access to memory. */
export class Thread {
  readonly #host: Host;
  readonly task: number;

  constructor(host: Host, task: number) {
    this.#host = host;
    this.task = task;
  }

  /** Makes a call on the machine, and runs it to its end. */
  call(call: Call): Outcome['result'] {
    return this.#host.machine.call(this.task, call).result;
  }

  /** mmap(2) of the file from its beginning; MAP_PRIVATE unless `shared`. */
  mmap(file: GuestMemfd, { length, shared }: { readonly length: bigint; readonly shared: boolean }): Mapping | Errno {
    if (length === 0n) return 'EINVAL';
    const errno = checkMmap(shared, file.flags);
    if (errno !== undefined) return errno;
    this.call({ call: 'mmap', ...rangeOf(file, 0n, length + PAGE_SIZE - 1n) });
    return { file, length };
  }

  munmap({ file, length }: Mapping): Returned {
    return this.call({ call: 'munmap', ...rangeOf(file, 0n, length + PAGE_SIZE - 1n) });
  }

  /** Accesses every page of a part of the mapping, until an access ends in SIGBUS or SIGSEGV. */
  touch({ file }: Mapping, offset: bigint, length: bigint): Returned {
    return this.call({ call: 'touch', ...rangeOf(file, offset, length) });
  }

  /** Reads the content of a page; SIGBUS or SIGSEGV if there is none. */
  load({ file }: Mapping, offset: bigint): number | Returned {
    const result = this.call({ call: 'load', inode: file.inode, index: pagesIn(offset) });
    return result === 'ok' ? this.#host.machine.loaded(this.task) : result;
  }

  /** Fills a page with a value. */
  store({ file }: Mapping, offset: bigint, value: number): Returned {
    return this.call({ call: 'store', inode: file.inode, index: pagesIn(offset), value });
  }

  /** A read by the VM's guest, on a vCPU of this thread; EFAULT is KVM_EXIT_MEMORY_FAULT, MMIO is KVM_EXIT_MMIO. */
  guestLoad(vm: Vm, gpa: bigint): number | Returned {
    const page = vm.pageAt(gpa);
    if (page === undefined) return 'MMIO';
    const result = this.call({ call: 'guest-load', ...page });
    return result === 'ok' ? this.#host.machine.loaded(this.task) : result;
  }

  guestStore(vm: Vm, gpa: bigint, value: number): Returned {
    const page = vm.pageAt(gpa);
    return page === undefined ? 'MMIO' : this.call({ call: 'guest-store', ...page, value });
  }

  /** fallocate(2). */
  fallocate(file: GuestMemfd, asked: FallocateArguments): Returned {
    const errno = checkFallocate(asked, file.size);
    if (errno !== undefined) return errno;
    const { mode, offset, length } = asked;
    const range = rangeOf(file, offset, length);
    if ((mode & FALLOC_FL_PUNCH_HOLE) === 0) return this.call({ call: 'fallocate', ...range });
    // The part of a hole beyond the end of the file has no effect.
    const pages = Math.min(range.pages, pagesIn(file.size) - range.start);
    return pages <= 0 ? 'ok' : this.call({ call: 'punch-hole', ...range, pages });
  }

  /**
   * KVM_SET_MEMORY_ATTRIBUTES2. `errorOffset`, in bytes, is present if the kernel wrote error_offset.
   * @param argument undefined if the kernel cannot read the struct.
   */
  setMemoryAttributes2(
    file: GuestMemfd,
    argument: MemoryAttributes2 | undefined,
    struct: { readonly writable?: boolean; readonly outOfMemory?: boolean } = {},
  ): { readonly result: Returned; readonly errorOffset?: bigint } {
    const vmHasPrivateMemory = file.vm.kind.hasPrivateMemory;
    if (!file.vm.kind.inPlaceConversion) return { result: 'ENOTTY' };
    const errno = checkMemoryAttributes2(argument, { size: file.size, vmHasPrivateMemory });
    if (errno !== undefined) return { result: errno };
    const call: Call = { call: 'set-memory-attributes2', inode: file.inode, argument, ...struct };
    const { result, errorIndex } = this.#host.machine.call(this.task, call);
    return errorIndex === undefined ? { result } : { result, errorOffset: BigInt(errorIndex) * PAGE_SIZE };
  }

  /** vmsplice(2) of a page into a pipe, or a pin of another kind; unpin() ends it. EFAULT if there is no page. */
  pin({ file }: Mapping, offset: bigint, how: 'vmsplice' | 'pin-user-pages' | 'pin-longterm'): PinHandle | Returned {
    const pin = this.#freePin();
    const result = this.call({ call: how, pin, inode: file.inode, index: pagesIn(offset) });
    return result === 'ok' ? { pin } : result;
  }

  unpin({ pin }: PinHandle): void {
    this.call({ call: 'unpin', pin });
  }

  /** A VM's launch fills a private page with the content at `offset` in one of this thread's mappings. */
  populate(file: GuestMemfd, at: bigint, { file: source }: Mapping, offset: bigint): Returned {
    const [index, sourceIndex] = [pagesIn(at), pagesIn(offset)];
    const pages = { inode: file.inode, index, sourceInode: source.inode, sourceIndex };
    return this.call({ call: 'populate', pin: this.#freePin(), ...pages });
  }

  mlock({ file }: Mapping, offset: bigint, length: bigint): Returned {
    return this.call({ call: 'mlock', ...rangeOf(file, offset, length) });
  }

  madviseDontneed({ file }: Mapping, offset: bigint, length: bigint): Returned {
    return this.call({ call: 'madvise-dontneed', ...rangeOf(file, offset, length) });
  }

  /** madvise(2) about huge pages, of a whole mapping. */
  madviseHugePages(_mapping: Mapping, advice: HugePageAdvice): Returned {
    return checkHugePageAdvice(advice) ?? 'ok';
  }

  /** read(2), or pread(2) with a position: a guest_memfd cannot be read. */
  read(_file: GuestMemfd, position?: bigint): Errno {
    return checkReadWrite(position);
  }

  /** write(2), or pwrite(2) with a position: a guest_memfd cannot be written. */
  write(_file: GuestMemfd, position?: bigint): Errno {
    return checkReadWrite(position);
  }

  /** fork(2): another process of the host, which has no mappings, gets this one's. */
  fork(process: number): Returned {
    return this.call({ call: 'fork', process });
  }

  migrateTo(cpu: number): Returned {
    return this.call({ call: 'migrate-to', cpu });
  }

  /** The last close(2) of a file without mappings. */
  close({ inode }: GuestMemfd): Returned {
    return this.call({ call: 'release', inode });
  }

  /** A free pin. @throws RangeError if the host has no room for another. */
  #freePin(): number {
    const pin = columnOf(this.#host.machine.memory, pins.references).indexOf(0);
    if (pin === -1) throw new RangeError('the host has no room for another pin');
    return pin;
  }
}

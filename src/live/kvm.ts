// SPDX-License-Identifier: MIT
import { closeSync, openSync } from 'node:fs';
import {
  decodeStruct,
  encodeStruct,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  KVM_CAP_GUEST_MEMFD,
  KVM_CAP_GUEST_MEMFD_FLAGS,
  KVM_CHECK_EXTENSION,
  KVM_CREATE_GUEST_MEMFD,
  KVM_CREATE_VM,
  KVM_SET_MEMORY_ATTRIBUTES2,
  KVM_X86_DEFAULT_VM,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  STRUCTS,
} from '../abi/index.ts';
import { codeOf } from './error-code.ts';
import { errorName, type Native } from './native.ts';
import { UnavailableError } from './unavailable.ts';

const DEVICE = '/dev/kvm';

/** A VM without a CPU: enough to own guest_memfds. */
export class Vm {
  readonly fd: number;
  readonly #native: Native;
  readonly #kvm: number;

  /**
   * @param type of KVM_CREATE_VM; 0 is the default one.
   * @throws UnavailableError if there is no KVM, this user may not use it, or it has no such VM.
   */
  constructor(native: Native, type = KVM_X86_DEFAULT_VM) {
    this.#native = native;
    try {
      this.#kvm = openSync(DEVICE, 'r+');
    } catch (error) {
      throw withoutKvm(error);
    }
    this.fd = native.ioctl(this.#kvm, KVM_CREATE_VM, Number(type));
    if (this.fd < 0) {
      closeSync(this.#kvm);
      throw new UnavailableError(
        `KVM makes no VM of type ${type} (${errorName(this.fd)})`,
        'a machine whose processor can virtualise, or nested virtualisation in its hypervisor',
      );
    }
  }

  /** Result of KVM_CHECK_EXTENSION for this VM; 0 if the kernel does not know the capability. */
  extension(capability: number): number {
    return Math.max(0, this.#native.ioctl(this.fd, KVM_CHECK_EXTENSION, capability));
  }

  /** Whether there is guest_memfd, and the flags that it may have. */
  get guestMemfd(): { readonly has: boolean; readonly flags: bigint } {
    const flags = BigInt(this.extension(KVM_CAP_GUEST_MEMFD_FLAGS));
    return { has: this.extension(KVM_CAP_GUEST_MEMFD) > 0, flags };
  }

  /** Makes a guest_memfd. @returns its descriptor, or an error, negative. @param size in bytes. */
  createGuestMemfd(size: bigint, flags: bigint): number {
    const request = encodeStruct(STRUCTS.kvm_create_guest_memfd, { size: BigInt.asUintN(64, size), flags });
    return this.#native.ioctl(this.fd, KVM_CREATE_GUEST_MEMFD, request);
  }

  close(): void {
    closeSync(this.fd);
    closeSync(this.#kvm);
  }
}

function withoutKvm(error: unknown): UnavailableError {
  const code = codeOf(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new UnavailableError(
        `${DEVICE} is closed to this user`,
        'join the group that owns it (kvm), or run as root',
      );
    case 'ENOENT':
      return new UnavailableError(
        `there is no ${DEVICE}`,
        'modprobe kvm_intel or kvm_amd; in a container, pass the device in',
      );
    default:
      return new UnavailableError(`${DEVICE} cannot be opened (${code})`, 'modprobe kvm_intel or kvm_amd');
  }
}

/** Result of KVM_SET_MEMORY_ATTRIBUTES2. */
export interface ConversionResult {
  /** 0, or an error, negative. */
  readonly returned: number;
  /** The offset in bytes of the page that refused; undefined unless the kernel wrote it. */
  readonly errorOffset: bigint | undefined;
}

/** An offset that no page has; it stays if the kernel writes none. */
const UNWRITTEN = (1n << 64n) - 1n;

/**
 * Pages of a guest_memfd, mapped. Offsets and lengths are in pages.
 * @example
 * import { Cpus, GuestMemory, loadNative, PageReader, UnavailableError, Vm } from 'folioscope/live';
 * import { GUEST_MEMFD_FLAG_INIT_SHARED, GUEST_MEMFD_FLAG_MMAP } from 'folioscope/abi';
 * async function waiting(): Promise<number> {
 *   const native = await loadNative();
 *   const vm = new Vm(native);
 *   const memory = new GuestMemory(native, vm, 8, GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED);
 *   const cpus = new Cpus(native);
 *   const pages = new PageReader('self', native.pageSize);
 *   memory.touch(0, 8);
 *   cpus.drain(cpus.allowed);
 *   const mask = pages.waitingMask(memory.address, 8);
 *   for (const open of [pages, cpus, memory, vm]) open.close();
 *   return mask;
 * }
 * const mask = await waiting().catch((error: unknown) => (error instanceof UnavailableError ? 0 : error));
 * mask; // => 0
 */
export class GuestMemory {
  readonly fd: number;
  readonly pages: number;
  /** Address of the first page. */
  readonly address: number;
  readonly #native: Native;

  /** @throws UnavailableError if such a file cannot be made or mapped. @param flags of the guest_memfd. */
  constructor(native: Native, vm: Vm, pages: number, flags: bigint) {
    this.#native = native;
    this.pages = pages;
    this.fd = vm.createGuestMemfd(BigInt(pages * native.pageSize), flags);
    if (this.fd < 0)
      throw new UnavailableError(
        `KVM makes no guest_memfd with flags ${flags} (${errorName(this.fd)})`,
        'Linux 6.18 or newer, with CONFIG_KVM_GUEST_MEMFD',
      );
    this.address = native.mmap(pages * native.pageSize, PROT_READ | PROT_WRITE, MAP_SHARED, this.fd, 0);
    if (this.address < 0) {
      closeSync(this.fd);
      throw new UnavailableError(
        `a guest_memfd cannot be mapped (${errorName(this.address)})`,
        'Linux 6.18 or newer, whose guest_memfd has the flag MMAP',
      );
    }
  }

  /** Address of a page. */
  at(page: number): number {
    return this.address + page * this.#native.pageSize;
  }

  /** A write fault on each of some pages, on this CPU. @returns the first error, negative, or how many. */
  touch(from: number, count: number): number {
    for (let page = from; page < from + count; page++) {
      const returned = this.#native.touch(this.at(page));
      if (returned < 0) return returned;
    }
    return count;
  }

  /** Frees pages: they leave the page cache, and their references are put. */
  punch(from: number, count: number): number {
    const mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;
    return this.#native.fallocate(this.fd, mode, from * this.#native.pageSize, count * this.#native.pageSize);
  }

  /** Puts pages into the page cache, not mapped. */
  allocate(from: number, count: number): number {
    return this.#native.fallocate(
      this.fd,
      FALLOC_FL_KEEP_SIZE,
      from * this.#native.pageSize,
      count * this.#native.pageSize,
    );
  }

  mlock(from: number, count: number): number {
    return this.#native.mlock(this.at(from), count * this.#native.pageSize);
  }

  munlock(from: number, count: number): number {
    return this.#native.munlock(this.at(from), count * this.#native.pageSize);
  }

  /** Takes a reference to each of some pages until the pipe is closed or read. @param pipe the pipe's write end. */
  pin(pipe: number, from: number, count: number): number {
    return this.#native.vmsplice(pipe, this.at(from), count * this.#native.pageSize);
  }

  /** Sets the attributes of pages: converts them. */
  convert(from: number, count: number, attributes: bigint): ConversionResult {
    const bytes = encodeStruct(STRUCTS.kvm_memory_attributes2, {
      offset: BigInt(from * this.#native.pageSize),
      size: BigInt(count * this.#native.pageSize),
      attributes,
      error_offset: UNWRITTEN,
    });
    const returned = this.#native.ioctl(this.fd, KVM_SET_MEMORY_ATTRIBUTES2, bytes);
    const { error_offset: written } = decodeStruct(STRUCTS.kvm_memory_attributes2, bytes);
    return { returned, errorOffset: typeof written === 'bigint' && written !== UNWRITTEN ? written : undefined };
  }

  close(): void {
    this.#native.munmap(this.address, this.pages * this.#native.pageSize);
    closeSync(this.fd);
  }
}

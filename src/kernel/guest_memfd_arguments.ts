// SPDX-License-Identifier: GPL-2.0-only
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  PAGE_SIZE,
} from '../abi/index.ts';

// Argument checks, each in the kernel's order. They read nothing that other tasks write: the file, its size and its
// flags are fixed when it is created.

const U64 = 1n << 64n;
const aligned = (bytes: bigint): boolean => bytes % PAGE_SIZE === 0n;

/** struct kvm_memory_attributes2 as the caller fills it; all fields are unsigned 64-bit. */
export interface MemoryAttributes2 {
  /** In bytes. */
  readonly offset: bigint;
  /** In bytes. */
  readonly size: bigint;
  readonly attributes: bigint;
  readonly flags: bigint;
  /** reserved[11]; absent elements are 0. */
  readonly reserved: readonly bigint[];
}

/** Properties of the file and its VM that the checks need. */
export interface ConversionTarget {
  /** i_size in bytes. */
  readonly size: bigint;
  /** Whether the VM's type has private memory (KVM_X86_SW_PROTECTED_VM has, the default type has not). */
  readonly vmHasPrivateMemory: boolean;
}

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_ioctl(), the checks of its argument in their order. None of them writes
 * error_offset.
 * @param argument the struct, or undefined if it cannot be read.
 * @example
 * import {
 *   checkBind,
 *   checkCreateGuestMemfd,
 *   checkFallocate,
 *   checkHugePageAdvice,
 *   checkMemoryAttributes2,
 *   checkMmap,
 *   checkReadWrite,
 *   supportedGuestMemfdFlags,
 * } from 'folioscope/kernel';
 * const argument = { offset: 0n, size: 4096n, attributes: 8n, flags: 0n, reserved: [] };
 * checkMemoryAttributes2(argument, { size: 8192n, vmHasPrivateMemory: true }); // => undefined
 * checkMemoryAttributes2({ ...argument, flags: 1n }, { size: 8192n, vmHasPrivateMemory: true }); // => 'EINVAL'
 * const vm = { hasPrivateMemory: true, inPlaceConversion: true };
 * supportedGuestMemfdFlags(vm); // => 3n
 * checkCreateGuestMemfd({ size: 4096n, flags: 4n }, vm); // => 'EINVAL'
 * checkFallocate({ mode: 2, offset: 0n, length: 4096n }, 8192n); // => 'EOPNOTSUPP'
 * checkMmap(true, 0n); // => 'ENODEV'
 * checkBind({ offset: 1n, size: 4096n }, 8192n, true); // => 'EINVAL'
 * checkReadWrite(0n); // => 'ESPIPE'
 * checkHugePageAdvice('MADV_HUGEPAGE'); // => undefined
 */
export function checkMemoryAttributes2(
  argument: MemoryAttributes2 | undefined,
  target: ConversionTarget,
): 'EFAULT' | 'EINVAL' | undefined {
  if (argument === undefined) return 'EFAULT';
  const { offset, size, attributes, flags, reserved } = argument;
  if (flags !== 0n) return 'EINVAL';
  if (reserved.some((word) => word !== 0n)) return 'EINVAL';
  if (!target.vmHasPrivateMemory) return 'EINVAL';
  if ((attributes & ~KVM_MEMORY_ATTRIBUTE_PRIVATE) !== 0n) return 'EINVAL';
  if (size === 0n || (offset + size) % U64 < offset) return 'EINVAL';
  if (!aligned(offset) || !aligned(size)) return 'EINVAL';
  if (offset + size > target.size) return 'EINVAL';
  return undefined;
}

/** Properties of a VM that determine KVM_CREATE_GUEST_MEMFD's flags. */
export interface GuestMemfdVm {
  readonly hasPrivateMemory: boolean;
  /** The series' conversion is present and enabled: then files of a VM with private memory may also begin shared. */
  readonly inPlaceConversion: boolean;
}

/** virt/kvm/guest_memfd.c: kvm_gmem_get_supported_flags(): what KVM_CAP_GUEST_MEMFD_FLAGS reports of a VM. */
export const supportedGuestMemfdFlags = ({ hasPrivateMemory, inPlaceConversion }: GuestMemfdVm): bigint =>
  GUEST_MEMFD_FLAG_MMAP | (!hasPrivateMemory || inPlaceConversion ? GUEST_MEMFD_FLAG_INIT_SHARED : 0n);

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_create(): flags, then the size, as a signed number. reserved[] is not checked.
 * @param argument the struct, or undefined if it cannot be read.
 */
export function checkCreateGuestMemfd(
  argument: { readonly size: bigint; readonly flags: bigint } | undefined,
  vm: GuestMemfdVm,
): 'EFAULT' | 'EINVAL' | undefined {
  if (argument === undefined) return 'EFAULT';
  if ((argument.flags & ~supportedGuestMemfdFlags(vm)) !== 0n) return 'EINVAL';
  const size = BigInt.asIntN(64, argument.size);
  return size <= 0n || !aligned(size) ? 'EINVAL' : undefined;
}

/** fallocate(2)'s arguments; offset and length are signed, in bytes. */
export interface FallocateArguments {
  readonly mode: number;
  readonly offset: bigint;
  readonly length: bigint;
}

/** Modes of any file system, KEEP_SIZE to WRITE_ZEROES: others are refused before the file is asked. */
const MODES_OF_FILES = 0xfb;
/** MAX_LFS_FILESIZE: no file is larger. */
const S_MAXBYTES = (1n << 63n) - 1n;

/**
 * fs/open.c: vfs_fallocate(), then virt/kvm/guest_memfd.c: kvm_gmem_fallocate() and kvm_gmem_allocate(). A hole may lie
 * beyond the end of the file, an allocation may not.
 * @param fileSize i_size in bytes.
 */
export function checkFallocate(
  { mode, offset, length }: FallocateArguments,
  fileSize: bigint,
): 'EINVAL' | 'EOPNOTSUPP' | 'EFBIG' | undefined {
  if (offset < 0n || length <= 0n) return 'EINVAL';
  const keepsSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
  const punches = (mode & FALLOC_FL_PUNCH_HOLE) !== 0;
  if ((mode & ~MODES_OF_FILES) !== 0 || (punches && !keepsSize)) return 'EOPNOTSUPP';
  if (offset + length > S_MAXBYTES) return 'EFBIG';
  if (!keepsSize || (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) !== 0) return 'EOPNOTSUPP';
  if (!aligned(offset) || !aligned(length)) return 'EINVAL';
  if (!punches && offset + length > fileSize) return 'EINVAL';
  return undefined;
}

/**
 * fs/read_write.c: vfs_read() and vfs_write() of a file without such operations, as virt/kvm/guest_memfd.c: kvm_gmem_fops has
 * none; ksys_pread64() and ksys_pwrite64(), of a file that has no position, as fs/file_table.c: alloc_file_pseudo() makes it.
 * @param position undefined for read(2) and write(2).
 */
export const checkReadWrite = (position: bigint | undefined): 'EINVAL' | 'ESPIPE' =>
  position === undefined ? 'EINVAL' : 'ESPIPE';

/** madvise() advice that changes no folio of a guest_memfd. */
export type HugePageAdvice = 'MADV_HUGEPAGE' | 'MADV_COLLAPSE';

/**
 * mm/khugepaged.c: hugepage_madvise() marks the mapping; madvise_collapse() rejects a file on an anonymous inode,
 * before it drains anything.
 */
export const checkHugePageAdvice = (advice: HugePageAdvice): 'EINVAL' | undefined =>
  advice === 'MADV_COLLAPSE' ? 'EINVAL' : undefined;

/** virt/kvm/guest_memfd.c: kvm_gmem_mmap(): the file must allow it, and the mapping must be shared. */
export function checkMmap(shared: boolean, fileFlags: bigint): 'ENODEV' | 'EINVAL' | undefined {
  if ((fileFlags & GUEST_MEMFD_FLAG_MMAP) === 0n) return 'ENODEV';
  return shared ? undefined : 'EINVAL';
}

/** Part of a guest_memfd to bind to a memory slot; in bytes. */
export interface BindArguments {
  readonly offset: bigint;
  readonly size: bigint;
}

/** virt/kvm/guest_memfd.c: kvm_gmem_bind(), before it takes the invalidate lock. @param sameVm the file was made by this VM. */
export function checkBind({ offset, size }: BindArguments, fileSize: bigint, sameVm: boolean): 'EINVAL' | undefined {
  if (!sameVm) return 'EINVAL';
  if (offset < 0n || !aligned(offset) || offset + size > fileSize) return 'EINVAL';
  return undefined;
}

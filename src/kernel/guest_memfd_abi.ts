// SPDX-License-Identifier: GPL-2.0-only

/** The errors that the ioctl's argument checks end in. */
export type Errno = 'EFAULT' | 'EINVAL' | 'ENOTTY';

/** Bytes in a page. */
export const PAGE_SIZE = 4096n;
/** ioctl number on the guest_memfd's fd: _IOWR(KVMIO, 0xd2, struct kvm_memory_attributes2). */
export const KVM_SET_MEMORY_ATTRIBUTES2 = 0xc080aed2n;
/** The one attribute of kvm_memory_attributes2.attributes that it takes. */
export const KVM_MEMORY_ATTRIBUTE_PRIVATE = 1n << 3n;

const U64 = 1n << 64n;

/** struct kvm_memory_attributes2 as the caller fills it; all of them unsigned 64 bits. */
export interface MemoryAttributes2 {
  /** In bytes. */
  readonly offset: bigint;
  /** In bytes. */
  readonly size: bigint;
  readonly attributes: bigint;
  readonly flags: bigint;
  /** reserved[11]; what is left out is 0. */
  readonly reserved: readonly bigint[];
}

/** What the checks ask of the file and its VM. */
export interface ConversionTarget {
  /** i_size in bytes. */
  readonly size: bigint;
  /** Whether the VM's type has private memory at all (KVM_X86_SW_PROTECTED_VM has, the default type has not). */
  readonly vmHasPrivateMemory: boolean;
}

/**
 * virt/kvm/guest_memfd.c: kvm_gmem_ioctl(), the checks of its argument in their order. None of them writes
 * error_offset.
 * @param argument the struct, or undefined where it cannot be read.
 */
export function checkMemoryAttributes2(
  argument: MemoryAttributes2 | undefined,
  target: ConversionTarget,
): Errno | undefined {
  if (argument === undefined) return 'EFAULT';
  const { offset, size, attributes, flags, reserved } = argument;
  if (flags !== 0n) return 'EINVAL';
  if (reserved.some((word) => word !== 0n)) return 'EINVAL';
  if (!target.vmHasPrivateMemory) return 'EINVAL';
  if ((attributes & ~KVM_MEMORY_ATTRIBUTE_PRIVATE) !== 0n) return 'EINVAL';
  if (size === 0n || (offset + size) % U64 < offset) return 'EINVAL';
  if (offset % PAGE_SIZE !== 0n || size % PAGE_SIZE !== 0n) return 'EINVAL';
  if (offset + size > target.size) return 'EINVAL';
  return undefined;
}

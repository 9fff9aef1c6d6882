// SPDX-License-Identifier: MIT
import { type Layout, layout, sizeOfStruct } from './struct.ts';

// Numbers, flags and structs of include/uapi/linux/kvm.h, for x86 and every other architecture with the same coding of
// ioctl numbers. The conversion's part is that of the series (v8) and may change until it is merged. So the number of
// its capability is not here: take it from the header of your build.

/** The structs of the ioctls; every field is unsigned. */
export const STRUCTS = {
  kvm_create_guest_memfd: layout([
    ['size', 8],
    ['flags', 8],
    ['reserved', 8, 6],
  ]),
  /** The kernel writes error_offset, with -EAGAIN and -ENOMEM only. */
  kvm_memory_attributes2: layout([
    ['offset', 8],
    ['size', 8],
    ['attributes', 8],
    ['flags', 8],
    ['error_offset', 8],
    ['reserved', 8, 11],
  ]),
  kvm_memory_attributes: layout([
    ['address', 8],
    ['size', 8],
    ['attributes', 8],
    ['flags', 8],
  ]),
  kvm_userspace_memory_region2: layout([
    ['slot', 4],
    ['flags', 4],
    ['guest_phys_addr', 8],
    ['memory_size', 8],
    ['userspace_addr', 8],
    ['guest_memfd_offset', 8],
    ['guest_memfd', 4],
    ['pad1', 4],
    ['pad2', 8, 14],
  ]),
} as const satisfies Record<string, Layout>;

const KVMIO = 0xaen;
const IOC_WRITE = 1n;
const IOC_READ = 2n;
/** include/uapi/asm-generic/ioctl.h: _IOC(). */
const ioc = (direction: bigint, nr: bigint, argument: Layout): bigint =>
  (direction << 30n) | (BigInt(sizeOfStruct(argument)) << 16n) | (KVMIO << 8n) | nr;

/** On /dev/kvm. */
export const KVM_CREATE_VM = (KVMIO << 8n) | 0x01n;
/** On /dev/kvm, or on a VM's fd for what that VM has. */
export const KVM_CHECK_EXTENSION = (KVMIO << 8n) | 0x03n;
/** KVM_CREATE_VM's argument on x86: a VM without private memory. */
export const KVM_X86_DEFAULT_VM = 0n;
/**
 * KVM_CREATE_VM's argument on x86: a VM with private memory, without encryption.
 * @example
 * import { KVM_CHECK_EXTENSION, KVM_X86_DEFAULT_VM, KVM_X86_SW_PROTECTED_VM } from 'folioscope/abi';
 * KVM_CHECK_EXTENSION.toString(16); // => 'ae03'
 * [KVM_X86_DEFAULT_VM, KVM_X86_SW_PROTECTED_VM]; // => [0n, 1n]
 */
export const KVM_X86_SW_PROTECTED_VM = 1n;
/** On the VM's fd. */
export const KVM_CREATE_GUEST_MEMFD = ioc(IOC_WRITE | IOC_READ, 0xd4n, STRUCTS.kvm_create_guest_memfd);
/** On the VM's fd: attributes of the VM, which do not belong to a file. */
export const KVM_SET_MEMORY_ATTRIBUTES = ioc(IOC_WRITE, 0xd2n, STRUCTS.kvm_memory_attributes);
/** On the guest_memfd's fd. */
export const KVM_SET_MEMORY_ATTRIBUTES2 = ioc(IOC_WRITE | IOC_READ, 0xd2n, STRUCTS.kvm_memory_attributes2);
/** On the VM's fd. */
export const KVM_SET_USER_MEMORY_REGION2 = ioc(IOC_WRITE, 0x49n, STRUCTS.kvm_userspace_memory_region2);

/** The one attribute that kvm_memory_attributes2.attributes accepts. */
export const KVM_MEMORY_ATTRIBUTE_PRIVATE = 1n << 3n;
/** kvm_create_guest_memfd.flags: the file can be mapped. */
export const GUEST_MEMFD_FLAG_MMAP = 1n << 0n;
/** kvm_create_guest_memfd.flags: all of the file is shared at the beginning; private if absent. */
export const GUEST_MEMFD_FLAG_INIT_SHARED = 1n << 1n;
/** KVM_CHECK_EXTENSION: whether there is guest_memfd. */
export const KVM_CAP_GUEST_MEMFD = 234;
/**
 * KVM_CHECK_EXTENSION: the flags that a VM's guest_memfds may have.
 * @example
 * import {
 *   GUEST_MEMFD_FLAG_INIT_SHARED,
 *   GUEST_MEMFD_FLAG_MMAP,
 *   KVM_CAP_GUEST_MEMFD,
 *   KVM_CAP_GUEST_MEMFD_FLAGS,
 *   KVM_MEM_GUEST_MEMFD,
 * } from 'folioscope/abi';
 * GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED; // => 3n
 * [KVM_CAP_GUEST_MEMFD, KVM_CAP_GUEST_MEMFD_FLAGS]; // => [234, 244]
 * KVM_MEM_GUEST_MEMFD; // => 4n
 */
export const KVM_CAP_GUEST_MEMFD_FLAGS = 244;
/** kvm_userspace_memory_region2.flags: the slot has a guest_memfd. */
export const KVM_MEM_GUEST_MEMFD = 1n << 2n;
/**
 * Whether ioctl(2) was called with this number.
 * @param args those of the call, as the registers held them.
 * @example
 * import {
 *   isIoctl,
 *   KVM_CREATE_GUEST_MEMFD,
 *   KVM_CREATE_VM,
 *   KVM_SET_MEMORY_ATTRIBUTES,
 *   KVM_SET_MEMORY_ATTRIBUTES2,
 *   KVM_SET_USER_MEMORY_REGION2,
 * } from 'folioscope/abi';
 * isIoctl([8n, 0xc080aed2n, 0x7ffd_1000_0000n], KVM_SET_MEMORY_ATTRIBUTES2); // => true
 * [KVM_CREATE_VM, KVM_CREATE_GUEST_MEMFD, KVM_SET_USER_MEMORY_REGION2].map((number) => number.toString(16)); // => ['ae01', 'c040aed4', '40a0ae49']
 * KVM_SET_MEMORY_ATTRIBUTES.toString(16); // => '4020aed2'
 */
export const isIoctl = (args: readonly bigint[], number: bigint): boolean =>
  BigInt.asUintN(32, args[1] ?? 0n) === number; // an unsigned int: the register's upper half is ignored

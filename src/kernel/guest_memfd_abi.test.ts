// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, test } from 'vitest';
import {
  decodeStruct,
  encodeStruct,
  ERRNO,
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_CREATE_GUEST_MEMFD,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  KVM_SET_MEMORY_ATTRIBUTES,
  KVM_SET_MEMORY_ATTRIBUTES2,
  KVM_SET_USER_MEMORY_REGION2,
  sizeOfStruct,
  STRUCTS,
} from './guest_memfd_abi.ts';
import { checkCreateGuestMemfd, checkFallocate, supportedGuestMemfdFlags } from './guest_memfd_arguments.ts';

test('ioctl numbers come out of direction, number and size as the headers have them', () => {
  expect({
    KVM_CREATE_GUEST_MEMFD,
    KVM_SET_MEMORY_ATTRIBUTES,
    KVM_SET_MEMORY_ATTRIBUTES2,
    KVM_SET_USER_MEMORY_REGION2,
  }).toEqual({
    KVM_CREATE_GUEST_MEMFD: 0xc040aed4n,
    KVM_SET_MEMORY_ATTRIBUTES: 0x4020aed2n,
    KVM_SET_MEMORY_ATTRIBUTES2: 0xc080aed2n,
    KVM_SET_USER_MEMORY_REGION2: 0x40a0ae49n,
  });
});

test('structs have their sizes, and the old and the new attributes begin alike', () => {
  expect(Object.values(STRUCTS).map(sizeOfStruct)).toEqual([64, 128, 32, 160]);
  const [{ offset, error_offset, ...rest }, { address, ...old }] = [
    STRUCTS.kvm_memory_attributes2,
    STRUCTS.kvm_memory_attributes,
  ];
  expect(offset).toEqual(address);
  expect(rest).toMatchObject(old);
  expect(error_offset?.offset).toBe(32);
});

test('flags and errors have their numbers', () => {
  expect([GUEST_MEMFD_FLAG_MMAP, GUEST_MEMFD_FLAG_INIT_SHARED, KVM_MEMORY_ATTRIBUTE_PRIVATE]).toEqual([1n, 2n, 8n]);
  expect([ERRNO.EAGAIN, ERRNO.EFAULT, ERRNO.EINVAL, ERRNO.ENOTTY, ERRNO.EOPNOTSUPP]).toEqual([11, 14, 22, 25, 95]);
});

describe('bytes', () => {
  const { kvm_memory_attributes2, kvm_userspace_memory_region2 } = STRUCTS;

  test('of a conversion of the second page to private', () => {
    const bytes = encodeStruct(kvm_memory_attributes2, { offset: 4096n, size: 4096n, attributes: 8n });
    expect([...bytes.entries()].filter(([, byte]) => byte !== 0)).toEqual([
      [1, 0x10],
      [9, 0x10],
      [16, 8],
    ]);
  });

  test('and back, with narrow fields and arrays', () => {
    const values = { slot: 3n, flags: 4n, guest_phys_addr: 1n << 40n, guest_memfd: 0xffff_ffffn, pad2: [0n, 7n] };
    const padded = new Uint8Array(200);
    padded.set(encodeStruct(kvm_userspace_memory_region2, values), 5);
    expect(decodeStruct(kvm_userspace_memory_region2, padded.subarray(5))).toEqual({
      ...values,
      memory_size: 0n,
      userspace_addr: 0n,
      guest_memfd_offset: 0n,
      pad1: 0n,
      pad2: [0n, 7n, ...Array.from({ length: 12 }, () => 0n)],
    });
  });

  test.each([
    [{ slot: 1n << 32n }, 'slot: 4294967296 is no unsigned number of 32 bits'],
    [{ memory_size: -1n }, 'memory_size: -1 is no unsigned number of 64 bits'],
    [{ pad2: Array.from({ length: 15 }, () => 0n) }, 'pad2 has 14 elements'],
    [{ sise: 1n }, "no field 'sise'"],
  ])('that cannot be: %o', (values, message) => {
    expect(() => encodeStruct(kvm_userspace_memory_region2, values)).toThrow(message);
  });

  test('that are too few', () => {
    expect(() => decodeStruct(kvm_memory_attributes2, new Uint8Array(127))).toThrow('127 bytes, expected 128');
  });
});

describe('arguments', () => {
  test('a VM with private memory may have files that begin shared only where they can be converted in place', () => {
    const flags = (hasPrivateMemory: boolean, inPlaceConversion: boolean) =>
      supportedGuestMemfdFlags({ hasPrivateMemory, inPlaceConversion });
    expect([flags(true, true), flags(true, false), flags(false, true), flags(false, false)]).toEqual([3n, 1n, 3n, 3n]);
  });

  test('flags come before the size', () => {
    const vm = { hasPrivateMemory: true, inPlaceConversion: true };
    expect(checkCreateGuestMemfd({ size: 4096n, flags: 3n }, vm)).toBeUndefined();
    expect(checkCreateGuestMemfd({ size: 4096n, flags: 4n }, vm)).toBe('EINVAL');
    expect(checkCreateGuestMemfd({ size: 0n, flags: 0n }, vm)).toBe('EINVAL');
  });

  test.each([
    [0, -4096n, 4096n, 'EINVAL'],
    [0, 0n, 4096n, 'EOPNOTSUPP'],
    [2, 1n, 1n, 'EOPNOTSUPP'],
    [0x80, 0n, 4096n, 'EOPNOTSUPP'],
    [1, (1n << 63n) - 4096n, 4096n, 'EFBIG'],
    [0, (1n << 63n) - 4096n, 4096n, 'EFBIG'],
    [2, (1n << 63n) - 4096n, 4096n, 'EOPNOTSUPP'],
    [4, (1n << 63n) - 4096n, 4096n, 'EOPNOTSUPP'],
    [1, 4096n, 8192n, 'EINVAL'],
    [3, 4096n, 8192n, undefined],
  ])('fallocate mode %i of %i+%i in a file of two pages: %s', (mode, offset, length, errno) => {
    expect(checkFallocate({ mode, offset, length }, 8192n)).toBe(errno);
  });
});

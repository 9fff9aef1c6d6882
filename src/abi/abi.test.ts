// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { ERRNO, errnoName, isErrno } from './errno.ts';
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  isIoctl,
  KVM_CREATE_GUEST_MEMFD,
  KVM_CREATE_VM,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  KVM_SET_MEMORY_ATTRIBUTES,
  KVM_SET_MEMORY_ATTRIBUTES2,
  KVM_SET_USER_MEMORY_REGION2,
  STRUCTS,
} from './kvm.ts';
import { bytesOf, DEFAULT_PAGE_SIZE, PAGE_SIZE, pageSize, pagesOf } from './page-size.ts';
import { decodeStruct, encodeStruct, sizeOfStruct } from './struct.ts';

test('ioctl numbers come out of direction, number and size as the headers have them', () => {
  expect({
    KVM_CREATE_VM,
    KVM_CREATE_GUEST_MEMFD,
    KVM_SET_MEMORY_ATTRIBUTES,
    KVM_SET_MEMORY_ATTRIBUTES2,
    KVM_SET_USER_MEMORY_REGION2,
  }).toEqual({
    KVM_CREATE_VM: 0xae01n,
    KVM_CREATE_GUEST_MEMFD: 0xc040aed4n,
    KVM_SET_MEMORY_ATTRIBUTES: 0x4020aed2n,
    KVM_SET_MEMORY_ATTRIBUTES2: 0xc080aed2n,
    KVM_SET_USER_MEMORY_REGION2: 0x40a0ae49n,
  });
});

test('an ioctl is known by the lower half of its register', () => {
  expect(
    [[8n, 0xc080aed2n], [8n, 0xffff_ffff_c080_aed2n], [8n, 0x4020aed2n], [8n]].map((args) =>
      isIoctl(args, KVM_SET_MEMORY_ATTRIBUTES2),
    ),
  ).toEqual([true, true, false, false]);
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

test('errors are known by what a call returned', () => {
  expect([-11, -25, -4, -1000, 0, 11].map(errnoName)).toEqual([
    'EAGAIN',
    'ENOTTY',
    'EINTR',
    undefined,
    undefined,
    undefined,
  ]);
  expect([-11, 11, undefined, 0].map((returned) => isErrno(returned, 'EAGAIN'))).toEqual([true, false, false, false]);
});

test('page sizes are powers of two that a kernel can be built with', () => {
  expect([4096, 16384, 65536, 1048576].map(pageSize)).toEqual([4096, 16384, 65536, 1048576]);
  expect([0, -4096, 2048, 4095, 12288, 2097152, Number.NaN].map(pageSize)).toEqual(
    Array.from({ length: 7 }, () => undefined),
  );
  expect([DEFAULT_PAGE_SIZE, PAGE_SIZE]).toEqual([4096, 4096n]);
});

test('offsets and pages go both ways, and what is no page has a fraction', () => {
  const size = pageSize(65536) ?? DEFAULT_PAGE_SIZE;
  expect([pagesOf(131072, size), pagesOf(4096, size)]).toEqual([2, 0.0625]);
  expect(bytesOf(2 ** 50, size)).toBe(2n ** 66n);
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

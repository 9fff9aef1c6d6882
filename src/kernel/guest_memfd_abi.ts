// SPDX-License-Identifier: GPL-2.0-only

/**
 * What a program and the kernel agree on about guest_memfd, as data: numbers, flags and layouts of
 * include/uapi/linux/kvm.h and include/uapi/linux/falloc.h, for x86 and every other architecture whose ioctl numbers
 * are coded alike. The conversion's part is that of the series (v8); it may still change until it is merged, so the
 * number of its capability is not here: ask for it by the header that you build against.
 */

/** Bytes in a page. */
export const PAGE_SIZE = 4096n;

/** Errors by name, as the generic numbers of include/uapi/asm-generic/errno-base.h and errno.h. */
export const ERRNO = {
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOTTY: 25,
  EFBIG: 27,
  ESPIPE: 29,
  EOPNOTSUPP: 95,
  EHWPOISON: 133,
} as const;
export type Errno = keyof typeof ERRNO;

/** A field of a struct; `count` of them follow each other where it is an array. */
export interface Field {
  /** In bytes. */
  readonly offset: number;
  /** Of one element, in bytes. */
  readonly size: 4 | 8;
  readonly count: number;
}
/** A struct's fields by name; the last one ends where the struct does. */
export type Layout = Readonly<Record<string, Field>>;

function layout(fields: readonly (readonly [name: string, size: 4 | 8, count?: number])[]): Layout {
  let offset = 0;
  return Object.fromEntries(
    fields.map(([name, size, count = 1]) => {
      const field = { offset, size, count };
      offset += size * count;
      return [name, field];
    }),
  );
}

/** The structs that the ioctls take; every field is unsigned. */
export const STRUCTS = {
  kvm_create_guest_memfd: layout([
    ['size', 8],
    ['flags', 8],
    ['reserved', 8, 6],
  ]),
  /** error_offset is written by the kernel, with -EAGAIN and -ENOMEM only. */
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

/** Bytes of a struct. */
export const sizeOfStruct = (of: Layout): number =>
  Math.max(0, ...Object.values(of).map(({ offset, size, count }) => offset + size * count));

const KVMIO = 0xaen;
const IOC_WRITE = 1n;
const IOC_READ = 2n;
/** include/uapi/asm-generic/ioctl.h: _IOC(). */
const ioc = (direction: bigint, nr: bigint, argument: Layout): bigint =>
  (direction << 30n) | (BigInt(sizeOfStruct(argument)) << 16n) | (KVMIO << 8n) | nr;

/** On the VM's fd. */
export const KVM_CREATE_GUEST_MEMFD = ioc(IOC_WRITE | IOC_READ, 0xd4n, STRUCTS.kvm_create_guest_memfd);
/** On the VM's fd: attributes of the VM, which do not belong to a file. */
export const KVM_SET_MEMORY_ATTRIBUTES = ioc(IOC_WRITE, 0xd2n, STRUCTS.kvm_memory_attributes);
/** On the guest_memfd's fd. */
export const KVM_SET_MEMORY_ATTRIBUTES2 = ioc(IOC_WRITE | IOC_READ, 0xd2n, STRUCTS.kvm_memory_attributes2);
/** On the VM's fd. */
export const KVM_SET_USER_MEMORY_REGION2 = ioc(IOC_WRITE, 0x49n, STRUCTS.kvm_userspace_memory_region2);

/** The one attribute of kvm_memory_attributes2.attributes that it takes. */
export const KVM_MEMORY_ATTRIBUTE_PRIVATE = 1n << 3n;
/** kvm_create_guest_memfd.flags: the file can be mapped. */
export const GUEST_MEMFD_FLAG_MMAP = 1n << 0n;
/** kvm_create_guest_memfd.flags: all of it is shared in the beginning; private where absent. */
export const GUEST_MEMFD_FLAG_INIT_SHARED = 1n << 1n;
/** KVM_CHECK_EXTENSION: which flags a VM's guest_memfds may have. */
export const KVM_CAP_GUEST_MEMFD_FLAGS = 244;
/** kvm_userspace_memory_region2.flags: the slot has a guest_memfd. */
export const KVM_MEM_GUEST_MEMFD = 1n << 2n;
/** fallocate(2)'s mode. */
export const FALLOC_FL_KEEP_SIZE = 0x01;
export const FALLOC_FL_PUNCH_HOLE = 0x02;

/** What a struct's fields hold; an array's elements in order, those that are left out are 0. */
export type FieldValues = Readonly<Record<string, bigint | readonly bigint[]>>;

/**
 * A struct's bytes, little-endian, as an ioctl takes them. Fields that are left out are 0.
 * @throws RangeError where a value does not fit, or there is no such field.
 */
export function encodeStruct(of: Layout, values: FieldValues): Uint8Array {
  const bytes = new Uint8Array(sizeOfStruct(of));
  const view = new DataView(bytes.buffer);
  for (const [name, value] of Object.entries(values)) {
    const field = of[name];
    if (field === undefined) throw new RangeError(`no field '${name}'; there are ${Object.keys(of).join(', ')}`);
    const elements = typeof value === 'bigint' ? [value] : value;
    if (elements.length > field.count) throw new RangeError(`${name} has ${field.count} elements`);
    for (const [i, element] of elements.entries()) {
      if (element !== BigInt.asUintN(8 * field.size, element))
        throw new RangeError(`${name}: ${element} is no unsigned number of ${8 * field.size} bits`);
      const at = field.offset + i * field.size;
      if (field.size === 4) view.setUint32(at, Number(element), true);
      else view.setBigUint64(at, element, true);
    }
  }
  return bytes;
}

/** What a struct's bytes say, an array's elements as a list. @throws RangeError where there are too few bytes. */
export function decodeStruct(of: Layout, bytes: Uint8Array): FieldValues {
  if (bytes.length < sizeOfStruct(of)) throw new RangeError(`${bytes.length} bytes, expected ${sizeOfStruct(of)}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (at: number, size: 4 | 8): bigint =>
    size === 4 ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true);
  return Object.fromEntries(
    Object.entries(of).map(([name, { offset, size, count }]) => [
      name,
      count === 1 ? read(offset, size) : Array.from({ length: count }, (_, i) => read(offset + i * size, size)),
    ]),
  );
}

// SPDX-License-Identifier: MIT
export { deviceNumbers } from './device.ts';
export { ERRNO, type Errno, errnoName, isErrno } from './errno.ts';
export { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE } from './falloc.ts';
export {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  isIoctl,
  KVM_CAP_GUEST_MEMFD,
  KVM_CAP_GUEST_MEMFD_FLAGS,
  KVM_CHECK_EXTENSION,
  KVM_CREATE_GUEST_MEMFD,
  KVM_CREATE_VM,
  KVM_MEM_GUEST_MEMFD,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  KVM_SET_MEMORY_ATTRIBUTES,
  KVM_SET_MEMORY_ATTRIBUTES2,
  KVM_SET_USER_MEMORY_REGION2,
  KVM_X86_DEFAULT_VM,
  KVM_X86_SW_PROTECTED_VM,
  STRUCTS,
} from './kvm.ts';
export {
  MADV_DONTNEED,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  MAP_SHARED,
  POSIX_FADV_DONTNEED,
  PROT_READ,
  PROT_WRITE,
} from './mman.ts';
export { F_ADD_SEALS, F_SEAL_WRITE, MFD_ALLOW_SEALING, MFD_CLOEXEC, MLOCK_ONFAULT } from './memfd.ts';
export { hasPageFlag, KPF, type PageFlag, pfnInPagemap } from './page-flags.ts';
export { bytesOf, DEFAULT_PAGE_SIZE, PAGE_SIZE, type PageSize, pageSize, pagesOf } from './page-size.ts';
export { F_SETPIPE_SZ, SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from './splice.ts';
export { CACHESTAT, CACHESTAT_RANGE, SYS_CACHESTAT, SYS_PIDFD_GETFD, SYS_PIDFD_OPEN } from './syscalls.ts';
export { decodeStruct, encodeStruct, type Field, type FieldValues, type Layout, sizeOfStruct } from './struct.ts';

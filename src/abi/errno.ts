// SPDX-License-Identifier: MIT

/** Errors by name, as the generic numbers of include/uapi/asm-generic/errno-base.h and errno.h. */
export const ERRNO = {
  EINTR: 4,
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
/** Name of an error. */
export type Errno = keyof typeof ERRNO;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(ERRNO).map(([name, number]) => [number, name]));

/**
 * The name of the error that a system call returned.
 * @param returned as the kernel returns it: an errno, negative.
 * @returns undefined for a number outside this table.
 * @example
 * import { ERRNO, errnoName, isErrno } from 'folioscope/abi';
 * errnoName(-11); // => 'EAGAIN'
 * isErrno(-ERRNO.EINVAL, 'EINVAL'); // => true
 */
export const errnoName = (returned: number): string | undefined => NAMES.get(-returned);

/** Whether a system call returned this error. @param returned as the kernel returns it: an errno, negative. */
export const isErrno = (returned: number | undefined, errno: Errno): boolean => returned === -ERRNO[errno];

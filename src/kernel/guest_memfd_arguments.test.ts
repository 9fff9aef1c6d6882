// SPDX-License-Identifier: GPL-2.0-only
import { expect, test } from 'vitest';
import { checkCreateGuestMemfd, checkFallocate, supportedGuestMemfdFlags } from './guest_memfd_arguments.ts';

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

// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import type { Call } from './calls.ts';
import { entryOf, partsFor, syscallsFor } from './entry.ts';

const around = {
  cpus: 2,
  tasks: [{}, {}],
  guestMemfds: [{ pages: 4 }, { pages: 8, vmHasPrivateMemory: false }],
  pins: 1,
};
const range = { inode: 0, start: 1, pages: 2 };
const convert = (inode: number): Call => ({
  call: 'set-memory-attributes2',
  inode,
  argument: {
    offset: PAGE_SIZE,
    size: 2n * PAGE_SIZE,
    attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE,
    flags: 0n,
    reserved: [],
  },
});

test('a conversion enters with pages, the direction and whether the struct can be written', () => {
  expect(entryOf(convert(0), around)).toEqual({ name: 'convert', args: [0, 1, 2, 1, 1] });
});

test('what the kernel refuses at once enters nowhere', () => {
  expect(entryOf(convert(1), around)).toEqual({ result: 'EINVAL' });
  expect(syscallsFor([convert(1), { call: 'unknown-ioctl' }], around)).toEqual([]);
});

test('calls say what they need of the kernel, each once', () => {
  const calls: readonly Call[] = [
    { call: 'touch', ...range },
    { call: 'mlock', ...range },
    { call: 'munlock', ...range },
    { call: 'lru-cache-disable' },
  ];
  expect(syscallsFor([...calls, ...calls], around)).toEqual(['touch', 'mlock', 'munlock', 'lru_cache_disable']);
  expect(partsFor(calls, around)).toEqual(['mlock', 'lru_disable']);
});

test('a call that names what there is not is out of range', () => {
  expect(() => entryOf({ call: 'touch', inode: 2, start: 0, pages: 1 }, around)).toThrow(
    new RangeError("touch: guest_memfd 2 is beyond the machine's 2"),
  );
  expect(() => entryOf({ call: 'unpin', pin: 1 }, around)).toThrow(
    new RangeError("unpin: pin 1 is beyond the machine's 1"),
  );
});

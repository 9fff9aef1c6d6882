// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import { type Profile, PROFILES } from '../kernel/index.ts';
import type { Call } from './calls.ts';
import { createMachine, type Machine, patchNamed } from './machine.ts';

const convert = (attributes: bigint): Call => ({
  call: 'set-memory-attributes2',
  inode: 0,
  argument: { offset: 0n, size: PAGE_SIZE, attributes, flags: 0n, reserved: [] },
});
const touch: Call = { call: 'touch', inode: 0, start: 0, pages: 1 };

const machineOf = (profile: Profile, patch = 'baseline'): Machine =>
  createMachine({
    cpus: 2,
    profile,
    patch: patchNamed(patch),
    pins: 1,
    tasks: [0, 1].map((on) => ({ name: `T${on}`, cpu: on })),
    guestMemfds: [{ pages: 1 }],
  });

const profileNamed = (name: string): Profile => {
  const found = PROFILES.find((profile) => profile.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};

test.each([
  ['linux-7.3', 'EAGAIN'],
  ['linux-6.8', 'ok'],
])('without a drain in the check, %s converts a page of the same CPU: %s', (name, result) => {
  const machine = machineOf(profileNamed(name));
  machine.call(0, touch);
  expect(machine.call(0, convert(KVM_MEMORY_ATTRIBUTE_PRIVATE)).result).toBe(result);
});

test.each(['linux-7.3', 'linux-6.8'])('and %s does not convert a page of another CPU', (name) => {
  const machine = machineOf(profileNamed(name));
  machine.call(1, touch);
  expect(machine.call(0, convert(KVM_MEMORY_ATTRIBUTE_PRIVATE)).result).toBe('EAGAIN');
});

test('a private page ends a touch with SIGBUS and a pin with EFAULT', () => {
  const machine = machineOf(profileNamed('linux-7.3'), 'v6');
  machine.call(1, touch);
  expect(machine.call(0, convert(KVM_MEMORY_ATTRIBUTE_PRIVATE)).result).toBe('ok');
  expect(machine.call(1, touch).result).toBe('SIGBUS');
  expect(machine.call(1, { call: 'vmsplice', pin: 0, inode: 0, index: 0 }).result).toBe('EFAULT');
  expect(machine.call(0, convert(0n)).result).toBe('ok');
  expect(machine.call(1, { call: 'vmsplice', pin: 0, inode: 0, index: 0 }).result).toBe('ok');
});

// Found by test/live/differential: Linux 6.18 goes from mapping to mapping.
test.each(['madvise-dontneed', 'madvise-pageout'] as const)(
  '%s of a range that begins before a locked mapping ends with EINVAL there, and what stands before it is done',
  (name) => {
    const machine = createMachine({
      cpus: 1,
      tasks: [{ name: 'T0', cpu: 0 }],
      guestMemfds: [{ pages: 4 }],
      parts: ['mlock', 'mmap'],
    });
    machine.call(0, { call: 'touch', inode: 0, start: 0, pages: 2 });
    machine.call(0, { call: 'mlock', inode: 0, start: 2, pages: 2 });
    expect(machine.call(0, { call: name, inode: 0, start: 1, pages: 2 }).result).toBe('EINVAL');
    const kinds = machine.ledger(0).map(({ holders }) => holders.map(({ kind }) => kind).join());
    expect(kinds.map((held) => held.includes('user-mapping'))).toEqual([true, name !== 'madvise-dontneed', true, true]);
    expect(kinds[1]).toBe(name === 'madvise-dontneed' ? 'page-cache' : 'page-cache,lru-add-batch,user-mapping');
    expect(machine.call(0, { call: name, inode: 0, start: 2, pages: 1 }).result).toBe('EINVAL');
  },
);

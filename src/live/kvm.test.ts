// SPDX-License-Identifier: MIT
import { closeSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasPageFlag } from '../abi/index.ts';
import { lackingGuestMemfd } from '../../test/live/machine.ts';
import { Cpus } from './cpus.ts';
import { GuestMemory, Vm } from './kvm.ts';
import { errorName, loadNative, type Native } from './native.ts';
import { PageReader } from './pages.ts';

const why = await lackingGuestMemfd();
const descriptors = (): number => readdirSync('/proc/self/fd').length;

describe('a real guest_memfd', () => {
  let native: Native;
  let vm: Vm;
  let before = 0;
  beforeEach(async ({ skip }) => {
    if (why !== undefined) skip(why);
    native = await loadNative();
    before = descriptors();
    vm = new Vm(native);
  });
  afterEach(() => {
    if (why !== undefined) return;
    vm.close();
    // /dev/zero stays open once it was needed.
    expect(descriptors() - before).toBeLessThanOrEqual(1);
  });

  const closed = (fd: number): string => {
    if (fd < 0) return errorName(fd);
    closeSync(fd);
    return 'made';
  };

  test('exactly the flags that the kernel reports make one', () => {
    const { flags } = vm.guestMemfd;
    for (let bit = 0n; bit < 64n; bit++) {
      const isValid = ((flags >> bit) & 1n) === 1n;
      expect([bit, closed(vm.createGuestMemfd(4096n, 1n << bit))]).toEqual([bit, isValid ? 'made' : 'EINVAL']);
    }
  });

  test('sizes that are no pages are errors', () => {
    expect([0n, 1n, 4095n, -4096n].map((size) => closed(vm.createGuestMemfd(size, 0n)))).toEqual([
      'EINVAL',
      'EINVAL',
      'EINVAL',
      'EINVAL',
    ]);
    expect(closed(vm.createGuestMemfd(1n << 30n, 0n))).toBe('made');
  });

  test('without the flags it cannot be mapped', () => {
    expect(() => new GuestMemory(native, vm, 1, 0n)).toThrow('a guest_memfd cannot be mapped (ENODEV); to get it: ');
  });

  test('pages come by a touch and by fallocate, and go by a punch', () => {
    const memory = new GuestMemory(native, vm, 8, 3n);
    const reader = new PageReader('self', native.pageSize);
    try {
      expect(memory.touch(0, 8)).toBe(8);
      const pages = reader.mapped(memory.address, 8);
      expect(pages.map(({ nth, mapped }) => [nth, mapped])).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((nth) => [nth, 1]));
      expect(pages.every(({ flags }) => hasPageFlag(flags, 'UPTODATE'))).toBe(true);
      expect(memory.punch(2, 3)).toBe(0);
      expect(reader.mapped(memory.address, 8).map(({ nth }) => nth)).toEqual([0, 1, 5, 6, 7]);
      // In the page cache, but not mapped: pagemap does not show it.
      expect(memory.allocate(2, 1)).toBe(0);
      expect(reader.mapped(memory.address, 8)).toHaveLength(5);
      expect([errorName(memory.allocate(8, 1)), errorName(native.fallocate(memory.fd, 3, 1, 4096))]).toEqual([
        'EINVAL',
        'EINVAL',
      ]);
    } finally {
      reader.close();
      memory.close();
    }
  });

  test('a touch of a private page is an error, and not the end of the process', () => {
    const memory = new GuestMemory(native, vm, 1, 1n);
    expect(errorName(memory.touch(0, 1))).toBe('EFAULT');
    memory.close();
  });

  test('pages in a pipe outlive a punch', () => {
    const memory = new GuestMemory(native, vm, 2, 3n);
    memory.touch(0, 2);
    const pipe = native.pipe();
    if (typeof pipe === 'number') throw new Error(errorName(pipe));
    expect(memory.pin(pipe.write, 0, 2)).toBe(8192);
    expect(memory.punch(0, 2)).toBe(0);
    closeSync(pipe.read);
    closeSync(pipe.write);
    memory.close();
  });

  test('mlock and munlock take mapped pages; a drain of this CPU leaves none of them waiting', () => {
    const memory = new GuestMemory(native, vm, 4, 3n);
    const cpus = new Cpus(native);
    const reader = new PageReader('self', native.pageSize);
    try {
      cpus.moveTo(cpus.allowed[0] ?? 0);
      expect([memory.mlock(0, 4), memory.munlock(0, 4)]).toEqual([0, 0]);
      memory.punch(0, 4);
      memory.touch(0, 4);
      expect(cpus.drainHere()).toBe(0);
      expect(reader.waitingMask(memory.address, 4)).toBe(0);
    } finally {
      cpus.close();
      reader.close();
      memory.close();
    }
    expect(native.affinity()).toEqual(cpus.allowed);
  });

  test('a page waits in the batch of the CPU that touched it until that CPU is drained', ({ skip }) => {
    const cpus = new Cpus(native);
    if (cpus.allowed.length < 2) skip('this process has one CPU');
    const [here = 0, other = 0] = cpus.allowed;
    const memory = new GuestMemory(native, vm, 2, 3n);
    const reader = new PageReader('self', native.pageSize);
    const seen = new Set<string>();
    try {
      // Other work flushes the same batch, so several times. All three of 200 rounds being disturbed would be a defect.
      for (let round = 0; round < 200 && !seen.has('3 3 0'); round++) {
        memory.punch(0, 2);
        cpus.moveTo(other);
        memory.touch(0, 2);
        cpus.moveTo(here);
        const touched = reader.waitingMask(memory.address, 2);
        cpus.drainHere();
        const here2 = reader.waitingMask(memory.address, 2);
        cpus.drain([other, here]);
        seen.add(`${touched} ${here2} ${reader.waitingMask(memory.address, 2)}`);
      }
    } finally {
      cpus.close();
      reader.close();
      memory.close();
    }
    expect([...seen]).toContain('3 3 0');
    // Nothing that was touched before a drain of all waits after it.
    expect([...seen].every((row) => row.endsWith(' 0'))).toBe(true);
  });

  test('a conversion answers, whether or not this kernel converts', () => {
    const memory = new GuestMemory(native, vm, 1, 3n);
    const { returned } = memory.convert(0, 1, 8n);
    expect([0, -25, -22, -11]).toContain(returned);
    memory.close();
  });
});

// SPDX-License-Identifier: MIT
// The loops that bench/run.ts holds the kernel's speed against do the kernel's work: every column ends equal.
import { expect, test } from 'vitest';
import { kernelByHand } from '../bench/kernel-by-hand.ts';
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../src/kernel/index.ts';
import { createMachine, type Machine, patchNamed } from '../src/machine/index.ts';

const PAGES = 70;
const machineOf = (): Machine =>
  createMachine({
    cpus: 2,
    tasks: [
      { name: 'converts', cpu: 0 },
      { name: 'touches', cpu: 1 },
    ],
    guestMemfds: [{ pages: PAGES }],
    patch: patchNamed('v6'),
  });
const columnsOf = ({ memory }: Machine): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries([...memory.columns].map(([{ name }, column]) => [name, [...column]]));

test.each([
  ['at the last page', [0, PAGES]],
  ['at the first page', [1, PAGES, 0, 1]],
] as const)('by hand, with the drain %s, every column ends as the kernel leaves it', (_, ranges) => {
  const [kernel, other] = [machineOf(), machineOf()];
  const hand = kernelByHand(other);
  for (let i = 0; i < ranges.length; i += 2) {
    const [start = 0, end = 0] = ranges.slice(i);
    kernel.call(1, { call: 'touch', inode: 0, start, pages: end - start });
    hand.touch(1, 1, start, end - start);
  }
  expect(columnsOf(other)).toEqual(columnsOf(kernel));
  const argument = {
    offset: 0n,
    size: BigInt(PAGES) * PAGE_SIZE,
    flags: 0n,
    reserved: [],
    attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE,
  };
  expect(kernel.call(0, { call: 'set-memory-attributes2', inode: 0, argument }).result).toBe('ok');
  expect(hand.convert(0, 0, PAGES)).toBe(true);
  expect(columnsOf(other)).toEqual(columnsOf(kernel));
});

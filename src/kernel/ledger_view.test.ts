// SPDX-License-Identifier: GPL-2.0-only
import { expect, test } from 'vitest';
import { createMachine, type Call } from '../machine/index.ts';

/** xorshift32: the same numbers everywhere. */
function* numbers(seed: number): Generator<number, never> {
  for (let x = seed; ; ) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield x >>> 0;
  }
}

const range = { inode: 0, start: 0, pages: 3 };
const toPrivate = {
  call: 'set-memory-attributes2',
  inode: 0,
  argument: { offset: 0n, size: 3n * 4096n, attributes: 8n, flags: 0n, reserved: [] },
} as const;
const SCRIPTS: readonly (readonly Call[])[] = [
  [{ call: 'touch', ...range }, toPrivate, { ...toPrivate, argument: { ...toPrivate.argument, attributes: 0n } }],
  [
    { call: 'mlock', ...range },
    { call: 'pin-user-pages', pin: 0, inode: 0, index: 1 },
    { call: 'unpin', pin: 0 },
    { call: 'munlock', ...range },
  ],
  [{ call: 'punch-hole', ...range, pages: 2 }, { call: 'mincore', ...range }, { call: 'lru-add-drain-all' }],
];

test.each([1, 2, 3, 4, 5, 6])('kept up step by step it is what a look at the whole state says, seed %i', (seed) => {
  const machine = createMachine({
    cpus: 2,
    tasks: SCRIPTS.map((_, i) => ({ name: `T${i}`, cpu: i % 2, process: i % 2 })),
    guestMemfds: [{ pages: 3 }],
    pins: 1,
    parts: ['mlock'],
  });
  const left = SCRIPTS.map((calls) => [...calls]);
  const live = machine.liveLedger();
  const random = numbers(seed * 7919);
  let steps = 0;
  for (let turn = 0; turn < 4000; turn++) {
    const task = random.next().value % machine.tasks;
    if (!machine.busy(task)) {
      const call = left[task]?.shift();
      if (call === undefined || machine.begin(task, call) !== undefined) continue;
      live.began(task);
    }
    const taken = machine.step(task);
    if (taken === undefined) continue;
    steps++;
    expect(live.took(taken)).toEqual([]);
    expect(live.all).toEqual(machine.holders());
    expect(machine.imbalances()).toEqual([]);
  }
  expect(steps).toBeGreaterThan(300);
});

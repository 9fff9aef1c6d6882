// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { cpuFbatches, DEFAULT_PROFILE, PATCHES, type Profile } from '../src/kernel/index.ts';
import { drainAll } from '../src/kernel/folio.ts';
import { IDLE, type Interpreter } from '../src/lang/index.ts';
import { at, conservation, exploreWorld, type SmallWorld } from './exploring.ts';

const [patch] = PATCHES;
if (patch === undefined) throw new Error('no patch');

/** A page waits in CPU 1's batch; then two tasks drain all CPUs at once, while CPU 1 may go on adding. */
const world = (profile: Partial<Profile>, adds: boolean): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 3, ...profile }, patch },
  sizes: { cpus: 2, folios: 2, inodes: 1, pages: 2, mms: 1, pins: 0, references: 8, order: 0 },
  tasks: [
    { cpu: 0, script: [{ name: 'lru_add_drain_all', args: [] }] },
    { cpu: 0, script: [{ name: 'lru_add_drain_all', args: [] }] },
    { cpu: 1, script: [{ name: 'touch', args: [0, 0, 1] }] },
    ...(adds ? [{ cpu: 1, script: [{ name: 'touch', args: [0, 1, 1] }] as const }] : []),
  ],
  before: [2],
});

/** Who drained is done only when the page that waited before has left the batch. */
const earlierEntriesAreGone = {
  name: 'I9 early exit',
  holds: ({ memory }: Interpreter): boolean => {
    const done = memory.code[0] === IDLE || memory.code[1] === IDLE;
    return !done || [0, 1, 2].every((slot) => at(memory, cpuFbatches.lruAdd.folios, 3 + slot) !== 0);
  },
};
const mutexIsFreeInTheEnd = {
  name: 'mutex',
  holds: ({ memory }: Interpreter): boolean =>
    memory.code[0] !== IDLE || memory.code[1] !== IDLE || at(memory, drainAll.mutex, 0) === 0,
};

test.each([
  [true, false],
  [false, false],
  [true, true],
])(
  'lru_add_drain_all, local first %s, concurrent adds %s: whoever returns finds earlier entries gone',
  (first, adds) => {
    const found = exploreWorld(world({ drainAllLocalFirst: first }, adds), [
      conservation,
      earlierEntriesAreGone,
      mutexIsFreeInTheEnd,
    ]);
    expect(found).toMatchObject({ verdict: 'holds' });
  },
);

test('without SMP it is the local drain, which leaves another CPU alone', () => {
  const found = exploreWorld(world({ smp: false }, false), [conservation, earlierEntriesAreGone]);
  expect(found).toMatchObject({ verdict: 'violated', property: 'I9 early exit' });
});

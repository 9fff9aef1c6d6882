// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { DEFAULT_PROFILE, holdersOf, iPages, type Patch, PATCHES, RESULTS, taskResult } from '../src/kernel/index.ts';
import type { Interpreter } from '../src/lang/index.ts';
import { at, conservation, exploreWorld, type SmallWorld } from './exploring.ts';

/** T1 has touched a page of inode 0; while T0 converts it, T1 fills its CPU's batch with a page of inode 1 (SC-05, SC-06). */
const world = (patch: Patch): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch },
  sizes: { cpus: 2, folios: 2, inodes: 2, pages: 1, mms: 1, pins: 0, references: 8, order: 0 },
  tasks: [
    { cpu: 0, script: [{ name: 'convert', args: [0, 0, 1, 1, 1] }] },
    { cpu: 1, script: [{ name: 'touch', args: [0, 0, 1] }] },
    { cpu: 1, script: [{ name: 'touch', args: [1, 0, 1] }] },
  ],
  before: [1],
});

const neverRefused = {
  name: 'I2 no batch-only failure',
  holds: ({ memory }: Interpreter) => at(memory, taskResult, 0) !== RESULTS.indexOf('EAGAIN'),
};
/** The other way round, to see that it happens: the batch of CPU 1 is never flushed by the add that fills it. */
const neverFlushedByTheAdd = {
  name: 'natural flush',
  holds: (interpreter: Interpreter): boolean => {
    const [adder, converter] = [interpreter.next(2), interpreter.next(0)];
    const flushing = adder?.path.includes('folio_batch_move_lru') ?? false;
    return !flushing || converter?.path.at(-1) !== 'kvm_gmem_is_safe_for_conversion';
  },
};

test.each(PATCHES.filter(({ name }) => name === 'v6' || name === 'v8' || name === 'drain-for-folio'))(
  '$name never refuses, whenever CPU 1 fills and flushes its batch',
  (patch) => {
    expect(exploreWorld(world(patch), [conservation, neverRefused])).toMatchObject({ verdict: 'holds' });
    expect(exploreWorld(world(patch), [neverFlushedByTheAdd])).toMatchObject({ verdict: 'violated' });
  },
);

test('without a drain it depends on the moment', () => {
  const [baseline] = PATCHES;
  if (baseline === undefined) throw new Error('no patch');
  expect(exploreWorld(world(baseline), [neverRefused])).toMatchObject({ verdict: 'violated' });
  const waitsInBatch = {
    name: 'always refused',
    holds: (interpreter: Interpreter): boolean => {
      const done = interpreter.codeOf(0) === undefined;
      const page = holdersOf(interpreter, String).get(at(interpreter.memory, iPages, 0)) ?? [];
      return !done || !neverRefused.holds(interpreter) || page.length === 0;
    },
  };
  expect(exploreWorld(world(baseline), [waitsInBatch])).toMatchObject({
    verdict: 'violated',
    property: 'always refused',
  });
});

// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import {
  DEFAULT_PROFILE,
  gmemInode,
  holdersOf,
  iPages,
  type Patch,
  PATCHES,
  type Result,
  RESULTS,
  taskResult,
} from '../src/kernel/index.ts';
import type { Interpreter } from '../src/lang/index.ts';
import type { HolderKind } from '../src/ledger/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { at, conservation, exploreWorld, type SmallWorld } from './exploring.ts';

/** T0 converts a page while T1 touches it on CPU 1: SC-07 and SC-09 in all their orders. */
const world = (patch: Patch): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch },
  sizes: { cpus: 2, folios: 1, inodes: 1, pages: 1, mms: 1, pins: 0, references: 8, order: 0 },
  tasks: [
    { cpu: 0, script: [{ name: 'convert', args: [0, 0, 1, 1, 1] }] },
    { cpu: 1, script: [{ name: 'touch', args: [0, 0, 1] }] },
  ],
});

const USES: ReadonlySet<HolderKind> = new Set(['user-mapping', 'mmu-gather', 'gup', 'lookup']);

const neverPrivateWhileUsed = {
  name: 'I1 no false negative',
  holds: (interpreter: Interpreter): boolean => {
    const { memory } = interpreter;
    if (at(memory, gmemInode.private, 0) === 0) return true;
    const holders = holdersOf(interpreter, String).get(at(memory, iPages, 0)) ?? [];
    return !holders.some(({ kind }) => USES.has(kind));
  },
};
const neverEndsIn = (task: number, result: Result): typeof neverPrivateWhileUsed => ({
  name: result,
  holds: ({ memory }) => at(memory, taskResult, task) !== RESULTS.indexOf(result),
});

test.each(PATCHES)('$name never makes a page private that somebody uses, and a late fault ends in SIGBUS', (patch) => {
  const all = exploreWorld(world(patch), [conservation, neverPrivateWhileUsed]);
  expect(all).toMatchObject({ verdict: 'holds' });
  expect(exploreWorld(world(patch), [neverEndsIn(1, 'SIGBUS')])).toMatchObject({ verdict: 'violated' });
});

/** Where the check has just decided to refuse, somebody uses the page; a fault in flight does. */
const refusesOnlyWhatIsUsed = {
  name: 'I2 no batch-only failure',
  holds: (interpreter: Interpreter): boolean => {
    if (interpreter.next(0)?.name !== 'folio_index') return true;
    const holders = holdersOf(interpreter, String).get(at(interpreter.memory, iPages, 0)) ?? [];
    return holders.some(({ kind }) => USES.has(kind));
  },
};

test.each([
  ['baseline', 'violated'],
  ['local-drain', 'violated'],
  ['v6', 'holds'],
  ['v8', 'holds'],
  ['drain-for-folio', 'holds'],
])('%s: that only what somebody uses is refused %s', (name, verdict) => {
  const found = exploreWorld(world(patchNamed(name)), [refusesOnlyWhatIsUsed]);
  expect(found.verdict).toBe(verdict);
});

test.each(PATCHES)('$name refuses a page whose fault is in flight, drain or no drain', (patch) => {
  const found = exploreWorld(world(patch), [neverEndsIn(0, 'EAGAIN')]);
  expect(found).toMatchObject({ verdict: 'violated', property: 'EAGAIN' });
});

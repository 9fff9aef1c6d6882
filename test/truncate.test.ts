// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_PROFILE,
  folio,
  gmemInode,
  holdersOf,
  iPages,
  type Patch,
  PATCHES,
  type Profile,
  pte,
} from '../src/kernel/index.ts';
import type { Interpreter } from '../src/lang/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { at, type SmallWorld } from './exploring.ts';
import { refusalsOf } from './refusals.ts';

const page = [0, 0, 1];
const convert = { cpu: 0, script: [{ name: 'convert', args: [...page, 1, 1] }] } as const;
const touchOnCpu1 = { cpu: 1, script: [{ name: 'touch', args: page }] } as const;
const punch = { cpu: 0, script: [{ name: 'punch_hole', args: page }] } as const;
const drainOnCpu1 = { cpu: 1, script: [{ name: 'lru_add_drain', args: [] }] } as const;
const fallocateOnCpu1 = { cpu: 1, script: [{ name: 'fallocate', args: page }] } as const;

const world = (
  patch: Patch,
  tasks: SmallWorld['tasks'],
  before: readonly number[],
  profile: Partial<Profile> = {},
): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 3, ...profile }, patch },
  sizes: { cpus: 2, folios: 2, inodes: 1, pages: 1, mms: 1, pins: 0, references: 8, order: 0 },
  tasks,
  before,
});

/** A folio is free exactly as long as nobody holds it: none is lost, and none is freed under somebody. */
const freeMeansUnheld = {
  name: 'free means unheld',
  holds: ({ memory }: Interpreter): boolean =>
    [0, 1].every((of) => (at(memory, folio.allocated, of) === 0) === (at(memory, folio.refcount, of) === 0)),
};
const privateMeansUnmapped = {
  name: 'I1: a private page has no user page-table entry',
  holds: ({ memory }: Interpreter): boolean => at(memory, gmemInode.private, 0) === 0 || at(memory, pte, 0) >= 2,
};

/** Notices whether a folio is ever left with a batch as its only holder. */
function leftToABatch(): { readonly property: typeof freeMeansUnheld; readonly seen: () => boolean } {
  let seen = false;
  const holds = (interpreter: Interpreter): boolean => {
    for (const [of, holders] of holdersOf(interpreter, String))
      seen ||= at(interpreter.memory, iPages, 0) !== of && holders.every(({ kind }) => kind === 'lru-add-batch');
    return true;
  };
  return { property: { name: 'left to a batch', holds }, seen: () => seen };
}

describe.each([true, false])('SC-25: a hole and a conversion, the flush frees dead folios itself: %s', (frees) => {
  const profile = { flushFreesLastReference: frees };

  test.each([
    ['baseline', true],
    ['local-drain', true],
    ['v6', false],
    ['v8', false],
    ['drain-for-folio', false],
  ])('%s: refused for a batch only: %s', (form, spurious) => {
    const left = leftToABatch();
    const tasks = [convert, touchOnCpu1, punch, drainOnCpu1];
    const found = refusalsOf(world(patchNamed(form), tasks, [1], profile), [freeMeansUnheld, left.property]);
    expect(found).toMatchObject({ spurious, accepts: true, reasons: new Set() });
    expect(left.seen()).toBe(true);
  });

  test('and a fault between them', () => {
    const tasks = [convert, touchOnCpu1, punch];
    const properties = [freeMeansUnheld, privateMeansUnmapped];
    const found = refusalsOf(world(patchNamed('v8'), tasks, [], profile), properties);
    expect(found).toMatchObject({ spurious: false, accepts: true, reasons: new Set(['lookup', 'user-mapping']) });
  });
});

test.each(PATCHES.map((patch) => [patch.name, patch.name === 'baseline' || patch.name === 'local-drain'] as const))(
  'SC-26: an allocation and a conversion of one page, %s: refused for a batch only: %s',
  (form, spurious) => {
    const found = refusalsOf(world(patchNamed(form), [convert, fallocateOnCpu1], []), [
      freeMeansUnheld,
      privateMeansUnmapped,
    ]);
    expect(found).toMatchObject({ spurious, accepts: true });
  },
);

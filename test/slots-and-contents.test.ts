// SPDX-License-Identifier: MIT
// Memory slots that go, files that are closed, launches that fill pages, and what is in the pages: in every order.
import { describe, expect, test } from 'vitest';
import {
  contents,
  DEFAULT_PROFILE,
  gmemInode,
  iPages,
  type KernelPart,
  kvm,
  type Patch,
  pins,
  type Result,
  RESULTS,
  taskResult,
} from '../src/kernel/index.ts';
import { IDLE, type Interpreter } from '../src/lang/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { at, conservation, exploreWorld, type SmallWorld } from './exploring.ts';
import { changing } from './mistakes.ts';

/** Folios of memory; the number of none. */
const NONE = 2;
const world = (patch: Patch, parts: readonly KernelPart[]): Omit<SmallWorld, 'tasks'> => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch },
  sizes: {
    cpus: 2,
    folios: NONE,
    inodes: 1,
    pages: 2,
    mms: 1,
    pins: 1,
    references: 8,
    order: 0,
    parts,
  },
});
const guestTouch = { name: 'guest_touch', args: [0, 0, 1, 0] } as const;
const convert = (start: number, pages: number, toPrivate: number) =>
  ({ name: 'convert', args: [0, start, pages, toPrivate, 1] }) as const;

const ended = ({ memory }: Interpreter, tasks: readonly number[]): boolean =>
  tasks.every((task) => memory.code[task] === IDLE);
const resultOf = ({ memory }: Interpreter, task: number): Result => RESULTS[at(memory, taskResult, task)] ?? 'ok';
const never = (name: string, bad: (interpreter: Interpreter) => boolean) => ({
  name,
  holds: (interpreter: Interpreter) => !bad(interpreter),
});

// One form whose guest faults keep their reference, and one whose do not.
describe.each(['v8', 'drain-for-folio'].map(patchNamed))('$name', (patch) => {
  const slots = world(patch, ['guest', 'memslots']);

  test('a guest keeps nothing of a slot that is deleted while it faults there', () => {
    const small: SmallWorld = {
      ...slots,
      tasks: [
        { cpu: 0, script: [{ name: 'delete_memslot', args: [0, 0, 1] }] },
        { cpu: 1, script: [guestTouch] },
      ],
    };
    const keeps = never('no entry is left', (now) => ended(now, [0, 1]) && at(now.memory, kvm.spte, 0) !== NONE);
    expect(exploreWorld(small, [conservation, keeps])).toMatchObject({ verdict: 'holds' });
    for (const result of ['ok', 'MMIO'] as const) {
      const seen = never(result, (now) => ended(now, [0, 1]) && resultOf(now, 1) === result);
      expect(exploreWorld(small, [seen])).toMatchObject({ verdict: 'violated' });
    }
  });

  test('nothing is left of a file that is closed while a guest faults there', () => {
    const small: SmallWorld = {
      ...slots,
      tasks: [
        { cpu: 0, script: [{ name: 'release', args: [0] }] },
        { cpu: 1, script: [guestTouch] },
      ],
    };
    const cached = never('the page cache is empty', (now) => ended(now, [0, 1]) && at(now.memory, iPages, 0) !== NONE);
    const keeps = never('no entry is left', (now) => ended(now, [0, 1]) && at(now.memory, kvm.spte, 0) !== NONE);
    expect(exploreWorld(small, [conservation, cached, keeps])).toMatchObject({ verdict: 'holds' });
    for (const result of ['ok', 'MMIO', 'EFAULT'] as const) {
      const seen = never(result, (now) => ended(now, [0, 1]) && resultOf(now, 1) === result);
      expect(exploreWorld(small, [seen])).toMatchObject({ verdict: 'violated' });
    }
  });
});

test.each(['v8', 'drain-for-folio'].map(patchNamed))(
  'SC-38, $name: a page that a launch copies from is refused as long as it does, and never private meanwhile',
  (patch) => {
    const small: SmallWorld = {
      ...world(patch, []),
      tasks: [
        { cpu: 0, script: [convert(0, 1, 1)] },
        { cpu: 1, script: [{ name: 'populate', args: [0, 0, 1, 0, 0] }] },
        { cpu: 1, script: [convert(1, 1, 1)] },
      ],
      before: [2],
    };
    // A lockless GUP may hold the page for a moment before it sees that it is unmapped, and copies nothing.
    const privateSource = never(
      'the source is not private',
      ({ memory }) => at(memory, gmemInode.private, 0) === 1 && at(memory, pins.folio, 0) !== NONE,
    );
    // What exploring the scenario of that name comes to says the rest, the sums of holders among it.
    expect(exploreWorld(small, [privateSource])).toMatchObject({ verdict: 'holds' });
    const refused = never('EAGAIN', (now) => resultOf(now, 0) === 'EAGAIN');
    expect(exploreWorld(small, [refused])).toMatchObject({ verdict: 'violated' });
  },
);

test('a host never reads what the guest has written to a private page', () => {
  const small: SmallWorld = {
    ...world(patchNamed('v8'), ['guest', 'contents']),
    tasks: [
      { cpu: 0, script: [convert(0, 1, 1)] },
      { cpu: 1, script: [{ name: 'load', args: [0, 0] }] },
      { cpu: 1, script: [{ name: 'guest_store', args: [0, 0, 1, 7] }] },
    ],
  };
  const secret = never('the secret is kept', ({ memory }) => at(memory, contents.loaded, 1) === 7);
  expect(exploreWorld(small, [secret])).toMatchObject({ verdict: 'holds' });
  // It is written, in some order.
  const written = never('written', (now) => at(now.memory, contents.data, 0) === 7 && ended(now, [0, 1, 2]));
  expect(exploreWorld(small, [written])).toMatchObject({ verdict: 'violated' });
});

describe('a page that comes from the allocator', () => {
  const small: SmallWorld = {
    ...world(patchNamed('v8'), ['contents']),
    tasks: [
      { cpu: 0, script: [{ name: 'load', args: [0, 0] }] },
      {
        cpu: 0,
        script: [
          { name: 'store', args: [0, 0, 5] },
          { name: 'punch_hole', args: [0, 0, 1] },
        ],
      },
    ],
    before: [1],
  };
  const clear = never('the page is clear', ({ memory }) => at(memory, contents.loaded, 0) !== 0);

  test('is clear, whatever was in it', () => {
    expect(exploreWorld(small, [conservation, clear])).toMatchObject({ verdict: 'holds' });
  });

  test('and would not be, if a fault took it for up to date', () => {
    const mutate = changing('kvm_gmem_fault_user_mapping', 'folio_mark_uptodate', (step) => ({
      ...step,
      effects: step.effects.filter(({ kind }) => kind === 'assign'),
    }));
    expect(exploreWorld({ ...small, mutate }, [clear])).toMatchObject({ verdict: 'violated' });
  });
});

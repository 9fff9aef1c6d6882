// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import {
  ALTERNATIVES,
  cpuFbatches,
  DEFAULT_PROFILE,
  gmemInode,
  holdersOf,
  iPages,
  type KernelSizes,
  MUTANTS,
  mutantNamed,
  type Patch,
  PATCHES,
  pins,
  pte,
  RESULTS,
  type ScriptedCall,
  taskResult,
  tlb,
} from '../src/kernel/index.ts';
import { MUTANT_NAMES, type MutantName } from '../src/kernel/kernel.ts';
import { wrongCheck } from '../src/kernel/mutants.ts';
import { choose, IDLE, int, type Interpreter, type Program, rewriteSteps, sharedScalar } from '../src/lang/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { at, conservation, exploreWorld, type SmallWorld } from './exploring.ts';

const both = [0, 0, 2];
const page = [0, 0, 1];
const convert: ScriptedCall = { name: 'convert', args: [...both, 1, 1] };
const convertOne: ScriptedCall = { name: 'convert', args: [...page, 1, 1] };
const toShared: ScriptedCall = { name: 'convert', args: [...page, 0, 1] };
const touch: ScriptedCall = { name: 'touch', args: page };
const drain: ScriptedCall = { name: 'lru_add_drain', args: [] };
const drainOfAll: ScriptedCall = { name: 'lru_add_drain_all', args: [] };

interface Story {
  readonly tasks: SmallWorld['tasks'];
  readonly before?: readonly number[];
  readonly sizes?: Partial<KernelSizes>;
  /** What has to hold in it. */
  readonly invariant: { readonly name: string; readonly holds: (interpreter: Interpreter) => boolean };
}

/** T0 has ended well, once nobody but it has anything to do with its pages. */
const converts = {
  name: 'I2 no batch-only failure',
  holds: ({ memory }: Interpreter): boolean => at(memory, taskResult, 0) === RESULTS.indexOf('ok'),
};
/** The check has just decided to refuse: somebody must be using the page. */
const refusesOnlyWhatIsUsed = {
  name: 'I2 no batch-only failure',
  holds: (interpreter: Interpreter): boolean =>
    interpreter.next(0)?.name !== 'folio_index' ||
    (holdersOf(interpreter, String).get(at(interpreter.memory, iPages, 0)) ?? []).some(
      ({ kind }) => kind !== 'page-cache' && kind !== 'lru-add-batch' && kind !== 'safety-check',
    ),
};
const neverPrivateWhileUsed = {
  name: 'I1 no false negative',
  holds: (interpreter: Interpreter): boolean => {
    const { memory } = interpreter;
    const of = at(memory, iPages, 0);
    if (at(memory, gmemInode.private, 0) === 0 || of !== 0) return true;
    if (at(memory, pte, 0) === of || at(memory, tlb, 0) === of) return false;
    // GUP that will back off holds a reference for a moment; what it keeps is a pin.
    if (at(memory, pins.folio, 0) === of) return false;
    return !(holdersOf(interpreter, String).get(of) ?? []).some(({ kind }) => kind === 'mmu-gather');
  },
};
/** How often all CPUs have been drained, up to 2. */
const drains = sharedScalar('noted.drains', int(2));
const countingDrains = (program: Program): Program =>
  rewriteSteps({ ...program, variables: [...program.variables, drains.variable] }, (step) => {
    if (step.name !== 'bump_lru_drain_gen') return step;
    const value = choose(drains.lt(2), drains.plus(1), 2);
    return { ...step, effects: [...step.effects, { kind: 'assign', place: drains.expr, value: value.expr }] };
  });
const drainsOnce = {
  name: 'I3 one drain a request',
  holds: ({ memory }: Interpreter): boolean => at(memory, drains, 0) <= 1,
};
const conserves = { ...conservation, name: 'I6 conservation' };
/** Who drained is done only when the page that waited before has left the batch. */
const earlierEntriesAreGone = {
  name: 'I9 early exit',
  holds: ({ memory }: Interpreter): boolean =>
    memory.code[1] !== IDLE ||
    [0, 1].every((slot) => at(memory, cpuFbatches.lruAdd.folios, 2 + slot) === columnOfFolios),
};
/** Two folios: none is stored as their number. */
const columnOfFolios = 2;

/** SC-02: a page faulted on CPU 1, then nobody uses it. */
const otherCpu: Story = {
  tasks: [
    { cpu: 0, script: [convert] },
    { cpu: 1, script: [touch] },
  ],
  before: [1],
  invariant: converts,
};
/** SC-11: a page faulted on CPU 1 that stays in a pipe. */
const pinned: Story = {
  tasks: [
    { cpu: 0, script: [convert] },
    { cpu: 1, script: [{ name: 'vmsplice', args: [0, 0, 0] }] },
  ],
  before: [1],
  invariant: neverPrivateWhileUsed,
};
/** SC-18: CPU 1 adds a page and then drains all, while CPU 0 drains all for reasons of its own. */
const twoDrain: Story = {
  tasks: [
    { cpu: 0, script: [drainOfAll] },
    { cpu: 1, script: [touch, { name: 'sched_setaffinity', args: [0] }, drainOfAll] },
  ],
  invariant: earlierEntriesAreGone,
};

const STORIES: Readonly<Record<MutantName, Story>> = {
  'gup-no-barrier': {
    tasks: [
      { cpu: 0, script: [convertOne] },
      { cpu: 1, script: [touch, drain] },
      { cpu: 1, script: [{ name: 'vmsplice', args: [0, 0, 0] }] },
    ],
    before: [1],
    sizes: { parts: ['gup'] },
    invariant: neverPrivateWhileUsed,
  },
  'zap-puts-before-flush': {
    tasks: [
      { cpu: 0, script: [convertOne] },
      { cpu: 1, script: [touch, drain] },
      { cpu: 1, script: [{ name: 'munmap', args: page }] },
    ],
    before: [1],
    sizes: { parts: ['mmap'] },
    invariant: neverPrivateWhileUsed,
  },
  'checks-before-unmap': {
    ...otherCpu,
    invariant: { ...converts, name: 'expected: a page that is only mapped converts' },
  },
  'ignores-unmapped-references': {
    tasks: [
      { cpu: 0, script: [convertOne] },
      { cpu: 1, script: [touch, drain] },
      { cpu: 1, script: [{ name: 'munmap', args: page }] },
    ],
    before: [1],
    sizes: { parts: ['mmap'] },
    invariant: neverPrivateWhileUsed,
  },
  'drain-forgets-mlock': {
    tasks: [
      { cpu: 0, script: [convertOne] },
      // A locked page that a conversion unmapped is touched again, and waits in this CPU's mlock batch.
      { cpu: 1, script: [{ name: 'mlock', args: page }, convertOne, convertOne, toShared, touch] },
    ],
    before: [1],
    sizes: { parts: ['mlock'] },
    invariant: converts,
  },
  'drain-bumps-after-loop': twoDrain,
  'drain-unlocks-before-flush': twoDrain,
  'fallocate-without-lock': {
    tasks: [
      { cpu: 0, script: [convertOne] },
      { cpu: 1, script: [{ name: 'fallocate', args: page }] },
    ],
    invariant: refusesOnlyWhatIsUsed,
  },
  'fault-without-lock': {
    tasks: [
      { cpu: 0, script: [convertOne] },
      { cpu: 1, script: [touch] },
    ],
    invariant: neverPrivateWhileUsed,
  },
  'drain-queues-nothing': otherCpu,
  'drain-waits-for-nothing': otherCpu,
  'flush-keeps-references': otherCpu,
  'unmap-keeps-references': { ...otherCpu, invariant: conserves },
  'check-keeps-references': { ...otherCpu, invariant: conserves },
  'check-does-not-read': pinned,
  'drains-itself-only': otherCpu,
  'drained-from-the-start': otherCpu,
  'skips-folio-after-drain': pinned,
  'drained-static': {
    tasks: [
      // Between the two requests a page is added on the other CPU.
      {
        cpu: 0,
        script: [
          convertOne,
          { name: 'sched_setaffinity', args: [1] },
          { name: 'fallocate', args: [0, 1, 1] },
          { name: 'sched_setaffinity', args: [0] },
          { name: 'convert', args: [0, 1, 1, 1, 1] },
        ],
      },
      { cpu: 1, script: [touch] },
    ],
    before: [1],
    invariant: converts,
  },
  'forgets-it-has-drained': { ...pinned, invariant: drainsOnce },
  'breaks-without-release': { ...otherCpu, invariant: conserves },
  'expects-page-cache-only': otherCpu,
  'expects-one-too-many': pinned,
  'reads-count-once': otherCpu,
};

const worldOf = ({ tasks, before = [], sizes = {} }: Story, patch: Patch): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch },
  sizes: {
    cpus: 2,
    folios: 2,
    inodes: 1,
    pages: 2,
    mms: 1,
    pins: 1,
    references: 12,
    order: 0,
    ...sizes,
  },
  tasks,
  before,
  mutate: countingDrains,
});

test.each(MUTANTS)('$scenario: $name violates $property, and v6 does not', ({ name, property, patch }) => {
  const story = STORIES[name];
  expect(story.invariant.name.startsWith(property)).toBe(true);
  expect(exploreWorld(worldOf(story, patch), [story.invariant])).toMatchObject({
    verdict: 'violated',
    property: story.invariant.name,
  });
  expect(exploreWorld(worldOf(story, patchNamed('v6')), [story.invariant])).toMatchObject({ verdict: 'holds' });
});

test('each has a story, says that it is a mutant, and is found by its own name alone', () => {
  expect(MUTANTS.map(({ name }) => name)).toEqual(MUTANT_NAMES);
  for (const { name, patch } of MUTANTS) {
    expect(patch.name).toBe(`mutant:${name}`);
    expect(patch.summary).toMatch(/^a mutant of v6: /);
    expect(mutantNamed(name).patch).toBe(patch);
    for (const text of [name, patch.name]) expect(() => patchNamed(text)).toThrow(RangeError);
  }
  expect([...PATCHES, ...ALTERNATIVES].filter(({ mutant }) => mutant !== undefined)).toEqual([]);
  expect(() => mutantNamed('v6')).toThrow("no mutant 'v6'; there are gup-no-barrier, ");
});

test('the check that is written out once more is v6 where it makes no mistake', () => {
  const patch: Patch = { name: 'once more', summary: 'v6', check: wrongCheck({}) };
  for (const story of [otherCpu, pinned]) {
    const found = exploreWorld(worldOf(story, patch), [conservation, story.invariant]);
    expect(found).toMatchObject({ verdict: 'holds' });
  }
});

test('without a drain the mail’s claim comes true: a page that nobody uses is refused', () => {
  const found = exploreWorld(worldOf(otherCpu, patchNamed('baseline')), [converts]);
  expect(found).toMatchObject({ verdict: 'violated', property: 'I2 no batch-only failure' });
});

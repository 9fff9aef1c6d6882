// SPDX-License-Identifier: MIT
// Tasks of the kernel that are alike: one state stands for all that differ by an exchange of them, and no verdict changes.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exploreProgram, type Question } from '../src/check/index.ts';
import { gmemInode, iPages, type Patch, PATCHES, pins, taskResult } from '../src/kernel/index.ts';
import { alikeTasks, copyMemory, Interpreter, type Program, type Symmetry } from '../src/lang/index.ts';
import { parseScenario } from '../src/scenario/index.ts';
import { questionAbout } from '../src/verify/index.ts';
import { onePageWorld, type SmallWorld } from './exploring.ts';
import { questionOf } from './kernel-question.ts';
import { changing, forgotten, type Mistakes, unguarded, wrongCheck } from './mistakes.ts';
import { orbitsOf } from './support/orbits.ts';
import { withTwin } from './support/twins.ts';

const convert = { cpu: 0, script: [{ name: 'convert', args: [0, 0, 1, 1, 1] }] } as const;
const touch = { cpu: 1, script: [{ name: 'touch', args: [0, 0, 1] }] } as const;
const splice = (pin: number, cpu = 1) => ({ cpu, script: [{ name: 'vmsplice', args: [pin, 0, 0] }] }) as const;

type World = (patch: Patch, mutate?: (program: Program) => Program) => SmallWorld;
const worldOf =
  (tasks: SmallWorld['tasks'], before: readonly number[] = []): World =>
  (patch, mutate) => {
    const world = onePageWorld(patch, tasks, before, { folios: 2 });
    return { ...world, sizes: { ...world.sizes, pins: 2 }, ...(mutate && { mutate }) };
  };
const twoPipes = worldOf([convert, touch, splice(0), splice(1)], [1]);
const twoFaulters = worldOf([convert, touch, touch]);

const isPinned = (pin: number) => gmemInode.private.at(0, 0).and(pins.folio.at(pin).eq(iPages.at(0, 0)));
const ASKED = [
  { name: 'I2 no refusal', holds: taskResult.at(0).eq(0) },
  { name: 'I1 no false negative', holds: isPinned(0).not() },
  { name: 'I1 no false negative', holds: isPinned(1).not() },
];

const alikeIn = (question: Question): Symmetry | undefined =>
  alikeTasks(question.program, question.codeOf, question.initial, question);
const namesOf = (symmetry: Symmetry | undefined): unknown =>
  symmetry?.classes.map((members) => members.map(({ task, owned }) => [task, ...owned.map(({ element }) => element)]));

/** With and without, and both without and with partial order: the same verdict, property and length, and runs that are runs. */
function compared(question: Question): { readonly verdict: string; readonly states: number; readonly apart: number } {
  const reach = { mostStates: 2_000_000 };
  const symmetry = alikeIn(question);
  expect(symmetry).toBeDefined();
  const apart = exploreProgram(question, reach);
  const alike = exploreProgram({ ...question, symmetry }, reach);
  const both = exploreProgram({ ...question, symmetry, partialOrder: true }, reach);
  expect(both.reductions).toEqual(['partial order', 'symmetry']);
  for (const found of [alike, both]) {
    expect([found.verdict, found.property]).toEqual([apart.verdict, apart.property]);
    expect(found.counterexample?.length).toBe(apart.counterexample?.length);
    if (found.counterexample === undefined || found.property === undefined) continue;
    const interpreter = new Interpreter(question.program, copyMemory(question.initial));
    for (const { task, option } of found.counterexample) expect(interpreter.step(task, option)).toBeDefined();
    const broken = question.properties.filter(({ holds }) => interpreter.value(holds) === 0).map(({ name }) => name);
    if (found.property !== 'deadlock') expect(broken).toContain(found.property);
  }
  return { verdict: apart.verdict, states: alike.states, apart: apart.states };
}

test('who is alike in a kernel', () => {
  const v6 = patchNamed('v6');
  const of = (world: World, more: Question['properties'] = []): unknown =>
    namesOf(alikeIn(questionOf(world(v6), more)));
  expect(of(twoFaulters)).toEqual([[[1], [2]]]);
  expect(of(twoPipes, ASKED)).toEqual([
    [
      [2, 0],
      [3, 1],
    ],
  ]);
  // A property that tells them apart, another CPU, the same pipe buffer.
  expect(of(twoPipes, ASKED.slice(0, 2))).toBeUndefined();
  expect(of(worldOf([convert, splice(0), splice(1, 0)]))).toBeUndefined();
  expect(of(worldOf([convert, touch, touch]), [{ name: 'first', holds: taskResult.at(1).eq(0) }])).toBeUndefined();
  expect(of(worldOf([convert, splice(0), splice(0)]))).toEqual([[[1], [2]]]);
});

function patchNamed(name: string): Patch {
  const patch = PATCHES.find((known) => known.name === name);
  if (patch === undefined) throw new Error(name);
  return patch;
}

test('one state of each orbit is kept, and every orbit is whole', () => {
  const question = questionOf(twoPipes(patchNamed('v6')));
  const symmetry = alikeIn(question) ?? { classes: [] };
  const reach = { mostStates: 100_000, whole: true };
  const orbits = [...orbitsOf(question, symmetry).values()];
  expect(orbits.filter(({ size, reached }) => size !== reached)).toEqual([]);
  expect(exploreProgram(question, reach).states).toBe(orbits.reduce((sum, { size }) => sum + size, 0));
  expect(exploreProgram({ ...question, symmetry }, reach).states).toBe(orbits.length);
});

describe('changes no verdict', () => {
  test.each<[string, World]>([
    ['baseline', twoPipes],
    ['v6', twoPipes],
    ['drain-for-folio', twoFaulters],
  ])('%s', (name, world) => {
    const { states, apart } = compared(questionOf(world(patchNamed(name)), ASKED));
    expect(states).toBeLessThan(apart);
  });

  test.each<[string, Mistakes]>([['drains, and believes it', { afterDrain: 'believes it is safe' }]])(
    'of a check that %s',
    (_, mistakes) => {
      expect(compared(questionOf(twoPipes(wrongCheck(mistakes)), ASKED)).verdict).toBe('violated');
    },
  );

  test.each<[string, World, ReturnType<typeof changing>]>([
    ['the put of the flush', twoFaulters, changing('folio_batch_move_lru', 'folios_put', forgotten)],
    ['the lock of the faults', twoFaulters, changing('filemap_invalidate_lock_shared', 'down_read', unguarded)],
    ['giving up the lock', twoFaulters, changing('filemap_invalidate_unlock', 'up_write', forgotten)],
  ])('of a kernel that forgets %s', (_, world, mutate) => {
    const asked = ASKED.slice(1);
    expect(compared(questionOf(world(patchNamed('v6'), mutate), asked)).verdict).toBe('violated');
  });
});

describe('changes no verdict of a scenario in which somebody has a twin', () => {
  test.each([
    ['SC-10-gup-fast', 0],
    ['SC-10-gup-fast', 1],
  ])('%s, task %i', (name, task) => {
    const file = `${name}.yaml`;
    const scenario = parseScenario(file, readFileSync(new URL(`../scenarios/${file}`, import.meta.url), 'utf8'));
    const thread = scenario.threads.find((of) => of.task === task);
    if (thread === undefined) throw new Error(`no task ${task}`);
    const { states, apart } = compared(questionAbout(withTwin(scenario, thread), patchNamed('v6')));
    expect(states).toBeLessThan(apart);
  });
});

test('covers the steps of all who are alike', () => {
  const question = { ...questionOf(twoPipes(patchNamed('v6'))), coverage: true };
  const reach = { mostStates: 100_000, whole: true };
  const { coverage } = exploreProgram({ ...question, symmetry: alikeIn(question) }, reach);
  expect(coverage).toEqual(exploreProgram(question, reach).coverage);
});

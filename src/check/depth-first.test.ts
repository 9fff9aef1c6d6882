// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { createMemory, Interpreter } from '../lang/index.ts';
import { buildPeer, type Variant } from '../peer/index.ts';
import { exploreProgram, exploringDepthFirst, type ProgramExploration, type Question, type Reach } from './index.ts';

function questionOf(variant: Variant, cpus = 2, folios = 2): Question {
  const peer = buildPeer({ cpus, folios, variant });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return { ...peer, initial, symmetry: undefined, coverage: true };
}

function depthFirst(question: Question, reach: Reach): ProgramExploration {
  const pieces = exploringDepthFirst(question, reach);
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

test.each<[Variant, number, boolean]>([
  ['v6', 2, false],
  ['v6', 3, false],
  ['v6', 2, true],
  ['baseline', 2, false],
  ['local-drain', 2, false],
  ['local-drain', 2, true],
])(
  '%s with %i CPUs, partial order %s: what a search level by level comes to, but for the depth',
  (variant, cpus, partialOrder) => {
    const question = { ...questionOf(variant, cpus), partialOrder };
    const reach = { mostStates: 100_000, whole: true };
    const level = exploreProgram(question, reach);
    const deep = depthFirst(question, reach);
    const { states, transitions, verdict, property, coverage } = level;
    expect(deep).toMatchObject({ states, transitions, verdict, property, coverage, reason: undefined });
    expect(deep.depth).toBeGreaterThanOrEqual(level.depth);
    expect(deep.counterexample?.length).toBe(level.counterexample?.length);
    expect(deep.isShortest).toBe(level.counterexample !== undefined);
  },
);

test('it ends at what is wrong first; the run that it met, where none nearer is found, is a run and not called shortest', () => {
  const question = questionOf('baseline', 3, 3);
  const found = depthFirst(question, { mostStates: 1000 });
  expect(found.verdict).toBe('violated');
  expect(found.states).toBeLessThan(1000);
  // So few states do not lead a search level by level to it.
  expect(found.isShortest).toBe(false);
  const interpreter = new Interpreter(question.program, question.initial);
  const failed = found.counterexample?.flatMap(
    ({ task, option }) => interpreter.step(task, option)?.failed ?? ['stuck'],
  );
  expect(failed).toEqual([found.property]);
});

test('limits and interruptions end it with what it knows', () => {
  expect(depthFirst(questionOf('v6'), { mostStates: 100 })).toMatchObject({
    verdict: 'undecided',
    reason: 'states',
    states: 100,
  });
  expect(depthFirst(questionOf('v6'), { mostStates: 1e5, mostBytes: 20_000 })).toMatchObject({ reason: 'memory' });
  expect(depthFirst(questionOf('v6'), { mostStates: 1e5, interrupted: () => true })).toMatchObject({
    verdict: 'undecided',
    reason: 'interrupted',
  });
});

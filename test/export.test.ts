// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { exploreProgram, type Question } from '../src/check/index.ts';
import { DEFAULT_PROFILE, PATCHES } from '../src/kernel/index.ts';
import { createMemory, finished, Interpreter, toMurphi, toPromela } from '../src/lang/index.ts';
import { buildPeer, type Variant } from '../src/peer/index.ts';
import { pack, type SmallWorld } from './exploring.ts';
import { lacking } from './needs.ts';
import { type Found, rumur, spin } from './other-checkers.ts';

const CHECKERS = [
  { name: 'spin', needs: ['spin', 'cc'], explores: (question: Question): Found => spin(toPromela(question)) },
  { name: 'rumur', needs: ['rumur', 'cc'], explores: (question: Question): Found => rumur(toMurphi(question)) },
];

const whole = (question: Question) => exploreProgram(question, { mostStates: 1_000_000, whole: true });

/** The peer protocol, written out from our text rather than by hand. */
function peerQuestion(variant: Variant): Question {
  const peer = buildPeer({ cpus: 2, folios: 2, variant });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return { ...peer, initial };
}

/** A conversion on CPU 0 while a task on CPU 1 touches the page. */
function kernelQuestion(patch: string): Question {
  const found = PATCHES.find(({ name }) => name === patch);
  if (found === undefined) throw new Error(`no patch ${patch}`);
  const world: SmallWorld = {
    config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch: found },
    sizes: { cpus: 2, folios: 1, inodes: 1, pages: 1, mms: 1, pins: 0, references: 8, order: 0, generations: 4 },
    tasks: [
      { cpu: 0, script: [{ name: 'convert', args: [0, 0, 1, 1, 1] }] },
      { cpu: 1, script: [{ name: 'touch', args: [0, 0, 1] }] },
    ],
  };
  const { initial, inspect } = pack(world);
  const { program, memory } = inspect(initial);
  const codeOf = [...program.codes.keys()];
  return { program, codeOf, initial: memory, properties: [], mayEnd: finished(0).and(finished(1)) };
}

const CASES = [
  ...(['baseline', 'local-drain', 'v6'] as const).map((name) => ({
    model: 'the peer protocol',
    name,
    question: () => peerQuestion(name),
  })),
  ...['baseline', 'drain-for-folio'].map((name) => ({
    model: 'the kernel',
    name,
    question: () => kernelQuestion(name),
  })),
];

for (const { name: checker, needs, explores } of CHECKERS)
  test.for(CASES)(
    `${checker} finds the states and the verdict of $model, $name`,
    { timeout: 120_000 },
    ({ question }, { skip }) => {
      for (const command of needs) {
        const why = lacking(command);
        if (why !== undefined) skip(why);
      }
      const asked = question();
      const ours = whole(asked);
      const theirs = explores(asked);
      expect(theirs.verdict).toBe(ours.verdict);
      // Rumur ends at the first violation.
      if (checker === 'spin' || ours.verdict === 'holds') expect(theirs.states).toBe(ours.states);
    },
  );

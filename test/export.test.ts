// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { exploreProgram, type Question } from '../src/check/index.ts';
import { PATCHES } from '../src/kernel/index.ts';
import { createMemory, Interpreter, toMurphi, toPromela } from '../src/lang/index.ts';
import { buildPeer, type Variant } from '../src/peer/index.ts';
import { parseScenario } from '../src/scenario/index.ts';
import { questionAbout } from '../src/verify/index.ts';
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

/** A conversion on CPU 0 while a task on CPU 1 touches the page, and everything that `check` asks about it. */
function kernelQuestion(name: string): Question {
  const patch = PATCHES.find((candidate) => candidate.name === name);
  if (patch === undefined) throw new Error(`no patch ${name}`);
  const scenario = parseScenario(
    'test.yaml',
    `scenario: T
title: A page is touched while it is converted
machine: { cpus: 2, features: { batch-size: 2 } }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
threads:
  T0: [{ convert: { range: 0..1, to: private } }]
  T1: [{ touch: 0..1 }]
`,
  );
  return questionAbout(scenario, patch);
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

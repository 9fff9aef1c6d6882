// SPDX-License-Identifier: MIT
// A counterexample is as short as there can be, with as few context switches as a run so short can have, and short to read.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { exploreProgram, type Move, type Question } from '../src/check/index.ts';
import { copyMemory, Interpreter } from '../src/lang/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { checkReport } from '../src/report/index.ts';
import { parseScenario } from '../src/scenario/index.ts';
import { type CheckAnswer, checking, questionAbout } from '../src/verify/index.ts';
import { ALTERNATIVES } from '../src/kernel/index.ts';

/** The page is in CPU 1's batch; T1 and T2 have something else to do, which keeps T0 from nothing. */
const RACE = `scenario: T
title: A page that others want too
machine: { cpus: 2 }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
threads:
  T0: [{ convert: { range: 0..1, to: private } }]
  T1: [{ touch: 0..1, returns: [ok, SIGBUS] }]
`;

function answered(text: string, patch = patchNamed('baseline')): CheckAnswer {
  const pieces = checking(parseScenario('t.yaml', text), { patch, mostStates: 100_000 });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

const switches = (moves: readonly Move[]): number =>
  moves.filter(({ task }, i) => i > 0 && moves[i - 1]?.task !== task).length;

/** Every run of so many steps at most in which I2 fails, step by step, without any of the engine. */
function* runsAgainst({ program, codeOf, initial }: Question, most: number): Generator<readonly Move[]> {
  const longest = new Map<string, number>();
  function* from(memory: typeof initial, moves: readonly Move[]): Generator<readonly Move[]> {
    for (const task of codeOf.keys()) {
      const after = copyMemory(memory);
      const taken = new Interpreter(program, after).step(task, 0);
      if (taken === undefined) continue;
      const run = [...moves, { task, option: 0 }];
      if (taken.failed.includes('I2')) yield run;
      else if (run.length < most) {
        // The same state by the same task, as early, with as few switches: what follows is known.
        const key = `${task} ${[...after.columns.values()].map((column) => column.join()).join(';')} ${after.slots.join()} ${after.pc.join()} ${after.code.join()}`;
        const cost = run.length * 1000 + switches(run);
        if ((longest.get(key) ?? Number.POSITIVE_INFINITY) <= cost) continue;
        longest.set(key, cost);
        yield* from(after, run);
      }
    }
  }
  yield* from(initial, []);
}

test('fewest steps, then fewest context switches: what looking at every run comes to', () => {
  const question = questionAbout(parseScenario('t.yaml', RACE), patchNamed('baseline'));
  const shortest = exploreProgram(question, { mostStates: 100_000 }).counterexample ?? [];
  const run = answered(RACE).properties.find(({ id }) => id === 'I2')?.counterexample;
  expect(run?.isShortest).toBe(true);
  expect(run?.steps).toHaveLength(shortest.length);
  const runs = [...runsAgainst(question, shortest.length)];
  expect(Math.min(...runs.map(({ length }) => length))).toBe(shortest.length);
  const asShort = runs.filter(({ length }) => length === shortest.length);
  expect(run?.contextSwitches).toBe(Math.min(...asShort.map(switches)));
  expect(run?.fewestSwitches).toBe(true);
});

test('with many pages a step is followed by what it changed, and the end by who holds what', () => {
  const file = 'scenarios/SC-11-vmsplice.yaml';
  const scenario = parseScenario(file, readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'));
  const patch = ALTERNATIVES.find(({ name }) => name === 'known-references') ?? patchNamed('v6');
  const pieces = checking(scenario, { patch, mostStates: 100_000 });
  let answer: CheckAnswer | undefined;
  while (answer === undefined) {
    const piece = pieces.next();
    if (piece.done === true) answer = piece.value;
  }
  const text = checkReport(scenario, [answer], { command: ['folioscope'], notRun: [], coverage: false });
  expect(text).toContain(`
     | pages 0..5: 3 = 1 page-cache + 1 lru-add-batch (CPU 1) +
     |   1 user-mapping
     | page 5: 4 = 1 page-cache + 1 lru-add-batch (CPU 1) + 1 user-mapping
     |   + 1 gup
`);
  expect(text).toContain(`
  4  zap_vma_range: ptep_get_and_clear
     | page 0: 3 (- 1 user-mapping, + 1 mmu-gather (T0))
`);
  expect(text).toContain(`
     | after the last step:
     | pages 0..5: 2 = 1 page-cache + 1 lru-add-batch (CPU 1)
     | page 5: 3 = 1 page-cache + 1 lru-add-batch (CPU 1) + 1 gup
     | pages 6..8: 2 = 1 page-cache + 1 lru-add-batch (CPU 1)
     here I1 does not hold
`);
});

test('of properties that are not violated it says apart which hold and which nobody knows', () => {
  const scenario = parseScenario('t.yaml', RACE);
  let asked = 0;
  // The search is over by then, and whether conversions end is not.
  const pieces = checking(scenario, {
    patch: patchNamed('baseline'),
    mostStates: 100_000,
    interrupted: () => asked > 0,
  });
  let answer: CheckAnswer | undefined;
  while (answer === undefined) {
    const piece = pieces.next();
    if (piece.done === true) answer = piece.value;
    else if (piece.value.round === 0) asked++;
  }
  expect(answer.properties.find(({ id }) => id === 'I5')?.verdict).toBe('undecided');
  const text = checkReport(scenario, [answer], { command: ['folioscope'], notRun: [], coverage: false });
  expect(text).toMatch(/\n {2}I1, I3, I4, I6, I7, I8, I9, expected hold \(/);
  expect(text).toMatch(/\n {2}undecided, interrupted: I5 \(/);
});

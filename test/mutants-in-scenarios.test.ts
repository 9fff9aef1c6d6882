// SPDX-License-Identifier: MIT
// Every mistake made on purpose is asked for by a scenario file that ships, and is there said to be found.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MUTANTS } from '../src/kernel/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { parseScenario, type Scenario, textNamesModel } from '../src/scenario/index.ts';
import { checking } from '../src/verify/index.ts';

const FOLDER = new URL('../scenarios/', import.meta.url);
const scenarios = readdirSync(FOLDER).flatMap((file): readonly Scenario[] => {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  return textNamesModel(file, text) ? [] : [parseScenario(file, text)];
});

test.each(MUTANTS)('$patch.name: $scenario expects it to violate $property', ({ scenario, property, patch }) => {
  const violated = scenarios
    .filter(({ name }) => name === scenario)
    .flatMap(({ check }) => check.byPatch.get(patch.name)?.violates ?? []);
  expect(violated).toContain(property);
});

function answerOf(file: string, patchName: string) {
  const scenario = scenarios.find((one) => one.file === file);
  if (scenario === undefined) throw new Error(file);
  const patch = scenario.check.mutants.find(({ name }) => name === patchName) ?? patchNamed(patchName);
  const pieces = checking(scenario, { patch, mostStates: 100_000 });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

test.each([
  ['SC-13-munmap-in-flight.yaml', 'mutant:zap-puts-before-flush'],
  ['SC-19-fallocated-meanwhile.yaml', 'mutant:fallocate-without-lock'],
  ['SC-24-counted-not-queued.yaml', 'mutant:fault-without-lock'],
  ['SC-38-populate.yaml', 'mutant:expects-one-too-many'],
  ['SC-40-two-requests.yaml', 'mutant:drained-static'],
])('%s: %s comes to what the file says', (file, name) => {
  const { asExpected, verdict, notes } = answerOf(file, name);
  expect([verdict, asExpected]).toEqual(['violated', true]);
  expect(`mutant:${String(notes.mutant)}`).not.toBe(name);
});

test('SC-32: who waits for a worker that never runs never returns, and the run ends where he waits', () => {
  const { asExpected, properties } = answerOf('SC-32-worker-never-runs.yaml', 'v6');
  expect(asExpected).toBe(true);
  const found = properties.find(({ id }) => id === 'I5');
  expect(found).toMatchObject({ verdict: 'violated', detail: 'kworker/1 may never run' });
  expect(found?.counterexample?.round).toBe(0);
  expect(found?.counterexample?.steps.at(-1)?.thread).toBe('T0');
  const { properties: baseline } = answerOf('SC-32-worker-never-runs.yaml', 'baseline');
  expect(baseline.find(({ id }) => id === 'I5')).toMatchObject({ verdict: 'holds', counterexample: undefined });
});

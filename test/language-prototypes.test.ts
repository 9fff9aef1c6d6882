// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { byHand, byHandInEngine } from '../bench/language/by-hand.ts';
import { builders, imbalances, packedOf } from '../bench/language/builders.ts';
import { generators } from '../bench/language/generator-runs.ts';
import { textOf, VERDICT } from '../bench/language/protocol.ts';
import { explore } from '../src/check/index.ts';
import { Interpreter } from '../src/lang/index.ts';

test.each([
  { folios: 2, states: 773, transitions: 1625 },
  { folios: 4, states: 15_012, transitions: 38_420 },
])('the three prototypes of the language explore the same protocol: $folios folios', ({ folios, ...counts }) => {
  const world = { folios, slots: 2 };
  const [ours, hand] = [builders.explorer(world)(), byHand.explorer(world)()];
  expect(ours).toMatchObject(counts);
  expect(hand).toEqual(ours);
  expect(byHandInEngine(world)()).toEqual(ours);
  const logs = generators.explorer(world)();
  expect(logs.ends).toEqual(ours.ends);
  expect(logs.states).toBeGreaterThan(ours.states);
});

test('the three prototypes leave the same memory at full size', () => {
  const world = { folios: 1000, slots: 31 };
  const [ours, hand, logs] = [builders, byHand, generators].map(({ runner }) => {
    const run = runner(world);
    run();
    return textOf(run());
  });
  expect(hand).toBe(ours);
  expect(logs).toBe(ours);
  expect(ours?.startsWith(`${VERDICT.safe} `)).toBe(true);
});

test('stepped in turns, the interpreter and the generators take the same number of steps', () => {
  const world = { folios: 200, slots: 31 };
  expect(generators.stepper(world)()).toBe(builders.stepper(world)());
});

test('in every state of the small protocol each count is the sum of its holders', () => {
  const { packed, initial, program } = packedOf({ folios: 2, slots: 2 });
  const conservation = {
    name: 'conservation',
    holds: (state: Int32Array) => imbalances(new Interpreter(program, packed.unpack(state))).length === 0,
  };
  const model = { words: packed.words, tasks: packed.tasks, initial, step: packed.step };
  expect(explore(model, { invariants: [conservation], mayEnd: () => true, mostStates: 1e6 }).verdict).toBe('holds');
});

// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import type { Call } from './calls.ts';
import { createMachine, type Machine } from './machine.ts';
import { numbers } from './schedule/numbers.ts';
import { Stepper } from './stepper.ts';

const range = { inode: 0, start: 0, pages: 2 };
const convert = (attributes: bigint): Call => ({
  call: 'set-memory-attributes2',
  inode: 0,
  argument: { offset: 0n, size: 8192n, attributes, flags: 0n, reserved: [] },
});
const SCRIPTS: readonly (readonly Call[])[] = [
  [{ call: 'touch', ...range }, convert(8n), convert(0n)],
  [
    { call: 'mlock', ...range },
    { call: 'vmsplice', pin: 0, inode: 0, index: 1 },
    { call: 'unpin', pin: 0 },
  ],
  [{ call: 'punch-hole', ...range }, { call: 'lru-add-drain-all' }],
];
const machineOf = (): Machine =>
  createMachine({
    cpus: 2,
    tasks: SCRIPTS.map((_, task) => ({ name: `T${task}`, cpu: task % 2 })),
    guestMemfds: [{ pages: 2 }],
    pins: 1,
    parts: ['mlock'],
  });

/** All of a machine's state, to be compared. */
const stateOf = ({ memory: { columns, slots, code, pc } }: Machine): string =>
  [...[...columns.values()].map(String), slots, code, pc].join('|');

/** A run of random steps. @param each is called after each step and each call entered. */
function run(stepper: Stepper, seed: number, each: () => void): void {
  const { machine } = stepper;
  const left = SCRIPTS.map((calls) => [...calls]);
  const below = numbers(seed);
  for (let turn = 0; turn < 1500; turn++) {
    const task = below(machine.tasks);
    if (machine.busy(task)) {
      if (stepper.step(task) !== undefined) each();
      continue;
    }
    const call = left[task]?.shift();
    if (call !== undefined && stepper.begin(task, call) === undefined) each();
  }
}

test.each([1, 2, 3])('steps are taken back one by one to every state that there was, seed %i', (seed) => {
  const stepper = new Stepper(machineOf());
  const states = [stateOf(stepper.machine)];
  run(stepper, seed, () => states.push(stateOf(stepper.machine)));
  expect(states.length).toBeGreaterThan(200);
  expect(stepper.depth).toBe(states.length - 1);
  for (const state of states.slice(0, -1).toReversed()) {
    expect(stepper.undo()).toBeDefined();
    expect(stateOf(stepper.machine)).toBe(state);
  }
  expect(stepper.undo()).toBeUndefined();
});

test.each([1, 2, 3])('a run that takes steps back on the way is the run that never did, seed %i', (seed) => {
  const [straight, detouring] = [new Stepper(machineOf()), new Stepper(machineOf())];
  run(straight, seed, () => {});
  let more = 0;
  run(detouring, seed, () => {
    // Somebody else goes on for a while, and back.
    const { depth } = detouring;
    for (let other = detouring.machine.tasks - 1; other >= 0; other--)
      while (detouring.depth < depth + 3 && detouring.step(other) !== undefined) more++;
    while (detouring.depth > depth) detouring.undo();
  });
  expect(more).toBeGreaterThan(500);
  expect(stateOf(detouring.machine)).toBe(stateOf(straight.machine));
});

test('a snapshot is come back to, again and again', () => {
  const machine = machineOf();
  machine.call(0, { call: 'touch', ...range });
  const snapshot = machine.snapshot();
  const touched = stateOf(machine);
  const results = [1, 2].map(() => {
    machine.restore(snapshot);
    expect(stateOf(machine)).toBe(touched);
    const { result } = machine.call(1, convert(8n));
    return [result, stateOf(machine)];
  });
  expect(results[0]).toEqual(results[1]);
  expect(stateOf(machine)).not.toBe(touched);
  expect(() => machineOf().restore(snapshot)).toThrow(new Error('the snapshot is of another machine'));
});

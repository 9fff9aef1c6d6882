// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { createMachine, type Machine, patchNamed } from '../machine/index.ts';
import { type Moment, Recurrence, type Round } from './recurrence.ts';

const machine = (): Machine =>
  createMachine({
    cpus: 1,
    tasks: [{ name: 'T0', cpu: 0 }],
    guestMemfds: [{ pages: 1 }],
    patch: patchNamed('v6'),
    calls: ['touch'],
  });

/** First round found within `turns` turns; the machine's memory cycles through `period` values. */
function lookedAt(period: number, turns: number, more: (turn: number) => Partial<Moment> = () => ({})) {
  const of = machine();
  const recurrence = new Recurrence(of);
  const moment: Moment = { turns: 0, last: 0, callsLeft: 0, position: 0, othersReady: () => false };
  for (let turn = 1; turn <= turns; turn++) {
    of.memory.slots[0] = turn % period;
    const now = { ...moment, turns: turn, ...more(turn) };
    const round = recurrence.asks(turn, now.last) ? recurrence.look(now) : undefined;
    if (round !== undefined) return { turn, round };
  }
  return undefined;
}

const alone = (turns: number): Round => ({ turns, inThisOrder: false });

test('a round is noticed when it is complete, from turn 256 on', () => {
  expect(lookedAt(1, 1000)).toEqual({ turn: 257, round: alone(1) });
  expect(lookedAt(7, 1000)).toEqual({ turn: 263, round: alone(7) });
  // A longer period is found from a later saved state.
  expect(lookedAt(300, 5000)).toEqual({ turn: 812, round: alone(300) });
  expect(lookedAt(1, 256)).toBeUndefined();
  expect(lookedAt(1e9, 1e5)).toBeUndefined();
});

test('an order that comes again is a round too where another could step', () => {
  expect(lookedAt(5, 1000, () => ({ othersReady: () => true }))).toEqual({
    turn: 261,
    round: { turns: 5, inThisOrder: true },
  });
});

test('where the order does not come again, no other task may be able to step, all the way round', () => {
  const open = { position: undefined };
  expect(lookedAt(5, 1000, () => open)).toEqual({ turn: 266, round: alone(5) });
  expect(lookedAt(5, 1e4, () => ({ ...open, othersReady: () => true }))).toBeUndefined();
  expect(lookedAt(5, 1e4, (turn) => ({ ...open, othersReady: () => turn % 5 === 3 }))).toBeUndefined();
  // From some turn on no other task can step.
  expect(lookedAt(5, 1e4, (turn) => ({ ...open, othersReady: () => turn < 700 }))).toEqual({
    turn: 707,
    round: alone(5),
  });
  expect(lookedAt(5, 1e4, (turn) => ({ ...open, last: turn % 2 }))).toBeUndefined();
});

test('what has changed besides the memory makes no round', () => {
  expect(lookedAt(5, 1e4, (turn) => ({ callsLeft: 1e5 - turn }))).toBeUndefined();
  expect(lookedAt(5, 1e4, (turn) => ({ position: turn }))).toBeUndefined();
});

// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import type { CallResult, ConversionSeen } from '../data/model.ts';
import { callSigns, indexCalls, roundAt } from './marks.ts';

const call = (at: number, result: CallResult, took = 1): ConversionSeen => ({
  at,
  until: at + took,
  cpu: 0,
  pid: 1,
  task: undefined,
  result,
  returned: undefined,
  drained: undefined,
  causes: [],
});

const signs = (conversions: readonly ConversionSeen[], from = 0, to = 1000) =>
  callSigns({ conversions }, indexCalls(conversions), { from, to, width: 1000 }).map(
    ({ x, result, count, nth, of }) => `${x} ${count} ${result} ${nth + 1}/${of}`,
  );

test('a refused call is never hidden by others at its place', () => {
  const calls = [call(100, 'safe'), call(101, 'safe'), call(102, 'refused'), call(103, 'safe'), call(500, 'safe')];
  expect(signs(calls)).toEqual(['100 1 refused 1/2', '100 3 safe 2/2', '500 1 safe 1/1']);
});

test('a long call that began before the window is seen in it', () => {
  expect(signs([call(100, 'refused', 800)], 500, 600)).toEqual(['-4000 1 refused 1/1']);
  expect(signs([call(100, 'refused')], 500, 600)).toEqual([]);
});

test('as many signs as there is room for, whatever the number of calls', () => {
  const calls = Array.from({ length: 100_000 }, (_, at) => call(at, at === 77_777 ? 'refused' : 'safe'));
  const all = signs(calls, 0, 100_000);
  expect(all.length).toBeLessThan(100);
  expect(all.filter((sign) => sign.includes('refused'))).toHaveLength(1);
});

test('the round of drains that runs at a time', () => {
  const round = (at: number, until: number | undefined) => ({ at, until, cpu: 0, pid: 1, task: undefined, works: [] });
  const drains = [round(10, 20), round(30, undefined), round(50, 60)];
  expect([5, 10, 20, 21, 30, 31, 55].map((time) => roundAt(drains, time)?.at)).toEqual([
    undefined,
    10,
    10,
    undefined,
    30,
    undefined,
    50,
  ]);
});

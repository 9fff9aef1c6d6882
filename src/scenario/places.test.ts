// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { parseSchedule, PATCHES } from '../machine/index.ts';
import { parseScenario } from './parse-scenario.ts';
import { unknownPlace } from './places.ts';

const SCENARIO = parseScenario(
  't.yaml',
  `scenario: T
title: A page that two CPUs want
machine: { cpus: 2 }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
threads:
  T0: [{ convert: { range: 0..1, to: private } }]
  T1: [{ touch: 0..1 }]
`,
);

const wrongIn = (schedule: string): string | undefined =>
  unknownPlace(SCENARIO, parseSchedule(schedule), PATCHES.slice(0, 1), (_, work) => work());

test.each([
  'rr',
  'random:7',
  'T0:3,T1:all',
  'T0:@folio_ref_count,T1:@set_pte_at',
  'kworker/1:@folio_batch_move_lru.lru_add',
  // The form that is run does not drain; other forms do.
  'T0:@lru_add_drain_all.mutex_lock',
])('%s names what there is', (schedule) => {
  expect(wrongIn(schedule)).toBeUndefined();
});

test.each([
  ['T0:@folio_ref_cont', "'T0:@folio_ref_cont': T0 takes no such step, did you mean 'T0:@folio_ref_count'?"],
  ['T1:@mas_store', "'T1:@mas_store': T1 takes no such step, did you mean 'T1:@xas_store'?"],
  ['T7:@folio_ref_count', "no task 'T7', did you mean 'T0'?"],
  ['T1:1,kworker/2:all', "no task 'kworker/2', did you mean 'kworker/0'?"],
  ['X:all', "no task 'X', expected one of T0, T1, kworker/0, kworker/1"],
  [
    'kworker/0:@nosuchstep',
    "'kworker/0:@nosuchstep': kworker/0 takes no such step, the nearest is 'kworker/0:@work_done'; run --steps all shows the names",
  ],
])('%s names what there is not', (schedule, message) => {
  expect(wrongIn(schedule)).toBe(message);
});

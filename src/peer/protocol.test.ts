// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { type Exploration, exploreProgram } from '../check/index.ts';
import { createMemory, Interpreter, type Memory } from '../lang/index.ts';
import { buildPeer, NO_FALSE_POSITIVE, type Peer, type PeerConfig, type Variant } from './index.ts';

/** States, transitions and breadth-first depth on which SPIN, TLC, Stateright and Rumur agree. */
const ROWS: readonly (readonly [cpus: number, folios: number, Variant, number, number, number | undefined])[] = [
  [2, 2, 'baseline', 3_095, 7_550, 29],
  [2, 2, 'local-drain', 3_198, 7_643, 31],
  [2, 2, 'v6', 2_612, 6_286, 31],
  [2, 3, 'baseline', 22_398, 59_095, 38],
  [2, 3, 'local-drain', 22_692, 58_483, 40],
  [2, 3, 'v6', 16_294, 41_624, 40],
  [3, 2, 'baseline', 52_562, 184_988, 32],
  [3, 2, 'local-drain', 51_941, 180_164, 34],
  [3, 2, 'v6', 35_775, 124_835, 34],
  [2, 4, 'v6', 85_679, 223_475, undefined],
  [3, 3, 'v6', 398_020, 1_461_392, 45],
  [4, 2, 'v6', 530_096, 2_452_362, 38],
  [3, 3, 'baseline', 745_012, 2_812_252, 43],
  [3, 3, 'local-drain', 764_441, 2_843_738, 46],
];
/** They take up to a minute and a gigabyte: FOLIOSCOPE_LARGE=1 runs them too. */
const LARGE_ROWS: typeof ROWS = [
  [3, 4, 'v6', 3_319_353, 12_399_301, 54],
  [4, 3, 'v6', 9_722_270, 46_985_982, 50],
];
/** The shortest false positive, at every size. */
const FALSE_POSITIVE_STEPS: Partial<Record<Variant, number>> = { baseline: 10, 'local-drain': 12 };

function start(peer: Peer): Memory {
  const memory = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, memory);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return memory;
}
function explorePeer(config: PeerConfig, mostStates: number, whole = true, reduced = false): Exploration {
  const peer = buildPeer(config);
  const symmetry = reduced ? peer.symmetry : undefined;
  return exploreProgram({ ...peer, initial: start(peer), symmetry }, { mostStates, whole });
}

const large = process.env['FOLIOSCOPE_LARGE'] === '1' ? LARGE_ROWS : [];
test.each([...ROWS, ...large])(
  '%i CPUs, %i folios, %s: states, transitions, depth and verdict of the other engines',
  (cpus, folios, variant, states, transitions, depth) => {
    const found = explorePeer({ cpus, folios, variant }, states + 1);
    // SPIN also counts the arrival at the initial state.
    expect([found.states, found.transitions + 1]).toEqual([states, transitions]);
    if (depth !== undefined) expect(found.depth).toBe(depth);
    const steps = FALSE_POSITIVE_STEPS[variant];
    expect(found.verdict).toBe(steps === undefined ? 'holds' : 'violated');
    expect(found.property).toBe(steps === undefined ? undefined : NO_FALSE_POSITIVE);
    expect(found.counterexample?.length).toBe(steps);
  },
);

/** States with one standing for all that differ by an exchange of CPUs. */
test.each<readonly [cpus: number, folios: number, states: number]>([
  [2, 2, 2_612],
  [3, 2, 18_790],
  [3, 3, 204_549],
  [4, 2, 100_927],
  ...(large.length === 0
    ? []
    : ([
        [3, 4, 1_688_328],
        [4, 3, 1_749_996],
      ] as const)),
])('%i CPUs, %i folios, v6: states under the symmetry of the CPUs', (cpus, folios, states) => {
  const found = explorePeer({ cpus, folios, variant: 'v6' }, states + 1, true, true);
  expect(found).toMatchObject({ verdict: 'holds', states });
});

test.each<Variant>(['baseline', 'local-drain', 'v6'])(
  '%s: the symmetry changes neither verdict nor depth',
  (variant) => {
    const config = { cpus: 3, folios: 2, variant };
    const full = explorePeer(config, 100_000);
    const reduced = explorePeer(config, 100_000, true, true);
    expect(reduced.states).toBeLessThan(full.states);
    expect([reduced.verdict, reduced.property, reduced.depth]).toEqual([full.verdict, full.property, full.depth]);
    expect(reduced.counterexample?.length).toBe(full.counterexample?.length);
  },
);

const FAULT = ['lock_shared', 'look', 'insert', 'folio_add_lru', 'map', 'unlock_shared'];
test.each<[Variant, readonly string[]]>([
  ['baseline', ['lock', 'unmap', 'get_folios', 'check']],
  ['local-drain', ['lock', 'unmap', 'get_folios', 'check', 'drain_own', 'check']],
])('%s refuses a folio that only a batch holds: the interpreter takes the same steps', (variant, names) => {
  for (const reduced of [false, true]) {
    const config = { cpus: 3, folios: 2, variant };
    const peer = buildPeer(config);
    const interpreter = new Interpreter(peer.program, start(peer));
    const taken = explorePeer(config, 100_000, false, reduced).counterexample?.map(({ task, option }) => {
      expect(peer.properties.filter(({ holds }) => interpreter.value(holds) === 0)).toEqual([]);
      return interpreter.step(task, option);
    });
    expect(taken?.map((step) => step?.step.name)).toEqual([...FAULT, ...names]);
    expect(taken?.map((step) => step?.failed).filter((failed) => failed?.length !== 0)).toEqual([[NO_FALSE_POSITIVE]]);
  }
});

test('it ends where everybody is done and the lock is free, and may not end before', () => {
  const peer = buildPeer({ cpus: 1, folios: 1, variant: 'v6' });
  const interpreter = new Interpreter(peer.program, start(peer));
  const [FAULTER, CONVERTER] = [0, 2];
  const ends: number[] = [];
  while (interpreter.step(CONVERTER) !== undefined) ends.push(interpreter.value(peer.mayEnd));
  expect(interpreter.step(FAULTER)?.step.name).toBe('skip');
  expect(ends.every((end) => end === 0)).toBe(true);
  expect(interpreter.value(peer.mayEnd)).toBe(1);
});

test('a search that is told to give up says so', () => {
  expect(explorePeer({ cpus: 2, folios: 2, variant: 'v6' }, 1000)).toMatchObject({
    verdict: 'undecided',
    states: 1000,
    counterexample: undefined,
  });
});

// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { createMemory, Interpreter } from '../lang/index.ts';
import { buildPeer, NO_FALSE_POSITIVE, type Variant } from '../peer/index.ts';
import { exploreProgram, type Lossy, type ProgramExploration, type Reach } from './index.ts';

function explored(variant: Variant, more: Partial<Reach>): ProgramExploration {
  const peer = buildPeer({ cpus: 3, folios: 2, variant });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return exploreProgram({ ...peer, initial, symmetry: undefined }, { mostStates: 1e5, ...more });
}
const bitstate = (bits: number): Lossy => ({ kind: 'bitstate', bits });
/** Of the peer protocol with 3 CPUs and 2 folios, drain-all. */
const STATES = 35_775;

test('64 bits a state come to all states, and say how likely it is that one is left out', () => {
  const found = explored('v6', { lossy: { kind: 'hash compaction' } });
  expect(found).toMatchObject({ verdict: 'holds', states: STATES, transitions: 124_834, depth: 34 });
  expect(found.omission).toBeCloseTo((STATES * (STATES - 1)) / 2 ** 65, 20);
  expect(found.omission).toBeGreaterThan(0);
  expect(explored('v6', {}).omission).toBeUndefined();
});

test('bits come to as many states or fewer, and say so', () => {
  const wide = explored('v6', { lossy: bitstate(30) });
  expect(wide).toMatchObject({ verdict: 'holds', states: STATES, transitions: 124_834 });
  // The i-th state is taken for a known one where its three bits are among those of i states.
  const expected = (bits: number): number => {
    let ln = 0;
    for (let i = 0; i < STATES; i++) ln += Math.log1p(-((1 - Math.exp((-3 * i) / 2 ** bits)) ** 3));
    return -Math.expm1(ln);
  };
  const { omission, states } = explored('v6', { lossy: bitstate(23) });
  expect((omission ?? 0) / expected(23)).toBeCloseTo(1, 1);
  expect(states).toBeLessThanOrEqual(STATES);
  const narrow = explored('v6', { lossy: bitstate(16) });
  expect(narrow.states).toBeLessThan(STATES);
  expect(narrow.omission).toBeCloseTo(1, 5);
});

test('where a state was left out with more than 1 %, nothing is said to hold; what is violated is', () => {
  for (const bits of [8, 16, 23, 24, 25, 26, 28]) {
    const { verdict, reason, omission = 1 } = explored('v6', { lossy: bitstate(bits) });
    expect({ bits, verdict, reason }).toEqual(
      omission > 0.01
        ? { bits, verdict: 'undecided', reason: 'omission' }
        : { bits, verdict: 'holds', reason: undefined },
    );
    expect(omission > 0.01).toBe(bits < 24);
  }
  // A limit is the nearer reason.
  expect(explored('v6', { lossy: bitstate(8), mostStates: 10 })).toMatchObject({ reason: 'states' });
  expect(explored('baseline', { lossy: bitstate(16) })).toMatchObject({ verdict: 'violated', reason: undefined });
});

test.each<Lossy>([{ kind: 'hash compaction' }, bitstate(24)])('%o: the way to a violation is told exactly', (lossy) => {
  const found = explored('baseline', { lossy });
  expect(found).toMatchObject({ verdict: 'violated', property: NO_FALSE_POSITIVE, isShortest: true });
  expect(found.counterexample).toHaveLength(10);
});

test('limits hold, and what does not go together is refused', () => {
  const lossy: Lossy = { kind: 'hash compaction' };
  expect(explored('v6', { lossy, mostStates: 1234 })).toMatchObject({
    verdict: 'undecided',
    reason: 'states',
    states: 1234,
  });
  const { bytes } = explored('v6', { lossy });
  expect(explored('v6', { lossy, mostBytes: bytes - 1 })).toMatchObject({ verdict: 'undecided', reason: 'memory' });
  expect(() => explored('v6', { lossy: bitstate(33) })).toThrow('bitstate takes 5 to 32 bits of a position, not 33');
});

// SPDX-License-Identifier: MIT
import { beforeEach, expect, test, vi } from 'vitest';
import { createMemory, finished, Interpreter } from '../lang/index.ts';
import { buildPeer } from '../peer/index.ts';
import { checkPromise, exploreProgram, type Question, type Reach } from './index.ts';

const machine = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }));

// A machine with little memory: what is given back does not count, so that it ends soon.
vi.mock(import('./allocate.ts'), () => ({
  allocate: (words: number) => {
    if (4 * words > machine.left) throw new RangeError('Array buffer allocation failed');
    machine.left -= 4 * words;
    return new Int32Array(words);
  },
}));

beforeEach(() => {
  machine.left = Number.POSITIVE_INFINITY;
});

function question(): Question {
  const peer = buildPeer({ cpus: 3, folios: 2, variant: 'v6' });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return { ...peer, initial, symmetry: undefined };
}

/** Bytes that a search takes before it has seen anything: collected successors. */
const ROWS = 2 ** 23;

test.each<readonly [string, Partial<Reach>, number]>([
  ['whole states', {}, 800_000],
  ['with a store', { spill: { write: () => {}, read: () => undefined, isDue: () => false } }, 9_232_646],
  ['hash compaction', { lossy: { kind: 'hash compaction' } }, 600_000],
])('%s: a machine that gives no more memory ends the search with what it knows', (_, how, more) => {
  const reach: Reach = { mostStates: 1e5, ...how };
  const all = exploreProgram(question(), reach);
  expect(all.verdict).toBe('holds');
  machine.left = ROWS + 1_000_000 + more;
  const found = exploreProgram(question(), reach);
  expect(found).toMatchObject({ verdict: 'undecided', reason: 'memory' });
  expect(found.states).toBeGreaterThan(0);
  expect(found.states).toBeLessThan(all.states);
});

test('a graph ends where the machine gives no more memory, with what it knows', () => {
  const asked = question();
  const promise = { name: 'ends', holds: finished(0) };
  const all = checkPromise(asked, promise, 1e6);
  const plenty = 1e9;
  machine.left = plenty;
  checkPromise(asked, promise, 1e6);
  const taken = plenty - machine.left;
  // Nothing, all but what asking takes when the graph is complete, and something between.
  for (const [share, states] of [
    [0, 0],
    [taken / 2, undefined],
    [taken - 1, all.states],
  ] as const) {
    machine.left = share;
    const found = checkPromise(asked, promise, 1e6);
    expect(found).toMatchObject({ verdict: 'undecided', reason: 'memory', lasso: undefined });
    expect(found.states).toBeLessThanOrEqual(all.states);
    if (states === undefined) expect(found.states).toBeGreaterThan(0);
    else expect(found.states).toBe(states);
  }
});

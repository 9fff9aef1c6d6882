// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import {
  exploreProgram,
  type ProgramExploration,
  type Question,
  type Reach,
  type Store,
  StoreFullError,
} from '../src/check/index.ts';
import { createMemory, Interpreter } from '../src/lang/index.ts';
import { buildPeer, type Variant } from '../src/peer/index.ts';

function questionOf(variant: Variant, reduced: boolean): Question {
  const peer = buildPeer({ cpus: 3, folios: 2, variant });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return { ...peer, initial, symmetry: reduced ? peer.symmetry : undefined, partialOrder: reduced };
}

class InMemory implements Store {
  readonly chunks = new Map<string, Uint8Array>();
  write(name: string, parts: readonly Uint8Array[]): void {
    expect(this.chunks.has(name)).toBe(false);
    this.chunks.set(name, new Uint8Array(Buffer.concat(parts)));
  }
  read(name: string): Uint8Array | undefined {
    return this.chunks.get(name);
  }
  isDue(): boolean {
    return false;
  }
}

/** All but bytes. */
const told = (found: ProgramExploration): unknown => ({ ...found, bytes: undefined, bytesPerState: undefined });

/** Bytes of the collected successors, without which nothing goes, and so many more. */
function withLittle(question: Question, more: number): number {
  return exploreProgram(question, { mostStates: 1, spill: new InMemory() }).bytes + more;
}

test.each<readonly [Variant, boolean, boolean]>([
  ['v6', true, false],
  ['v6', true, true],
  ['baseline', true, false],
  ['baseline', false, false],
  ['local-drain', false, true],
])(
  '%s, whole %s, reduced %s: the answer is the same when memory is too little for the states',
  (variant, whole, reduced) => {
    const question = questionOf(variant, reduced);
    const reach: Reach = { mostStates: 1e5, whole };
    const mostBytes = withLittle(question, 500_000);
    const spill = new InMemory();
    const found = exploreProgram(question, { ...reach, mostBytes, spill });
    expect(told(found)).toEqual(told(exploreProgram(question, reach)));
    expect(found.bytes).toBeLessThanOrEqual(mostBytes);
    if (!reduced && whole) {
      const half = exploreProgram(question, reach).bytes / 2;
      expect(exploreProgram(question, { ...reach, mostBytes: half }).reason).toBe('memory');
      expect(spill.chunks.size).toBeGreaterThan(64);
    }
  },
);

test('states are counted exactly up to a limit, and levels that are too large for memory end the search', () => {
  const question = questionOf('v6', false);
  const mostBytes = withLittle(question, 500_000);
  const few = exploreProgram(question, { mostStates: 30_000, mostBytes, spill: new InMemory() });
  expect(few).toMatchObject({ verdict: 'undecided', reason: 'states', states: 30_000 });
  const little = withLittle(question, 150_000);
  const none = exploreProgram(question, { mostStates: 1e5, mostBytes: little, spill: new InMemory() });
  expect(none).toMatchObject({ verdict: 'undecided', reason: 'memory' });
  expect(none.states).toBeGreaterThan(0);
});

test.each([1, 65, 100])('where the store is full after %i runs, the search ends with what it knows', (most) => {
  const question = questionOf('baseline', false);
  const spill = new InMemory();
  const keep = spill.write.bind(spill);
  spill.write = (name, parts) => {
    if (spill.chunks.size === most) throw new StoreFullError('full');
    keep(name, parts);
  };
  const reach: Reach = { mostStates: 1e5, whole: true, mostBytes: withLittle(question, 500_000), spill };
  const found = exploreProgram(question, reach);
  // What is violated by then is told, with its shortest run.
  const all = exploreProgram(question, { mostStates: 1e5 });
  expect(found).toMatchObject({ verdict: 'violated', reason: 'disk', counterexample: all.counterexample });
  expect(found.states).toBeGreaterThan(10_000);
  expect(found.states).toBeLessThan(exploreProgram(question, { mostStates: 1e5, whole: true }).states);
  expect(spill.chunks.size).toBe(most);
});

test('what the store has lost or damaged is noticed', () => {
  const question = questionOf('v6', false);
  const spill = new InMemory();
  spill.read = () => new Uint8Array(12);
  const mostBytes = withLittle(question, 500_000);
  expect(() => exploreProgram(question, { mostStates: 1e5, mostBytes, spill })).toThrow(/is damaged or missing/);
});

test('states are put aside by one thread that keeps them whole', () => {
  const reach: Reach = { mostStates: 10, lossy: { kind: 'hash compaction' }, spill: new InMemory() };
  expect(() => exploreProgram(questionOf('v6', false), reach)).toThrow(/one thread, without hashes/);
});

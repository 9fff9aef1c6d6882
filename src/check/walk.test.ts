// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import {
  bool,
  buildCode,
  createMemory,
  finished,
  int,
  Interpreter,
  literal,
  program,
  type Program,
  sharedScalar,
} from '../lang/index.ts';
import { buildPeer, NO_FALSE_POSITIVE, type Variant } from '../peer/index.ts';
import { type Move, type Question, walkingProgram, walkProgram, type Walks } from './index.ts';

function started(built: Program, codeOf: readonly number[]): Interpreter & { readonly memory: Question['initial'] } {
  const memory = createMemory(built);
  const interpreter = new Interpreter(built, memory);
  for (const task of codeOf) interpreter.start(task, task);
  return Object.assign(interpreter, { memory });
}

const peerOf = (variant: Variant): Question => {
  const peer = buildPeer({ cpus: 2, folios: 2, variant });
  return { ...peer, initial: started(peer.program, peer.codeOf).memory };
};

const UNIFORM: Walks = { seed: 1, walks: 200, steps: 200, strategy: { kind: 'uniform' } };
const pct = (depth: number): Walks => ({ ...UNIFORM, strategy: { kind: 'pct', depth } });

test('walks never say that something holds, and the same seed gives the same walks', () => {
  const question = peerOf('v6');
  const first = walkProgram(question, UNIFORM);
  expect(first).toMatchObject({ verdict: 'undecided', reason: 'walks', walks: 200, counterexample: undefined });
  expect(walkProgram(question, UNIFORM)).toEqual(first);
  expect(walkProgram(question, { ...UNIFORM, seed: 2 }).steps).not.toBe(first.steps);
  // There are 2612.
  expect(first.distinctStates).toBeGreaterThan(500);
  expect(first.distinctStates).toBeLessThan(2612);
  expect(walkProgram(question, { ...UNIFORM, mostStates: 100 }).distinctStates).toBeUndefined();
});

test('memory bounds the states that are told apart and the length of a walk', () => {
  const question = peerOf('v6');
  const all = walkProgram(question, UNIFORM);
  // Without the memory to tell states apart the same walks are taken.
  expect(walkProgram(question, { ...UNIFORM, mostBytes: 4000 })).toEqual({ ...all, distinctStates: undefined });
  expect(walkProgram(question, { ...UNIFORM, mostBytes: 2 ** 24 })).toEqual(all);
});

test('a walk without an end is ended by the memory', () => {
  const sizes = { task: 1 };
  const idle = buildCode('idle', null, sizes, 0, (k) => k.loop(() => k.step('turn', () => {})));
  const built = program(sizes, [], [idle]);
  const endless: Question = {
    program: built,
    codeOf: [0],
    initial: started(built, [0]).memory,
    properties: [],
    mayEnd: literal<'bool'>(0),
  };
  const walks: Walks = { seed: 1, walks: 5, steps: 1e9, strategy: { kind: 'uniform' }, mostBytes: 2 ** 20 };
  const found = walkProgram(endless, walks);
  expect(found).toMatchObject({ verdict: 'undecided', reason: 'memory', walks: 0, walk: undefined });
  expect(found.longest * 64).toBeGreaterThan(2 ** 19);
  expect(found.longest).toBeLessThan(20_000);
});

test.each([
  ['baseline', UNIFORM, 10],
  ['baseline', pct(3), 10],
  ['local-drain', UNIFORM, 12],
  ['local-drain', pct(3), 12],
] as const)('what a walk through %s meets, by %o, is shortened to the shortest', (variant, walks, length) => {
  const question = peerOf(variant);
  const found = walkProgram(question, walks);
  expect(found).toMatchObject({ verdict: 'violated', property: NO_FALSE_POSITIVE, isShortest: true });
  expect(found.counterexample).toHaveLength(length);
  const unproved = walkProgram(question, { ...walks, mostStates: 0 });
  expect(unproved).toMatchObject({ verdict: 'violated', property: NO_FALSE_POSITIVE, isShortest: false });
  const moves = unproved.counterexample ?? [];
  expect(moves.length).toBeGreaterThanOrEqual(length);
  expect(moves.length).toBeLessThanOrEqual(unproved.longest);
  replay(question, moves);
});

/** Takes the moves, each of which has to be possible. */
function replay({ program: text, codeOf }: Question, moves: readonly Move[]): void {
  const interpreter = started(text, codeOf);
  for (const { task, option } of moves) expect(interpreter.step(task, option)).toBeDefined();
}

test('interrupted, they say how far they came', () => {
  const said: number[] = [];
  const found = walkProgram(peerOf('v6'), {
    ...UNIFORM,
    progress: ({ walks }) => said.push(walks),
    interrupted: () => said.length === 7,
  });
  expect(found).toMatchObject({ verdict: 'undecided', reason: 'interrupted', walks: 7 });
  expect([...walkingProgram(peerOf('v6'), UNIFORM)]).toHaveLength(200);
});

test('interrupted while a run is made shorter, they tell the run as it is by then', () => {
  const question = peerOf('baseline');
  const walks = { ...UNIFORM, mostStates: 0 };
  const whole = walkProgram(question, walks);
  /** Each walk before the one that meets it is asked about once. */
  const before = (whole.walk ?? 0) - 1;
  const lengthAfter = (attempts: number): number => {
    let asked = 0;
    const found = walkProgram(question, { ...walks, interrupted: () => ++asked === before + attempts });
    expect(asked).toBe(before + attempts);
    expect(found).toMatchObject({ verdict: 'violated', property: NO_FALSE_POSITIVE, isShortest: false });
    replay(question, found.counterexample ?? []);
    return found.counterexample?.length ?? 0;
  };
  const [first, later] = [lengthAfter(1), lengthAfter(5)];
  expect(first).toBeGreaterThan(later);
  expect(later).toBeGreaterThan(whole.counterexample?.length ?? 0);
});

/** One task raises a flag; another counts to `last`, and asserts that the flag is not up before it began nor down when it ends. */
function starved(last: number): Question {
  const up = sharedScalar('up', bool);
  const sizes = { task: 2 };
  const raise = buildCode('raise', null, sizes, 0, (k) => k.step('raise', () => up.set(true)));
  const count = buildCode('count', null, sizes, 0, (k) => {
    k.for('n', int(last), 0, last, () => k.step('count', () => {}));
    k.step('end', () => k.assert('the flag is up', up));
  });
  const built = program(sizes, [up], [raise, count]);
  const mayEnd = finished(0).and(finished(1));
  return { program: built, codeOf: [0, 1], initial: started(built, [0, 1]).memory, properties: [], mayEnd };
}

test('priorities find what takes one task to wait for long, which even odds do not', () => {
  const question = starved(60);
  // Even odds meet it in a walk with a probability of 2^-61.
  expect(walkProgram(question, UNIFORM)).toMatchObject({ verdict: 'undecided', walks: 200 });
  // The other task is first in every second walk: that none of ten is has a probability of 2^-10.
  const found = walkProgram(question, { ...pct(1), walks: 10 });
  expect(found).toMatchObject({ verdict: 'violated', property: 'the flag is up', isShortest: true });
  expect(found.counterexample).toHaveLength(61);
});

test('a deadlock and an assert are met, and steps that do nothing for it are cut out', () => {
  const gate = sharedScalar('gate', bool);
  const sizes = { task: 2 };
  const idle = buildCode('idle', null, sizes, 0, (k) => k.loop(() => k.step('turn', () => {})));
  const fails = buildCode('fails', null, sizes, 0, (k) => {
    k.step('open', () => gate.set(true));
    k.step('check', () => k.assert('closed', gate.not()));
  });
  const waits = buildCode('waits', null, sizes, 0, (k) => k.await('wait', gate, () => {}));
  const ask = (...codes: readonly ReturnType<typeof buildCode>[]) => {
    const built = program(sizes, [gate], codes);
    const asked = { properties: [], mayEnd: literal<'bool'>(0) };
    return walkProgram(
      { program: built, codeOf: [0, 1], initial: started(built, [0, 1]).memory, ...asked },
      { ...UNIFORM, mostStates: 0 },
    );
  };
  expect(ask(idle, fails)).toMatchObject({
    property: 'closed',
    counterexample: [
      { task: 1, option: 0 },
      { task: 1, option: 0 },
    ],
  });
  expect(ask(waits, waits)).toMatchObject({ property: 'deadlock', counterexample: [] });
});

test('a depth that is none is refused', () => {
  expect(() => walkProgram(peerOf('v6'), pct(0))).toThrow('a PCT schedule has a depth of 1 or more, not 0');
});

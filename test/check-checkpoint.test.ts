// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  CheckpointError,
  exploreProgram,
  exploreProgramWith,
  type ProgramExploration,
  type Question,
  type Reach,
  type Store,
  UnwrittenError,
} from '../src/check/index.ts';
import { CheckpointDirectory } from '../src/cli/checkpoint-directory.ts';
import { createMemory, Interpreter } from '../src/lang/index.ts';
import { buildPeer, type Variant } from '../src/peer/index.ts';
import { raceQuestion } from './checkpoint-search.ts';
import { WorkerPool } from './worker-host.ts';

const host = new WorkerPool();
const folder = mkdtempSync(join(tmpdir(), 'folioscope-checkpoint-'));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await host.end();
});

function peerOf(variant: Variant, cpus = 2, reduced = false): Question {
  const peer = buildPeer({ cpus, folios: 2, variant });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return { ...peer, initial, symmetry: reduced ? peer.symmetry : undefined, coverage: true };
}

class Killed extends Error {}

/** A store that is killed when it has written so much: the last name is not written. Due every so many levels. */
class Mortal implements Store {
  readonly chunks: Map<string, Uint8Array>;
  readonly #every: number;
  #left: number;
  #asked = 0;

  constructor(chunks: Map<string, Uint8Array>, every: number, left: number) {
    this.chunks = chunks;
    this.#every = every;
    this.#left = left;
  }
  write(name: string, parts: readonly Uint8Array[]): void {
    if (this.#left-- === 0) throw new Killed();
    this.chunks.set(name, new Uint8Array(Buffer.concat(parts)));
  }
  read(name: string): Uint8Array | undefined {
    return this.chunks.get(name);
  }
  isDue(): boolean {
    return ++this.#asked % this.#every === 0;
  }
}

/** All but bytes, which depend on what was in memory when. */
const told = (found: ProgramExploration): unknown => ({ ...found, bytes: undefined, bytesPerState: undefined });

const QUESTIONS: readonly (readonly [string, Question, Partial<Reach>])[] = [
  ['the peer protocol', peerOf('v6'), {}],
  ['a false positive of it', peerOf('baseline'), {}],
  ['all of a protocol with false positives, symmetry', peerOf('baseline', 3, true), { whole: true }],
  ['steps left out', { ...peerOf('local-drain'), partialOrder: true }, { whole: true }],
  ['a fault that races with a conversion', raceQuestion(), { whole: true }],
];

test.each(QUESTIONS)('%s: killed anywhere, a search goes on to the same result', (_, question, more) => {
  const reach: Reach = { mostStates: 1e5, ...more };
  const alone = told(exploreProgram(question, reach));
  const complete = new Mortal(new Map(), 1, Number.POSITIVE_INFINITY);
  expect(told(exploreProgram(question, { ...reach, checkpoint: complete }))).toEqual(alone);
  for (const [every, first, second] of [
    [1, 0, 1],
    [1, 7, 4],
    [2, 3, 2],
  ] as const) {
    const chunks = new Map<string, Uint8Array>();
    for (const left of [first, second])
      expect(() => exploreProgram(question, { ...reach, checkpoint: new Mortal(chunks, every, left) })).toThrow(Killed);
    const checkpoint = new Mortal(chunks, every, Number.POSITIVE_INFINITY);
    expect(told(exploreProgram(question, { ...reach, checkpoint }))).toEqual(alone);
  }
});

test('interrupted anywhere, it goes on from the last level that was complete', () => {
  const question = peerOf('v6', 3);
  const alone = told(exploreProgram(question, { mostStates: 1e5 }));
  for (const after of [1, 10, 33]) {
    const chunks = new Map<string, Uint8Array>();
    const checkpoint = new Mortal(chunks, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    let asked = 0;
    const part = exploreProgram(question, { mostStates: 1e5, checkpoint, interrupted: () => ++asked === after });
    expect(part).toMatchObject({ verdict: 'undecided', reason: 'interrupted' });
    expect([...chunks.keys()]).toEqual(['states-0', 'index.json']);
    let first: number | undefined;
    const progress: Reach['progress'] = ({ states }) => (first ??= states);
    expect(told(exploreProgram(question, { mostStates: 1e5, checkpoint, progress }))).toEqual(alone);
    // A limit that is lower than what is known already is still a limit.
    const few = exploreProgram(question, { mostStates: 1, checkpoint: new Mortal(chunks, 1, 99) });
    expect(few).toMatchObject({ verdict: 'undecided', reason: 'states', states: 1 });
  }
});

test.each([1, 2, 50])('stopped at %d states again and again, it goes on to the same result', (step) => {
  const question = peerOf('v6', 2);
  const alone = told(exploreProgram(question, { mostStates: 1e5 }));
  const checkpoint = new Mortal(new Map(), 1, Number.POSITIVE_INFINITY);
  for (const mostStates of [step, step, step + 1, 50 + step, 100 + step])
    expect(exploreProgram(question, { mostStates, checkpoint })).toMatchObject({
      verdict: 'undecided',
      reason: 'states',
      states: mostStates,
    });
  expect(told(exploreProgram(question, { mostStates: 1e5, checkpoint }))).toEqual(alone);
});

test('without room for more, a search ends with what it knows, and goes on where there is some', () => {
  const question = peerOf('v6', 3);
  const alone = told(exploreProgram(question, { mostStates: 1e5 }));
  /** Has room for so many names. */
  class Full extends Mortal {
    override write(name: string, parts: readonly Uint8Array[]): void {
      try {
        super.write(name, parts);
      } catch (error) {
        throw error instanceof Killed ? new UnwrittenError('full') : error;
      }
    }
  }
  const chunks = new Map<string, Uint8Array>();
  const few = exploreProgram(question, { mostStates: 1e5, checkpoint: new Full(chunks, 1, 0) });
  expect(few).toMatchObject({ verdict: 'undecided', reason: 'checkpoint', states: 1 });
  const more = exploreProgram(question, { mostStates: 1e5, checkpoint: new Full(chunks, 1, 21) });
  expect(more).toMatchObject({ verdict: 'undecided', reason: 'checkpoint', depth: 10 });
  // What made it end first is what is told.
  const limited = exploreProgram(question, { mostStates: more.states, checkpoint: new Full(new Map(), 999, 0) });
  expect(limited).toMatchObject({ verdict: 'undecided', reason: 'states', states: more.states });
  expect(told(exploreProgram(question, { mostStates: 1e5, checkpoint: new Mortal(chunks, 1, 999) }))).toEqual(alone);
});

test('several threads go on from what one thread kept, and one from what several kept', async () => {
  const question = peerOf('v6', 3);
  const alone = told(exploreProgram(question, { mostStates: 1e5 }));
  const chunks = new Map<string, Uint8Array>();
  const mortal = (left: number): Reach => ({ mostStates: 1e5, checkpoint: new Mortal(chunks, 2, left) });
  expect(() => exploreProgram(question, mortal(4))).toThrow(Killed);
  await expect(exploreProgramWith(question, mortal(5), { workers: 3, host })).rejects.toThrow(Killed);
  const before = new Map(chunks);
  expect(told(await exploreProgramWith(question, mortal(999), { workers: 2, host }))).toEqual(alone);
  const rest = { mostStates: 1e5, checkpoint: new Mortal(before, 2, 999) };
  expect(told(exploreProgram(question, rest))).toEqual(alone);
});

test('what is not to be gone on from is refused in one line that says what to do', () => {
  const chunks = new Map<string, Uint8Array>();
  const reach = (): Reach => ({ mostStates: 1e5, checkpoint: new Mortal(chunks, 1, 999) });
  exploreProgram(peerOf('v6'), reach());
  expect(() => exploreProgram(peerOf('baseline'), reach())).toThrow(
    'the checkpoint belongs to another question: repeat that command, or start again with an empty directory',
  );
  const index = chunks.get('index.json') ?? new Uint8Array();
  const counted = new TextEncoder().encode(
    new TextDecoder().decode(index).replace(/(?<="transitions":)\d+/, (digits) => String(Number(digits) + 1)),
  );
  expect(counted).not.toEqual(index);
  const states = chunks.get('states-9') ?? new Uint8Array();
  const damage = (name: string, bytes: Uint8Array | undefined): (() => void) => {
    const whole = new Map(chunks);
    if (bytes === undefined) whole.delete(name);
    else whole.set(name, bytes);
    return () => exploreProgram(peerOf('v6'), { mostStates: 1e5, checkpoint: new Mortal(whole, 1, 999) });
  };
  for (const bytes of [undefined, states.subarray(0, states.length - 4), states.with(17, 250)])
    expect(damage('states-9', bytes)).toThrow(
      "the checkpoint's states-9 is damaged or missing: start again with an empty directory",
    );
  for (const bytes of [index.subarray(0, 99), new TextEncoder().encode('{"version":2}'), counted])
    expect(damage('index.json', bytes)).toThrow(CheckpointError);
  expect(damage('index.json', new TextEncoder().encode('{"version":7}'))).toThrow(
    'the checkpoint has version 7, this program reads 2: start again with an empty directory',
  );
});

test('a process that is killed is gone on from in its directory', async () => {
  const path = join(folder, 'killed');
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), join(import.meta.dirname, 'checkpoint-search.ts'), path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  // It says how many states it has found. By then it has written some, and is far from the end.
  let said = '';
  for await (const text of child.stdout.setEncoding('utf8')) {
    said += String(text);
    if (said.split('\n').length > 15) break;
  }
  child.kill('SIGKILL');
  if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  const directory = new CheckpointDirectory(path, 0);
  expect(directory.isBegun).toBe(true);
  const question = raceQuestion();
  const reach = { mostStates: 1e5, whole: true };
  expect(told(exploreProgram(question, { ...reach, checkpoint: directory }))).toEqual(
    told(exploreProgram(question, reach)),
  );
  expect(existsSync(join(path, 'index.json.new'))).toBe(false);
});

test('a directory that cannot be one is refused', () => {
  const path = join(folder, 'file');
  writeFileSync(path, '');
  expect(() => new CheckpointDirectory(path)).toThrow(CheckpointError);
  expect(readFileSync(path, 'utf8')).toBe('');
});

// SPDX-License-Identifier: MIT
// What is too large to be explored in one go: random walks, hashes instead of states, checkpoints of a process that is killed.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { COMMAND, folioscope, ROOT } from './folioscope.ts';
import { validatorOf } from './schema.ts';

const SC_07 = 'scenarios/SC-07-fault-in-flight.yaml';
const PEER = 'scenarios/peer-protocol.yaml';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-large-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const validate = validatorOf('check');

interface Answer {
  readonly verdict: string;
  readonly reason?: string;
  readonly states: number;
  readonly omission?: number;
  readonly walked?: object;
  readonly properties: readonly { readonly property: string; readonly verdict: string }[];
  readonly counterexample?: { readonly length: number; readonly isShortest: boolean };
}

function json(args: readonly string[]): { readonly status: number | null; readonly answer: Answer } {
  const { status, stdout, stderr } = folioscope(['check', ...args, '--json']);
  expect(stderr).toBe('');
  const answer = JSON.parse(stdout) as Answer;
  validate(answer);
  expect(validate.errors).toBeNull();
  return { status, answer };
}

describe('random walks', () => {
  test('say that nothing was found, and never that anything holds', () => {
    const { status, stdout } = folioscope([
      'check',
      SC_07,
      '--patch',
      'v6',
      '--random',
      '50',
      '--seed',
      '3',
      '--pct',
      '2',
    ]);
    expect(status).toBe(2);
    expect(stdout).toContain('v6: NOT FOUND in 50 random walks (seed 3, PCT of depth 2): a violation of\n  I1, I2,');
    expect(stdout).toContain('--random 50 --seed 3 --pct 2');
    expect(stdout).not.toContain('HOLDS');
    expect(stdout.split('\n').every((line) => line.length <= 75)).toBe(true);
  });

  test('find what is wrong, and the nearest run to it', () => {
    const { status, answer } = json([SC_07, '--patch', 'baseline', '--random', '200']);
    expect(status).toBe(1);
    expect(answer.counterexample).toMatchObject({ length: 38, isShortest: true });
    expect(answer.walked).toEqual({ walks: 200, seed: 1, steps: 10_000 });
    // What is to happen on some run is seen on one.
    expect(answer.properties.filter(({ verdict }) => verdict === 'holds').map(({ property }) => property)).toEqual([
      'sometimes',
    ]);
  });
});

test('a verdict that rests on hashes says how likely a state was left out', () => {
  const { answer } = json([PEER, '--patch', 'v6', '--hash-compaction']);
  expect(answer.verdict).toBe('holds');
  expect(answer.omission).toBeGreaterThan(0);
  expect(answer.omission).toBeLessThan(1e-9);
  const { stdout } = folioscope(['check', PEER, '--patch', 'v6,baseline', '--bitstate', '26']);
  expect(stdout).toMatch(/v6: HOLDS, but a state was left out with a probability of \d\.\d+e-\d+/);
  expect(stdout).toMatch(/hold, but a state was left out with a\s+probability of \d\.\d+e-\d+ \(/);
});

test('hashes that leave out a state too likely decide nothing, and violate no wish', () => {
  const { status, stdout } = folioscope(['check', PEER, '--patch', 'v6', '--bitstate', '8']);
  expect(status).toBe(2);
  expect(stdout).toMatch(
    /v6: UNDECIDED: states are stored as hashes, and one was left\s+out with a\s+probability of 1\.0/,
  );
  const { status: alone, answer } = json([SC_07, '--patch', 'v6', '--bitstate', '8']);
  expect(alone).toBe(2);
  expect(answer).toMatchObject({ verdict: 'undecided', reason: 'omission' });
  for (const { verdict } of answer.properties) expect(verdict).not.toBe('violated');
});

test('a conversion of 4,096 pages, whose question V8 has no memory for, is undecided and does not end the process', () => {
  const file = join(folder, 'pages.yaml');
  const text = `scenario: PAGES
title: Many pages
machine: { cpus: 2 }
guest_memfd: { pages: 4096 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
threads: { T0: [{ convert: { range: 0..4096, to: private } }], T1: [{ touch: 0..2 }] }
`;
  writeFileSync(file, text);
  const { status, stdout, stderr } = folioscope(['check', file, '--patch', 'v6']);
  expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
  expect(stdout).toContain('v6: UNDECIDED: the search needs more memory than JavaScript has');
  expect(stdout).toContain("nothing was explored; 'folioscope run' plays single orders");
  expect(json([file, '--patch', 'v6'])).toMatchObject({ status: 2, answer: { verdict: 'undecided', reason: 'size' } });
});

const SIZE = [PEER, '--cpus', '3', '--folios', '3', '--patch', 'v6', '--exact'];

describe('checkpoints', () => {
  /** Runs until so many files of states are there, and kills it then, without a warning. */
  async function killedWith(chunks: number, more: readonly string[]): Promise<void> {
    const directory = join(folder, 'checkpoint');
    const kept = join(directory, 'v6', '1-whole');
    const command = ['check', ...SIZE, '--checkpoint', directory, '--checkpoint-every', '0', ...more];
    const child = spawn(process.execPath, [...COMMAND, ...command], { cwd: ROOT, stdio: 'ignore' });
    const ended = once(child, 'exit');
    while (child.exitCode === null) {
      if (existsSync(kept) && readdirSync(kept).length > chunks) break;
      await sleep(5);
    }
    child.kill('SIGKILL');
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
  }

  test('killed twice, it goes on to the result of one that was not', { timeout: 120_000 }, async () => {
    await killedWith(7, []);
    await killedWith(25, ['--resume']);
    const directory = join(folder, 'checkpoint');
    const resumed = json([...SIZE, '--checkpoint', directory, '--resume']);
    const alone = json(SIZE);
    const costs = { seconds: 0, peakMemoryBytes: 0 };
    expect({ ...resumed.answer, ...costs }).toEqual({ ...alone.answer, ...costs });
    expect(alone.answer).toMatchObject({ verdict: 'holds', states: 398_020 });
    // Another question has nothing to go on from here.
    const other = SIZE.map((word) => (word === '--exact' ? '--no-symmetry' : word));
    expect(
      folioscope(['check', ...other, '--no-partial-order', '--coverage', '--checkpoint', directory, '--resume']),
    ).toEqual({
      status: 65,
      stdout: '',
      stderr:
        'folioscope: the checkpoint belongs to another question: repeat that command, or start again with an empty directory\n',
    });
  });

  test('a directory is of one process at a time, and one that was killed has left it', () => {
    const args = ['check', SC_07, '--patch', 'v6', '--checkpoint', folder];
    const owner = join(folder, 'folioscope-checkpoint');
    writeFileSync(owner, String(process.pid));
    for (const more of [[], ['--resume']])
      expect(folioscope([...args, ...more])).toEqual({
        status: 64,
        stdout: '',
        stderr: `folioscope: ${folder} is in use by process ${process.pid}: wait until that process ends, or name another directory\n`,
      });
    expect(readdirSync(folder)).toEqual(['folioscope-checkpoint']);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    // The second is of a process of this number that was there before: numbers are used again.
    for (const left of [String(pid), `${process.pid} another-boot 7`, '']) {
      writeFileSync(owner, left);
      const { status, stderr } = folioscope([...args, '--resume']);
      expect([left, status, stderr]).toEqual([
        left,
        64,
        `folioscope: ${folder} holds no checkpoint: begin one without --resume\n`,
      ]);
      expect(readdirSync(folder)).toEqual([]);
    }
    writeFileSync(owner, String(pid));
    expect(folioscope(args)).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(folder)).toEqual(['asked.json', 'v6']);
  });

  test('where it cannot be written any more the check ends undecided, and can be gone on with', () => {
    const args = [PEER, '--patch', 'v6', '--exact', '--checkpoint', folder, '--checkpoint-every', '0', '--resume'];
    // Nobody, not even root, writes a file where a directory is.
    const kept = join(folder, 'v6', '1-whole');
    const obstacle = join(kept, 'states-4.new');
    mkdirSync(obstacle, { recursive: true });
    const ended = folioscope(['check', ...args]);
    expect(ended.status).toBe(2);
    expect(ended.stderr).toBe(
      `folioscope: ${kept} cannot be written: is a directory; free space there or make it writable, then repeat the command with --resume\n`,
    );
    expect(ended.stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /UNDECIDED: the checkpoint cannot be written \(--checkpoint\) .* explored: \d+ states, \d+ transitions, depth 4/,
    );
    rmdirSync(obstacle);
    const costs = { seconds: 0, peakMemoryBytes: 0 };
    const alone = json([PEER, '--patch', 'v6', '--exact']).answer;
    expect({ ...json(args).answer, ...costs }).toEqual({ ...alone, ...costs });
  });

  test('a form whose directory cannot be made does not lose what is known of another', () => {
    const args = [PEER, '--patch', 'v6,baseline', '--checkpoint', folder, '--resume'];
    writeFileSync(join(folder, 'baseline'), '');
    const { status, stdout } = folioscope(['check', ...args]);
    expect(stdout).toContain('v6: HOLDS');
    expect(stdout).toContain('baseline: VIOLATED');
    expect(status).toBe(1);
  });

  test('a checkpoint of one form that is damaged does not lose the answers of others', () => {
    const args = ['check', SC_07, '--patch', 'v6,v8,baseline', '--checkpoint', folder, '--checkpoint-every', '0'];
    expect(folioscope(args).status).toBe(1);
    const damage = (form: string): void => writeFileSync(join(folder, form, '1-whole', 'index.json'), '{');
    damage('v8');
    const { stdout, stderr, status } = folioscope([...args, '--resume']);
    expect(stdout).toContain('v6: HOLDS');
    expect(stdout).toContain('baseline: VIOLATED');
    expect(stdout).toContain('\nnot run: v8\n');
    expect({ stderr, status }).toEqual({
      stderr: "folioscope: v8: the checkpoint's index.json is damaged: start again with an empty directory\n",
      status: 2,
    });
    damage('v6');
    expect(folioscope([...args, '--resume'])).toEqual({
      stdout: '',
      stderr: "folioscope: the checkpoint's index.json is damaged: start again with an empty directory\n",
      status: 65,
    });
  });

  test('what cannot be begun or gone on from is said in one line', () => {
    const full = join(folder, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'mine'), '');
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const of = (...more: readonly string[]) => folioscope(['check', SC_07, '--patch', 'v6', ...more]);
    for (const [args, status, message] of [
      [
        ['--checkpoint', full],
        64,
        `${full} is not empty: continue its checkpoint with --resume, or name another directory`,
      ],
      [
        ['--checkpoint', join(folder, 'none'), '--resume'],
        64,
        `${folder}/none holds no checkpoint: begin one without --resume`,
      ],
      [['--checkpoint', file], 64, `${file}: not a directory; --checkpoint needs one`],
      [['--checkpoint', '/proc/none'], 65, '/proc/none/v6/1-whole cannot be made: '],
      [['--resume'], 64, '--resume and --checkpoint-every need --checkpoint DIR'],
      [['--bitstate', '20', '--exact'], 64, "cannot be used with option '--exact'"],
      [['--random', '5', '--workers', '2'], 64, '--workers does not go with --random, --depth-first'],
    ] as const) {
      const told = of(...args);
      expect(told).toMatchObject({ status, stdout: '' });
      expect(told.stderr).toContain(message);
      expect(told.stderr.split('\n')).toHaveLength(2);
    }
  });
});

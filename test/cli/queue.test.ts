// SPDX-License-Identifier: MIT
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as nap } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND, folioscope, ROOT } from './folioscope.ts';

const hasServer = spawnSync('redis-server', ['--version']).status === 0;
// Why they are skipped stands in their name.
const withServer = describe.skipIf(!hasServer);
const MINUTES = 60_000;
const VERSION = folioscope(['--version']).stdout.trim();

/** Small ones, a wrong file among them, and one that is not as it says. */
const FILES = [
  'SC-02-other-cpu',
  'SC-01-same-cpu',
  'SC-17-large-folio',
  'SC-30-unsafe-behind-safe',
  'argument-errors',
].map((name) => `scenarios/${name}.yaml`);

let directory = '';
let port = 0;
let server: ChildProcess | undefined;
const running: ChildProcess[] = [];
const url = (): string => `redis://127.0.0.1:${port}`;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'folioscope-queue-'));
  port = await freePort();
  if (hasServer) await startServer();
});
afterAll(() => {
  for (const one of running) one.kill('SIGKILL');
  server?.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    listener.once('listening', resolve);
  });
  const address = listener.address();
  listener.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function startServer(): Promise<void> {
  const options = ['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--appendonly', 'yes'];
  server = spawn('redis-server', [...options, '--save', '', '--maxmemory-policy', 'noeviction'], { stdio: 'pipe' });
  await saysIn(server, /Ready to accept connections/i);
}

/** Waits until a process has printed what matches. */
async function saysIn(child: ChildProcess, pattern: RegExp): Promise<void> {
  let said = '';
  return new Promise((resolve, reject) => {
    const heard = (piece: Buffer): void => {
      said += piece.toString();
      if (pattern.test(said)) resolve();
    };
    child.stdout?.on('data', heard);
    child.stderr?.on('data', heard);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
}

function start(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [...COMMAND, ...args], { cwd: ROOT, stdio: 'pipe' });
  running.push(child);
  return child;
}

async function startWorker(jobs = 1): Promise<ChildProcess> {
  const worker = start(['worker', '--queue', url(), '--jobs', String(jobs)]);
  await saysIn(worker, /waits for questions/);
  return worker;
}

/** Number of questions that workers have at hand. */
const active = (): number =>
  Number(
    spawnSync('redis-cli', ['-p', String(port), 'llen', `bull:folioscope-${VERSION}:active`], { encoding: 'utf8' })
      .stdout,
  );

/** What a process prints, and its exit code. */
async function endOf(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (piece: Buffer) => (out += piece.toString()));
  child.stderr?.on('data', (piece: Buffer) => (err += piece.toString()));
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

withServer(`a queue${hasServer ? '' : ' (skipped: no redis-server here)'}`, () => {
  test('two workers, one of which is killed twice: byte for byte what one machine says', {
    timeout: 5 * MINUTES,
  }, async () => {
    const wrong = join(directory, 'wrong.yaml');
    writeFileSync(wrong, 'folioscope: scenario/1\nthreads: 7\n');
    const asked = ['check', '--all', ...FILES, wrong];
    const alone = folioscope(asked);
    expect(alone.status).toBe(65);
    await startWorker();
    const asking = start([...asked, '--queue', url()]);
    const answer = endOf(asking);
    const atHand: number[] = [];
    for (let kill = 0; kill < 2; kill++) {
      const other = await startWorker();
      while (active() < 2 && asking.exitCode === null) await nap(50);
      atHand.push(active());
      other.kill('SIGKILL');
      // Its question stays active until its lock has expired; then the next one to come has another.
      while (active() > 1 && asking.exitCode === null) await nap(200);
    }
    // Both times it had a question at hand.
    expect(atHand).toEqual([2, 2]);
    const { code, out, err } = await answer;
    expect({ code, out }).toEqual({ code: 65, out: alone.stdout });
    expect(err).toBe(alone.stderr);
    // Asked once more, the answers are there: no worker is needed.
    for (const one of running) one.kill('SIGKILL');
    const again = folioscope([...asked, '--queue', url()]);
    expect(again.stdout).toBe(alone.stdout);
    const few = ['check', '--all', FILES[0] ?? '', wrong, '--json'];
    const [queued, here] = [[...few, '--queue', url()], few].map((words) => folioscope(words));
    expect(queued).toEqual(here);
    // A file that is named twice is one question, and two lines.
    const twice = folioscope(['check', '--all', FILES[0] ?? '', FILES[0] ?? '', '--queue', url()]);
    expect([twice.status, twice.stdout.match(/^as expected/gm)?.length]).toEqual([0, 2]);
  });

  test('random walks in parts find what one machine finds, and count the same steps', {
    timeout: 5 * MINUTES,
  }, async () => {
    const worker = await startWorker(2);
    for (const [patch, status] of [
      ['baseline', 1],
      ['v6', 2],
    ] as const) {
      const asked = ['check', 'scenarios/SC-02-other-cpu.yaml', '--random', '1200', '--patch', patch, '--json'];
      const [queued, alone] = [folioscope([...asked, '--queue', url()]), folioscope(asked)];
      expect([queued.status, alone.status]).toEqual([status, status]);
      const [ours, theirs] = [queued, alone].map(({ stdout }) => JSON.parse(stdout) as Answered);
      const violated = ours?.properties.flatMap(({ property, verdict }) => (verdict === 'violated' ? [property] : []));
      expect(violated).toEqual(patch === 'baseline' ? ['I2'] : []);
      expect(ours?.walked.walks).toBe(1200);
      // Without a violation every walk is made to its end: the parts are the walks of one machine.
      if (patch === 'v6') expect(ours?.transitions).toBe(theirs?.transitions);
      // Different states do not add up: the largest part's number is what is certain.
      const states = theirs?.states ?? 0;
      expect([ours?.states, states > 0]).toEqual([0, true]);
      expect(ours?.statesAtLeast).toBeGreaterThan(0);
      if (patch === 'v6') expect(ours?.statesAtLeast).toBeLessThanOrEqual(states);
      const text = folioscope([...asked.slice(0, -1), '--queue', url()]).stdout.replaceAll(/\s+/g, ' ');
      if (patch === 'v6')
        expect(text).toContain(
          `at least ${ours?.statesAtLeast} different states (those of several machines do not add up)`,
        );
    }
    worker.kill('SIGINT');
  });

  test('Ctrl-C: what is answered is printed, the rest is taken back', { timeout: MINUTES }, async () => {
    const asking = start(['check', '--all', 'scenarios/SC-12-walker.yaml', '--most-states', '77', '--queue', url()]);
    const ended = endOf(asking);
    await nap(3000);
    asking.kill('SIGINT');
    const { code, out } = await ended;
    expect(code).toBe(2);
    expect(out).toContain('not run');
    const left = spawnSync('redis-cli', ['-p', String(port), 'keys', 'bull:*:wait'], { encoding: 'utf8' });
    expect(left.stdout.trim()).toBe('');
  });

  test('Ctrl-C ends a worker with 0, and its question goes back', { timeout: MINUTES }, async () => {
    const asking = start([
      'check',
      '--all',
      'scenarios/SC-23-two-inodes.yaml',
      '--exact',
      '--most-states',
      '400000',
      '--queue',
      url(),
    ]);
    const ended = endOf(asking);
    const worker = await startWorker();
    await nap(1500);
    const stopped = endOf(worker);
    worker.kill('SIGINT');
    expect((await stopped).code).toBe(0);
    asking.kill('SIGINT');
    expect((await ended).code).toBe(2);
  });

  test('a queue that goes away and comes back: nothing is lost', { timeout: 2 * MINUTES }, async () => {
    const asked = ['check', '--all', 'scenarios/SC-03-migrated.yaml'];
    const asking = start([...asked, '--queue', url()]);
    const ended = endOf(asking);
    await nap(2000);
    server?.kill('SIGTERM');
    await nap(1000);
    await startServer();
    const worker = await startWorker();
    const { code, out } = await ended;
    worker.kill('SIGINT');
    expect({ code, out }).toEqual({ code: 0, out: folioscope(asked).stdout });
  });

  test('Ctrl-C ends a worker whose queue is lost', { timeout: MINUTES }, async () => {
    const worker = await startWorker();
    server?.kill('SIGKILL');
    await saysIn(worker, /went away/);
    const ended = endOf(worker);
    worker.kill('SIGINT');
    expect((await ended).code).toBe(0);
    await startServer();
  });

  test('a queue with a password says so', { timeout: MINUTES }, () => {
    const redis = (...words: readonly string[]) => spawnSync('redis-cli', ['-p', String(port), ...words]);
    redis('config', 'set', 'requirepass', 'canary');
    const { status, stderr } = folioscope(['worker', '--queue', url()]);
    redis('-a', 'canary', 'config', 'set', 'requirepass', '');
    expect(status).toBe(69);
    expect(stderr).toMatch(/refuses the login: NOAUTH[^\n]*expected its password in the URL[^\n]*\n$/);
  });
});

interface Answered {
  readonly states: number;
  readonly statesAtLeast?: number;
  readonly walked: { readonly walks: number };
  readonly transitions: number;
  readonly properties: readonly { readonly property: string; readonly verdict: string }[];
}

test('no queue there: one line, exit 69', { timeout: MINUTES }, async () => {
  const none = `redis://127.0.0.1:${await freePort()}`;
  for (const args of [
    ['worker', '--queue', none],
    ['check', '--all', FILES[0] ?? '', '--queue', none],
  ]) {
    const { status, stdout, stderr } = folioscope(args);
    expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
    expect(stderr).toMatch(
      /^folioscope: no queue at redis:\/\/127\.0\.0\.1:\d+[^\n]*expected a Redis or Valkey server there[^\n]*\n$/,
    );
  }
});

test.each([
  [['check', 'scenarios/SC-02-other-cpu.yaml', '--queue', 'redis://127.0.0.1:1'], '--queue needs --all or --random'],
  [['check', '--all', '--shard', '1/2', '--queue', 'redis://127.0.0.1:1'], '--shard: not with --queue'],
  [['check', '--all', '--patch', './mine.ts', '--queue', 'redis://127.0.0.1:1'], 'takes forms by name'],
  [['check', '--all', '--queue', 'http://127.0.0.1'], 'Expected redis://HOST:PORT'],
  [['worker'], "required option '--queue <url>'"],
])('%j is refused', (args, why) => {
  const { status, stderr } = folioscope(args);
  expect(status).toBe(64);
  expect(stderr).toContain(why);
});

// SPDX-License-Identifier: MIT
// States in files when memory ends.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StoreFullError } from '../../src/check/index.ts';
import { SpillDirectory } from '../../src/cli/spill-directory.ts';
import { COMMAND, folioscope, ROOT } from './folioscope.ts';
import { validatorOf } from './schema.ts';

const PEER = 'scenarios/peer-protocol.yaml';
/** Many states in small levels: what was seen is most of it, and that can be put aside. */
const SIZE = [PEER, '--cpus', '2', '--folios', '6', '--patch', 'v6', '--exact'];
const LITTLE = [...SIZE, '--memory', '16'];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-spill-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const validate = validatorOf('check');

interface Answer {
  readonly states: number;
  readonly spilledBytes?: number;
}

function json(args: readonly string[], status: number): Answer {
  const told = folioscope(['check', ...args, '--json']);
  expect(told).toMatchObject({ status, stderr: '' });
  const answer = JSON.parse(told.stdout) as Answer;
  validate(answer);
  expect(validate.errors).toBeNull();
  return answer;
}

test('memory that is too little leaves it undecided; with --spill the answer is that of enough', () => {
  const directory = join(folder, 'made', 'here');
  const all = json(SIZE, 0);
  const few = json(LITTLE, 2);
  expect(few).toMatchObject({ verdict: 'undecided', reason: 'memory' });
  expect(few.states).toBeGreaterThan(0);
  expect(few.states).toBeLessThan(all.states);
  const { spilledBytes = 0, ...spilled } = json([...LITTLE, '--spill', directory], 0);
  const costs = { seconds: 0, peakMemoryBytes: 0 };
  expect({ ...spilled, ...costs }).toEqual({ ...all, ...costs });
  expect(all).toMatchObject({ verdict: 'holds', states: 1_822_347, transitions: 4_751_703, depth: 73 });
  expect(spilledBytes).toBeGreaterThan(2 ** 20);
  expect(existsSync(directory)).toBe(false);
});

test('the report says how much was put aside, and what to do where memory has ended', () => {
  const told = folioscope(['check', ...LITTLE, '--spill', folder]);
  expect(told).toMatchObject({ status: 0, stderr: '' });
  expect(told.stdout).toMatch(/explored: 1 822 347 states, [^]*, \d+ MiB put\s+aside in files\n/);
  expect(readdirSync(folder)).toEqual([]);
  const without = folioscope(['check', ...SIZE, '--memory', '14']);
  expect(without.status).toBe(2);
  expect(without.stdout).toContain(
    'v6: UNDECIDED: memory is used up (--memory); with --spill DIR the search\n  continues in files\n',
  );
  const levels = folioscope(['check', ...SIZE, '--memory', '14', '--spill', folder]);
  expect(levels.status).toBe(2);
  expect(levels.stdout).toMatch(
    /v6: UNDECIDED: memory is used up by the levels that --spill keeps in\s+memory\s+\(--memory\)\n/,
  );
  for (const { stdout } of [told, without, levels])
    expect(stdout.split('\n').every((line) => line.length <= 75)).toBe(true);
});

test('a file that may not be as large as it has to be ends it with what is known', () => {
  const limited = ['-c', 'ulimit -f 1; exec "$@"', 'bash', process.execPath, ...COMMAND];
  const args = ['check', ...LITTLE, '--spill', folder];
  const { status, stdout, stderr } = spawnSync('bash', [...limited, ...args], { cwd: ROOT, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: `folioscope: ${folder} cannot be written: the file is too large\n`,
  });
  expect(stdout).toContain('v6: UNDECIDED: the states cannot be written to files (--spill)\n');
  expect(stdout).toMatch(/explored: \d+ \d+ states/);
  expect(readdirSync(folder)).toEqual([]);
});

test('a directory that cannot be written any more, full or not, ends it likewise', () => {
  const told: string[] = [];
  const directory = join(folder, 'states');
  const spill = new SpillDirectory(directory, (why) => told.push(why));
  spill.write('seen-0-1', [Uint8Array.of(1)]);
  // Nobody, not even root, writes a file where a directory is.
  mkdirSync(join(directory, 'seen-0-2'));
  const message = `${directory} cannot be written: is a directory`;
  expect(() => spill.write('seen-0-2', [Uint8Array.of(2)])).toThrow(new StoreFullError(message));
  expect(told).toEqual([message]);
  // What cannot be removed does not take the answer away.
  expect(() => spill.close()).not.toThrow();
  expect(told[1]).toContain(`${directory} cannot be removed: `);
});

test('Ctrl-C ends it with what is known, and removes the files', { timeout: 60_000 }, async () => {
  const directory = join(folder, 'states');
  const large = [PEER, '--cpus', '4', '--folios', '4', '--patch', 'v6', '--exact', '--memory', '48'];
  const child = spawn(process.execPath, [...COMMAND, 'check', ...large, '--spill', directory], { cwd: ROOT });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = once(child, 'close');
  while (child.exitCode === null && !existsSync(join(directory, 'seen-0-63'))) await sleep(5);
  child.kill('SIGINT');
  await ended;
  expect(child.exitCode).toBe(2);
  expect(output).toContain('v6: UNDECIDED: interrupted\n  no violation so far; explored: ');
  expect(existsSync(directory)).toBe(false);
});

test('what a process that was killed has left is removed, what is not ours is not touched', () => {
  const small = ['check', 'scenarios/SC-02-other-cpu.yaml', '--patch', 'v6'];
  const of = (directory: string, ...more: readonly string[]) => folioscope([...small, '--spill', directory, ...more]);
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(join(folder, 'folioscope-spill'), String(pid));
  writeFileSync(join(folder, 'seen-0-7'), 'left');
  expect(of(folder)).toMatchObject({ status: 0, stderr: '' });
  expect(readdirSync(folder)).toEqual([]);

  const [used, full, file] = ['used', 'full', 'file'].map((name) => join(folder, name)) as [string, string, string];
  mkdirSync(used);
  writeFileSync(join(used, 'folioscope-spill'), String(process.pid));
  mkdirSync(full);
  writeFileSync(join(full, 'seen-0-7'), '');
  writeFileSync(file, '');
  for (const [args, message] of [
    [[used], `${used} is in use by process ${process.pid}: name another directory for --spill`],
    [[full], `${full} holds other files: name an empty directory, or a new one, for --spill`],
    [[file], `${file}: not a directory; --spill needs one`],
    [[join(file, 'below')], `${file}/below: cannot be used by --spill: a component of the path is not a directory`],
    [[folder, '--workers', '2'], '--spill does not go with --workers: it needs a search on one thread'],
    [[folder, '--depth-first'], "cannot be used with option '--depth-first'"],
    [[folder, '--hash-compaction'], "cannot be used with option '--hash-compaction'"],
    [[folder, '--checkpoint', 'kept'], "cannot be used with option '--checkpoint <dir>'"],
  ] as const) {
    const told = of(...(args as readonly [string, ...string[]]));
    expect(told).toMatchObject({ status: 64, stdout: '' });
    expect(told.stderr).toContain(message);
    expect(told.stderr.split('\n')).toHaveLength(2);
  }
  expect(readdirSync(full)).toEqual(['seen-0-7']);
});

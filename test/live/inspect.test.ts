// SPDX-License-Identifier: MIT
// What inspect says of a guest_memfd of this very process.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Cpus } from '../../src/live/cpus.ts';
import { Inspector } from '../../src/live/inspect.ts';
import { GuestMemory, Vm } from '../../src/live/kvm.ts';
import { loadNative } from '../../src/live/native.ts';
import { DRGN_SCRIPT } from '../../src/report/index.ts';
import { COMMAND, folioscope, ROOT } from '../cli/folioscope.ts';
import { validatorOf } from '../cli/schema.ts';
import { lackingGuestMemfd, lackingTracefs, TRACEFS } from './machine.ts';

const why = await lackingGuestMemfd();
const self = ['--pid', String(process.pid)];

describe('a guest_memfd of this process', () => {
  let memory: GuestMemory;
  let cpus: Cpus;
  let closing: (() => void)[] = [];
  beforeEach(async ({ skip }) => {
    if (why !== undefined) skip(why);
    const native = await loadNative();
    const vm = new Vm(native);
    memory = new GuestMemory(native, vm, 8, 3n);
    cpus = new Cpus(native);
    closing = [() => vm.close(), () => memory.close(), () => cpus.close()];
  });
  afterEach(() => {
    for (const close of closing.toReversed()) close();
    closing = [];
  });
  const key = (): string => `0x${fstatSync(memory.fd, { bigint: true }).ino.toString(16)}`;

  test('is found with its size, descriptor and mapping; drained pages are safe', () => {
    memory.touch(0, 3);
    cpus.drain(cpus.allowed);
    const { status, stdout } = folioscope(['inspect', ...self]);
    expect(stdout).toMatch(/^safe as far as procfs shows: a conversion of 0:\d+:0x/);
    expect(stdout).toContain(`:${key()}: 8 pages long, 3 in the page cache, 3 mapped, 0 in a batch`);
    expect(stdout.replaceAll(/\n +/g, ' ')).toContain(`(pid ${process.pid}), fd ${memory.fd}`);
    expect(stdout).toContain('pages 0..8');
    expect(stdout.split('\n').every((line) => line.length <= 75)).toBe(true);
    expect(status).toBe(0);
  });

  test('pages that are not mapped leave it undecided', () => {
    memory.touch(0, 1);
    memory.allocate(4, 2);
    cpus.drain(cpus.allowed);
    const { status, stdout } = folioscope(['inspect', ...self]);
    expect(stdout).toContain('2 pages are not');
    expect(status).toBe(2);
  });

  test('as JSON, by its schema', () => {
    memory.touch(0, 2);
    const { stdout } = folioscope(['inspect', ...self, '--json']);
    const document: unknown = JSON.parse(stdout);
    const validate = validatorOf('inspect');
    expect([validate(document), validate.errors]).toEqual([true, null]);
    expect(document).toMatchObject({ inodes: [{ ino: key(), pages: 8, cached: 2, mapped: 2 }] });
  });

  test('pages in a batch are named, with the CPU that touched them while it watched', async ({ skip }) => {
    if (cpus.allowed.length < 2) skip('this process has one CPU');
    const noTrace = lackingTracefs();
    if (noTrace !== undefined) skip(noTrace);
    const inspector = await Inspector.start({ pids: [process.pid], watch: true });
    closing.push(() => inspector.close());
    const [toucher = 0] = cpus.allowed;
    const seen = new Set<string>();
    // Other work flushes the same batch; each round has a good chance.
    for (let round = 0; round < 200 && !seen.has(`refused 0,1 of CPU ${toucher}`); round++) {
      memory.punch(0, 2);
      cpus.moveTo(toucher);
      memory.touch(0, 2);
      cpus.moveTo(cpus.allowed.at(-1) ?? 0);
      const [inode] = inspector.look().inodes;
      const of = new Set(inode?.waiting.map(({ cpu }) => cpu));
      seen.add(
        `${inode?.verdict.verdict} ${inode?.waiting.map(({ index }) => index).join(',')} of CPU ${[...of].join(',')}`,
      );
    }
    expect([...seen]).toContain(`refused 0,1 of CPU ${toucher}`);
    // Only a CPU that was seen is ever named.
    expect([...seen].filter((row) => !/ of CPU (?:0|)$/.test(row) && toucher === 0)).toEqual([]);
  });

  test('--watch prints changes until Ctrl-C, and leaves no instance', async () => {
    memory.touch(0, 1);
    const child = spawn(process.execPath, [...COMMAND, 'inspect', ...self, '--watch', '0.05'], { cwd: ROOT });
    let out = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    await once(child.stdout, 'data');
    memory.touch(1, 2);
    while (!out.includes(': 3 mapped')) await once(child.stdout, 'data');
    const closed = once(child, 'close');
    child.kill('SIGINT');
    expect([0, 1]).toContain((await closed)[0]);
    if (TRACEFS !== undefined)
      expect(readdirSync(`${TRACEFS}/instances`).filter((name) => name.includes(`-${child.pid}-`))).toEqual([]);
  });
});

test('without a guest_memfd it says so, and what it looked at', ({ skip }) => {
  if (why !== undefined) skip(why);
  const { status, stdout } = folioscope(['inspect', ...self]);
  expect(stdout.replaceAll(/\n */g, ' ')).toContain('no guest_memfd: none of 1 process has a file');
  expect(stdout).toContain('looked at: /proc/PID/fd');
  expect(status).toBe(0);
});

test('the drgn script is Python', ({ skip }) => {
  const { stdout, status } = folioscope(['inspect', '--drgn']);
  expect({ stdout, status }).toEqual({ stdout: DRGN_SCRIPT, status: 0 });
  const { error, stderr } = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
    input: stdout,
    encoding: 'utf8',
  });
  if (error !== undefined) skip('this machine lacks python3');
  expect(stderr).toBe('');
});

test.each([
  [['--pid', '0'], 'Expected the number of a process'],
  [['--watch', '0'], 'Expected seconds'],
  [['--all', '--pid', '1'], 'exclude each other'],
])('%j is an error of usage', (args, message) => {
  expect(folioscope(['inspect', ...args])).toMatchObject({ status: 64, stderr: expect.stringContaining(message) });
});

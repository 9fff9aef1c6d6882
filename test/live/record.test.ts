// SPDX-License-Identifier: MIT
// Recordings of this machine, held against trace-cmd and the kernel's own counts.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { GuestMemory, Vm } from '../../src/live/kvm.ts';
import { Cpus } from '../../src/live/cpus.ts';
import { loadNative } from '../../src/live/native.ts';
import { Recorder } from '../../src/live/recorder.ts';
import { removeDead } from '../../src/live/tracefs.ts';
import { COMMAND, folioscope, ROOT } from '../cli/folioscope.ts';
import { validatorOf } from '../cli/schema.ts';
import { lacking } from '../needs.ts';
import { lackingGuestMemfd, lackingTracefs, TRACEFS } from './machine.ts';

const why = lackingTracefs() ?? (await lackingGuestMemfd());
const tracefs = TRACEFS ?? '';
const folder = mkdtempSync(join(tmpdir(), 'folioscope-record-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ours = (): readonly string[] =>
  readdirSync(`${tracefs}/instances`).filter((name) => name.startsWith(`folioscope-${process.pid}-`));
const descriptors = (): number => readdirSync('/proc/self/fd').length;
const report = (file: string): readonly string[] =>
  execFileSync('trace-cmd', ['report', file], {
    encoding: 'latin1',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .split('\n')
    .filter((line) => /\[\d+\]/.test(line));
/** Of each CPU the events in order, without the times: two buffers take them one after the other. */
const byCpu = (lines: readonly string[]): Readonly<Record<string, readonly string[]>> => {
  const found: Record<string, string[]> = {};
  for (const line of lines) {
    const [, cpu = '', rest = ''] = /\[(\d+)\] +[\d.]+: +(.*)$/.exec(line) ?? [];
    (found[cpu] ??= []).push(rest.trimEnd());
  }
  return found;
};

/** Touches and frees pages of a guest_memfd on each CPU. @returns its inode, as events have it. */
async function work(rounds: number): Promise<string> {
  const native = await loadNative();
  const vm = new Vm(native);
  const memory = new GuestMemory(native, vm, 64, 3n);
  const inode = fstatSync(memory.fd, { bigint: true }).ino.toString(16);
  const cpus = new Cpus(native);
  for (let round = 0; round < rounds; round++) {
    cpus.moveTo(cpus.allowed[round % cpus.allowed.length] ?? 0);
    memory.touch(0, 64);
    memory.punch(0, 64);
  }
  cpus.close();
  memory.close();
  vm.close();
  return inode;
}

describe('a recorder', () => {
  test("has the events of trace-cmd's own extraction, and all that the kernel counts", async ({ skip }) => {
    if (why !== undefined) skip(why);
    if (lacking('trace-cmd') !== undefined) skip(lacking('trace-cmd'));
    const before = descriptors();
    const topOn = readFileSync(`${tracefs}/tracing_on`, 'utf8');
    // A second buffer with the same events and filters, which trace-cmd reads.
    const name = `folioscope-${process.pid}-peer`;
    const peer = `${tracefs}/instances/${name}`;
    mkdirSync(peer);
    const keeper = openSync(`${peer}/trace_marker`, 'w');
    const native = await loadNative();
    const recorder = new Recorder(native, tracefs, {
      events: 'minimal',
      limit: 1 << 24,
      ringKilobytes: 4096,
      version: '0',
    });
    const file = join(folder, 'ours.dat');
    try {
      writeFileSync(`${peer}/buffer_size_kb`, '4096');
      const dev = /s_dev == (\d+)/.exec(
        readFileSync(
          `${recorder.marker.replace('/trace_marker', '')}/events/filemap/mm_filemap_add_to_page_cache/filter`,
          'utf8',
        ),
      )?.[1];
      for (const event of ['add_to', 'delete_from']) {
        writeFileSync(`${peer}/events/filemap/mm_filemap_${event}_page_cache/filter`, `s_dev == ${dev}`);
        writeFileSync(`${peer}/events/filemap/mm_filemap_${event}_page_cache/enable`, '1');
      }
      const inode = await work(60);
      writeFileSync(`${peer}/tracing_on`, '0');
      recorder.stop();
      const recorded = recorder.write(file);
      execFileSync('trace-cmd', ['extract', '-B', name, '-o', join(folder, 'theirs.dat')], { stdio: 'ignore' });
      const mine = report(file);
      // Others may use guest_memfd between the two starts.
      const isOurs = (line: string): boolean => line.includes('page_cache:') && line.includes(` ino ${inode} `);
      const theirs = byCpu(report(join(folder, 'theirs.dat')).filter(isOurs));
      expect(byCpu(mine.filter(isOurs))).toEqual(theirs);
      expect(Object.values(theirs).flat().length).toBeGreaterThanOrEqual(2 * 60 * 64);
      expect(recorded.cpus.reduce((sum, { events }) => sum + events, 0)).toBe(mine.length);
      expect(recorded.cpus.map(({ lost, dropped }) => [lost, dropped])).toEqual(
        recorded.cpus.map(() => [0, undefined]),
      );
    } finally {
      recorder.close();
      closeSync(keeper);
      rmdirSync(peer);
    }
    expect(readFileSync(`${tracefs}/tracing_on`, 'utf8')).toBe(topOn);
    expect(descriptors() - before).toBeLessThanOrEqual(1);
    expect(ours()).toEqual([]);
  });

  test('keeps its bound, and says what it dropped', async ({ skip }) => {
    if (why !== undefined) skip(why);
    const native = await loadNative();
    const options = { events: 'minimal', limit: 40_000, ringKilobytes: 4096, version: '0' } as const;
    const recorder = new Recorder(native, tracefs, options);
    const file = join(folder, 'bound.dat');
    const instance = recorder.marker.replace('/trace_marker', '');
    try {
      await work(100);
      recorder.stop();
      const { cpus } = recorder.write(file);
      const read = cpus.map(({ cpu }) =>
        Number(/read events: (\d+)/.exec(readFileSync(`${instance}/per_cpu/cpu${cpu}/stats`, 'utf8'))?.[1]),
      );
      expect(cpus.map(({ events, dropped }) => events + (dropped?.events ?? 0))).toEqual(read);
      expect(cpus.reduce((sum, { pages }) => sum + pages, 0)).toBeLessThanOrEqual(9);
      expect(cpus.some(({ dropped }) => (dropped?.events ?? 0) > 0)).toBe(true);
      const { stdout } = folioscope(['explain', '--json', file]);
      const { trace } = JSON.parse(stdout) as { trace: { lost: { cpu: number; events: number | null }[] } };
      for (const { cpu, dropped } of cpus)
        if (dropped !== undefined)
          expect([dropped.events, null]).toContain(trace.lost.find((one) => one.cpu === cpu)?.events);
    } finally {
      recorder.close();
    }
    expect(ours()).toEqual([]);
  });

  test('says what a full ring buffer lost', async ({ skip }) => {
    if (why !== undefined) skip(why);
    const native = await loadNative();
    const options = { events: 'minimal', limit: 1 << 24, ringKilobytes: 64, version: '0' } as const;
    const recorder = new Recorder(native, tracefs, options);
    const instance = recorder.marker.replace('/trace_marker', '');
    try {
      // Nobody polls meanwhile.
      await work(100);
      recorder.stop();
      const { cpus } = recorder.write(join(folder, 'lost.dat'));
      const overrun = cpus.map(({ cpu }) =>
        Number(/overrun: (\d+)/.exec(readFileSync(`${instance}/per_cpu/cpu${cpu}/stats`, 'utf8'))?.[1]),
      );
      expect(cpus.map(({ lost }) => lost)).toEqual(overrun);
      expect(Math.max(...overrun)).toBeGreaterThan(1000);
    } finally {
      recorder.close();
    }
  });
});

describe('folioscope record', () => {
  const record = (args: readonly string[]) => folioscope(['record', '-o', join(folder, 'cli.dat'), ...args]);

  test('records a command, passes its status on, and explains', ({ skip }) => {
    if (why !== undefined) skip(why);
    const { status, stdout, stderr } = record(['--', 'sh', '-c', 'echo here > $FOLIOSCOPE_TRACE_MARKER; exit 7']);
    expect(stderr).toBe("folioscope: recording minimal events; until 'sh' ends\n");
    expect(stdout).toMatch(/^recorded \d+ events of \d+ CPUs? in \d\.\d\d s to\s/);
    expect(stdout).toContain('the command ended with 7\n');
    expect(stdout).toContain('folioscope explain ');
    expect(status).toBe(7);
  });

  test('a time is enough', ({ skip }) => {
    if (why !== undefined) skip(why);
    const { status, stdout } = record(['--for', '200ms', '--json']);
    expect([0, 1, 2]).toContain(status);
    const validate = validatorOf('record');
    const document = JSON.parse(stdout) as { status: number | null };
    expect([validate(document), validate.errors, document.status]).toEqual([true, null, null]);
  });

  test('full events have the drains, by the name of their function', ({ skip }) => {
    if (why !== undefined) skip(why);
    const { stdout } = record(['--events', 'full', '--for', '300ms', '--json']);
    const { events } = JSON.parse(stdout) as { events: string[] };
    expect(events).toContain('workqueue/workqueue_execute_start');
  });

  test('fails where a page that only a batch holds would be refused, and not where it is drained', ({ skip }) => {
    if (why !== undefined) skip(why);
    const args = ['--quiet-if-well', '--fail-on', 'spurious', '--', process.execPath, ...COMMAND, 'demo'];
    const { status, stdout } = record(args);
    // The demonstration marks a moment just after its touch; on a busy machine the batch may be flushed before that.
    if (stdout.includes('refused without a drain')) expect(status).toBe(1);
    else expect([0, 2]).toContain(status);
    const quiet = record(['--quiet-if-well', '--fail-on', 'spurious', '--', 'true']);
    expect(quiet).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  // Failed while insertions to the inactive file list were filtered out: pages that are punched while they wait go there.
  test('is a behaviour of the model, with pages that left the page cache while they waited', ({ skip }) => {
    if (why !== undefined) skip(why);
    record(['--quiet-if-well', '--', process.execPath, ...COMMAND, 'demo']);
    const { status, stdout } = folioscope(['conform', join(folder, 'cli.dat')]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/: conforms: /) });
  });

  // Failed while insertions to the active file list were filtered out: such a page that had been used twice goes there.
  test('is a behaviour of the model, with pages that were used before they left', ({ skip }) => {
    if (why !== undefined) skip(why);
    const program = [process.execPath, '--import', import.meta.resolve('tsx'), join(ROOT, 'bench/recorded-work.ts')];
    expect(record(['--quiet-if-well', '--', ...program, 'few-faults', 'none', '0.3', '1']).stdout).toBe('');
    const { status, stdout } = folioscope(['conform', join(folder, 'cli.dat')]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/: conforms: /) });
  });

  test.each([
    [['--for', 'soon'], 'Expected a time'],
    [['--limit', '0'], 'Expected a number of MiB'],
    [['--', './no-such-command'], './no-such-command: cannot be run: spawn ./no-such-command ENOENT'],
    [['--events', 'all'], 'Allowed choices are minimal, full, page-ref'],
  ])('%j is an error of usage', (args, message) => {
    const { status, stderr } = record(args);
    if (status === 69) return;
    expect({ status, stderr }).toEqual({ status: 64, stderr: expect.stringContaining(message) });
  });

  test('a file that cannot be written is said before anything runs', ({ skip }) => {
    if (why !== undefined) skip(why);
    const ran = join(folder, 'ran');
    const { status, stderr } = folioscope(['record', '-o', '/proc/no/such', '--', 'touch', ran]);
    expect(existsSync(ran)).toBe(false);
    expect({ status, stderr }).toEqual({
      status: 65,
      stderr: expect.stringContaining('/proc/no/such: cannot be written'),
    });
  });

  test('an instance of a killed recorder is gone after the next start', async ({ skip }) => {
    if (why !== undefined) skip(why);
    const child = spawn(process.execPath, [...COMMAND, 'record', '-o', join(folder, 'killed.dat')], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await once(child.stderr, 'data');
    const left = (): readonly string[] =>
      readdirSync(`${tracefs}/instances`).filter((name) => name.startsWith(`folioscope-${child.pid}-`));
    expect(left()).toHaveLength(1);
    // As long as it lives, it stays.
    expect(removeDead(tracefs).alive).toEqual(expect.arrayContaining([...left()]));
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    expect(left()).toHaveLength(1);
    const { stdout } = record(['--for', '10ms']);
    expect(left()).toEqual([]);
    expect(stdout.replaceAll(/\n {2}/g, ' ')).toContain(`folioscope-${child.pid}-record-0`);
    expect(existsSync(join(folder, 'killed.dat'))).toBe(false);
  });

  test('Ctrl-C ends it with an answer', async ({ skip }) => {
    if (why !== undefined) skip(why);
    const child = spawn(process.execPath, [...COMMAND, 'record', '-o', join(folder, 'interrupted.dat')], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    await once(child.stderr, 'data');
    const closed = once(child, 'close');
    child.kill('SIGINT');
    expect([0, 1, 2]).toContain((await closed)[0]);
    expect(out).toContain('recorded ');
  });
});

test('a user without rights gets one line and 69', ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root becomes another user');
  const args = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, ...COMMAND, 'record'];
  const { status, stdout, stderr } = spawnSync('setpriv', args, { cwd: ROOT, encoding: 'utf8' });
  if (status === null || status === 126 || status === 127)
    skip('setpriv is missing, or the other user may not run node');
  expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
  expect(stderr).toMatch(/^folioscope: .*; to get it: .*\n$/);
});

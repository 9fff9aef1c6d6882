// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPerfetto } from '../support/perfetto-trace.ts';
import { COMMAND, folioscope, ROOT } from './folioscope.ts';

const TWO_CPU = 'examples/two-cpu.dat';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-perfetto-'));
  file = join(folder, 'two-cpu.pftrace');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('export --perfetto', () => {
  test('writes the file, a line about it, and what is not exact', () => {
    const { status, stdout, stderr } = folioscope(['export', TWO_CPU, '--perfetto', file]);
    expect(status).toBe(0);
    const { packets } = readPerfetto(readFileSync(file));
    expect(stdout).toBe(`401 events in ${packets.length} packets  ${file}\n`);
    expect(stderr).toMatch(/^folioscope: examples\/two-cpu\.dat: its clock 'local' is taken as CLOCK_BOOTTIME: .*\n$/);
    expect(readdirSync(folder)).toEqual(['two-cpu.pftrace']);
  });

  test('writes the same to standard output', () => {
    folioscope(['export', TWO_CPU, '--perfetto', file]);
    const { stdout, status } = spawnSync(process.execPath, [...COMMAND, 'export', TWO_CPU, '--perfetto', '-'], {
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(status).toBe(0);
    expect(stdout.equals(readFileSync(file))).toBe(true);
  });

  test('knows a recording by its content, whatever its name', () => {
    const scenario = join(folder, 'scenario.yaml');
    writeFileSync(scenario, readFileSync(join(ROOT, 'examples/two-cpu.txt')));
    expect(folioscope(['export', scenario, '--perfetto', file]).status).toBe(0);
    expect(readPerfetto(readFileSync(file)).tracks.some(({ is }) => is === 'state')).toBe(true);
  });

  test('of a damaged recording writes what can be read, and says so', () => {
    const copy = join(folder, 'trace.dat');
    writeFileSync(copy, readFileSync(join(ROOT, 'test/recordings/odd_v7_zstd.dat')));
    truncateSync(copy, 1_400_000);
    const { status, stderr } = folioscope(['export', copy, '--perfetto', file]);
    expect(status).toBe(2);
    expect(stderr).toContain(`folioscope: ${copy}: byte`);
    expect(readPerfetto(readFileSync(file)).packets.length).toBeGreaterThan(10);
  });

  test('replaces a file, also through a link, and only by a whole one', () => {
    const link = join(folder, 'link');
    writeFileSync(file, 'before');
    symlinkSync(file, link);
    expect(folioscope(['export', 'README.md', '--perfetto', link]).status).toBe(65);
    expect(readFileSync(file, 'utf8')).toBe('before');
    expect(folioscope(['export', TWO_CPU, '--perfetto', link]).status).toBe(0);
    expect(readPerfetto(readFileSync(file)).packets.length).toBeGreaterThan(10);
    expect(readdirSync(folder).toSorted()).toEqual(['link', 'two-cpu.pftrace']);
  });

  test('replaces the names of tasks with --redact', () => {
    expect(folioscope(['export', TWO_CPU, '--redact', '--perfetto', file]).status).toBe(0);
    const { packets } = readPerfetto(readFileSync(file));
    const names = packets.flatMap(({ rename }) => (rename === undefined ? [] : [rename.comm]));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !/^(?:task\d+|kworker\/u?\d+:\d+H?|swapper\/\d+)$/.test(name))).toEqual([]);
  });

  test.each([
    [['README.md', '--perfetto', 'FILE'], 65, /README\.md: .*expected a trace\.dat/],
    [['scenarios/SC-02-other-cpu.yaml', '--perfetto', 'FILE'], 65, /SC-02-other-cpu\.yaml: /],
    [['-', '--perfetto', 'FILE'], 64, /standard input|^folioscope: -: is read more than once/],
    [[TWO_CPU, TWO_CPU, '--perfetto', 'FILE'], 64, /expected one file/],
    [[TWO_CPU, '--perfetto', 'FILE', '--buffer', 'none'], 64, /none/],
    [[TWO_CPU, '--perfetto', 'FILE', '--patch', 'v6'], 64, /--perfetto takes a recording/],
    [[TWO_CPU, '--perfetto', 'FILE', '--promela'], 64, /expected one of/],
    [['scenarios/SC-02-other-cpu.yaml', '--c', '-', '--redact'], 64, /--redact goes with/],
    [[TWO_CPU, '--perfetto', 'README.md/x'], 64, /README\.md\/x: cannot be written/],
  ] as const)('%j is one line on standard error, and nothing is left', (args, code, message) => {
    const { status, stdout, stderr } = folioscope(['export', ...args.map((arg) => (arg === 'FILE' ? file : arg))]);
    expect({ status, stdout }).toEqual({ status: code, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s leaves no part of the file', async (signal) => {
    const long = join(folder, 'long.txt');
    writeFileSync(long, longText(400_000));
    const exporting = spawn(process.execPath, [...COMMAND, 'export', long, '--perfetto', file], { cwd: ROOT });
    const over = once(exporting, 'exit');
    while (!readdirSync(folder).some((name) => name.includes('unfinished')) && exporting.exitCode === null)
      await sleep(10);
    exporting.kill(signal);
    const [code, by] = (await over) as [number | null, string | null];
    expect({ code, by }).toEqual({ code: null, by: signal });
    expect(readdirSync(folder)).toEqual(['long.txt']);
  });
});

function longText(lines: number): string {
  const head = `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${lines}/${lines}   #P:2\n#\n`;
  const line = (nth: number): string =>
    ` vmm-1000 [001] ..... ${1 + Math.floor(nth / 1e6)}.${String(nth % 1e6).padStart(6, '0')}: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x${nth.toString(16)} ofs=${nth * 4096} order=0\n`;
  return head + Array.from({ length: lines }, (_, nth) => line(nth)).join('');
}

// SPDX-License-Identifier: MIT
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folioscope } from './folioscope.ts';

const TWO_CPU = 'examples/two-cpu.dat';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-parquet-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const files = (): readonly string[] =>
  readdirSync(join(folder, 'tables'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.parquet') || file.includes('unfinished'))
    .toSorted();

const read = async (file: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const bytes = readFileSync(join(folder, 'tables', file));
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return parquetReadObjects({ file: buffer });
};

const exported = (...args: readonly string[]) => folioscope(['export', ...args, '--parquet', join(folder, 'tables')]);

/** A recording here of a day that is known. */
function copyOf(file: string): string {
  const copy = join(folder, 'trace.dat');
  writeFileSync(copy, readFileSync(file));
  utimesSync(copy, new Date('2026-05-04T12:00:00Z'), new Date('2026-05-04T12:00:00Z'));
  return copy;
}

describe('export --parquet', () => {
  test('writes each table by host and day, and again in the same place', async () => {
    const copy = copyOf(TWO_CPU);
    const { status, stdout, stderr } = exported(copy);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const root = join(folder, 'tables');
    expect(stdout).toBe(
      [
        `  1 rows  ${root}/recordings`,
        `401 rows  ${root}/events`,
        `  1 rows  ${root}/inodes`,
        `100 rows  ${root}/folios`,
        `200 rows  ${root}/holdings`,
        `  0 rows  ${root}/drains`,
        `  0 rows  ${root}/conversions`,
        `  0 rows  ${root}/losses`,
        '',
      ].join('\n'),
    );
    const first = files();
    expect(first).toHaveLength(8);
    const events = first.find((file) => file.startsWith('events')) ?? '';
    expect(events).toMatch(/^events\/host=vm\/day=2026-05-04\/trace\.dat-[\da-f]{8}\.parquet$/);
    const rows = await read(events);
    expect(rows).toHaveLength(401);
    expect(rows[0]).toMatchObject({ recording: copy, nr: 0n, system: 'filemap' });
    expect(exported(copy).status).toBe(0);
    expect(files()).toEqual(first);
  });

  test('takes recordings of several hosts, whose names may be given', () => {
    const { status, stdout } = exported(
      `a.example=${TWO_CPU}`,
      'b=test/recordings/random-1.txt',
      'examples/two-cpu.txt',
    );
    expect({ status, rows: stdout.split('\n')[0]?.trim() }).toMatchObject({
      status: 0,
      rows: expect.stringMatching(/^3 rows/),
    });
    const hosts = new Set(files().map((file) => file.split('/')[1]));
    expect(hosts).toEqual(new Set(['host=a.example', 'host=b', 'host=unknown']));
  });

  test('takes the day from the first event if the clock is the calendar’s', () => {
    const file = join(folder, 'trace.txt');
    const line =
      ' vmm-1000 [001] ..... 1777896000.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0\n';
    writeFileSync(file, `# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1   #P:2\n#\n${line}`);
    expect(exported(file).status).toBe(0);
    expect(new Set(files().map((name) => name.split('/')[2]))).toEqual(new Set(['day=2026-05-04']));
  });

  test('of a damaged recording writes what can be read, and says so', () => {
    const copy = copyOf('test/recordings/odd_v7_zstd.dat');
    truncateSync(copy, 1_400_000);
    const { status, stdout, stderr } = exported(copy);
    expect(status).toBe(2);
    expect(stderr).toContain(`folioscope: ${copy}: byte`);
    expect(stdout).toMatch(/\d+ rows {2}\S+\/events/);
  });

  test('leaves nothing behind where the input is no recording', () => {
    const { status, stdout, stderr } = exported('README.md');
    expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
    expect(stderr).toMatch(/^folioscope: README\.md: .*\n$/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('an empty file is no recording', () => {
    const empty = join(folder, 'empty.dat');
    writeFileSync(empty, '');
    const { status, stdout, stderr } = exported(empty);
    expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
    expect(stderr).toContain('empty.dat: is empty');
    rmSync(empty);
  });

  test.each([
    [['-'], 64, /standard input|^folioscope: -: is read more than once/],
    [[TWO_CPU, '--buffer', 'none'], 64, /no buffer 'none'|none/],
    [[TWO_CPU, '--patch', 'v6'], 64, /--parquet takes recordings/],
    [['no-such-file'], 65, /no-such-file: cannot be read: no such file or directory/],
  ] as const)('%j is one line on standard error', (args, code, message) => {
    const { status, stdout, stderr } = exported(...args);
    expect({ status, stdout }).toEqual({ status: code, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('says which folder cannot be written', () => {
    const { status, stderr } = folioscope(['export', TWO_CPU, '--parquet', 'README.md/tables']);
    expect(status).toBe(64);
    expect(stderr).toMatch(/^folioscope: README\.md\/tables: cannot be written: .*\n$/);
  });
});

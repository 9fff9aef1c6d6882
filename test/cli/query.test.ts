// SPDX-License-Identifier: MIT
// Questions in SQL. docs/query.md has ten worked ones, which test/readme.test.ts asks.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folioscope } from './folioscope.ts';
import { validatorOf } from './schema.ts';

const TWO_CPU = 'examples/two-cpu.dat';
const hasDuckdb = await import('@duckdb/node-api').then(
  () => true,
  () => false,
);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-asked-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** With temporary files in a folder of the test. */
const query = (...args: readonly string[]) => folioscope(['query', ...args], { env: { TMPDIR: folder } });

describe.skipIf(!hasDuckdb)('query', () => {
  test('prints a table, and leaves no temporary file', () => {
    const { status, stdout, stderr } = query(TWO_CPU, 'SELECT kind, dev, ino, fd FROM inodes');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(
      'kind         dev   ino        fd\n-----------  ----  -------  ----\nguest_memfd  0:16  0x2a05b  NULL\n1 row\n',
    );
    expect(readdirSync(folder).filter((name) => name.startsWith('folioscope'))).toEqual([]);
  });

  test('prints CSV and JSON', () => {
    const sql =
      'SELECT task, count(*) AS n, max(waited_ns) / 1e3 AS us, NULL AS nothing, \'a "b", c\' AS text FROM folios GROUP BY task';
    expect(query('--csv', TWO_CPU, sql).stdout).toBe(
      'task,n,us,nothing,text\ngmem-workload,100,688.417,,"a ""b"", c"\n',
    );
    const { stdout } = query('--json', TWO_CPU, sql);
    const document: unknown = JSON.parse(stdout);
    const isValid = validatorOf('query');
    expect(isValid(document) ? undefined : isValid.errors).toBeUndefined();
    expect(document).toMatchObject({
      schema: 'folioscope.query/1',
      columns: [{ name: 'task', type: 'VARCHAR' }, { name: 'n', type: 'BIGINT' }, {}, {}, {}],
      rows: [{ task: 'gmem-workload', n: 100, us: 688.417, nothing: null, text: 'a "b", c' }],
    });
    const empty: unknown = JSON.parse(query('--json', TWO_CPU, 'SELECT * FROM drains').stdout);
    expect(isValid(empty)).toBe(true);
    expect(empty).toMatchObject({ rows: [] });
  });

  test('takes several recordings, also of several hosts, as one table', () => {
    const sql =
      'SELECT host, count(*) AS folios, count(DISTINCT recording) AS recordings FROM folios GROUP BY host ORDER BY host';
    const { stdout } = query(
      '--csv',
      `a=${TWO_CPU}`,
      'a=test/recordings/punch.dat',
      'b.example=examples/two-cpu.txt',
      sql,
    );
    expect(stdout).toMatch(/^host,folios,recordings\na,\d+,2\nb\.example,100,1\n$/);
  });

  test('takes what export --parquet wrote', () => {
    const tables = join(folder, 'tables');
    expect(folioscope(['export', TWO_CPU, 'b=test/recordings/lab_drain.dat', '--parquet', tables]).status).toBe(0);
    const sql = "SELECT host, typeof(day) AS day, name FROM events WHERE host = 'b' ORDER BY nr LIMIT 1";
    expect(query('--csv', tables, sql).stdout).toBe('host,day,name\nb,DATE,print\n');
    expect(query('--csv', tables, `c=${TWO_CPU}`, 'SELECT count(DISTINCT host) AS hosts FROM inodes').stdout).toBe(
      'hosts\n3\n',
    );
  });

  test('finds the tables of any question', () => {
    const sql = `WITH h AS (FROM holdings) SELECT count(*) AS n FROM h JOIN recordings USING (host, recording)
      WHERE EXISTS (FROM main."events") AND (SELECT count(*) FROM Losses) = 0`;
    expect(query('--csv', TWO_CPU, sql).stdout).toBe('n\n200\n');
  });

  test('of a damaged recording answers as much as can be read, and says so', () => {
    const damaged = join(folder, 'damaged.dat');
    writeFileSync(damaged, readFileSync('test/recordings/odd_v7_zstd.dat'));
    truncateSync(damaged, 1_400_000);
    const { status, stdout, stderr } = query('--csv', damaged, 'SELECT count(*) > 1000 AS many FROM events');
    expect({ status, stdout }).toEqual({ status: 2, stdout: 'many\ntrue\n' });
    expect(stderr).toContain(`folioscope: ${damaged}: byte`);
  });

  test.each([
    ['SELECT * FORM events', 'SQL, line 1, column 15: syntax error at or near "events"'],
    [
      'SELECT nr,\n  nope FROM events',
      /^SQL, line 2, column 3: Referenced column "nope" not found in FROM clause! Candidate/,
    ],
    [
      'SELECT * FROM event',
      "SQL, line 1, column 15: no table 'event', expected one of recordings, events, inodes, folios, holdings, drains, conversions, losses",
    ],
    ["SELECT 'é' || sum(task) FROM events", /^SQL, line 1, column 15: No function matches/],
    ['SELECT CAST(name AS INTEGER) FROM events', /^SQL, line 1, column 8: Could not convert string/],
    ['SELECT 1; SELECT 2', 'SQL: Cannot prepare multiple statements at once!'],
    ['', 'SQL: No statement to prepare!'],
  ])('%j is one line with the place', (sql, message) => {
    const { status, stdout, stderr } = query(TWO_CPU, sql);
    expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
    const [first = '', ...rest] = stderr.split('\n');
    expect(rest).toEqual(['']);
    if (typeof message === 'string') expect(first).toBe(`folioscope: ${message}`);
    else expect(first.replace('folioscope: ', '')).toMatch(message);
  });

  test('a mistake is told before a recording is read', () => {
    expect(query('no-such-file', 'SELECT nope').stderr).toMatch(/^folioscope: SQL, line 1, column 8: .*nope/);
    expect(query('no-such-file', 'SELECT * FROM events')).toMatchObject({
      status: 65,
      stderr: 'folioscope: no-such-file: cannot be read: no such file or directory\n',
    });
  });

  test('removes what a killed run has left, and nothing else', () => {
    const [killed, running] = ['4194304-a', `${process.pid}-b`].map((name) => join(folder, `folioscope-query-${name}`));
    for (const left of [killed, running]) mkdirSync(left ?? '');
    expect(query(TWO_CPU, 'SELECT 1').status).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith('folioscope'))).toEqual([
      `folioscope-query-${process.pid}-b`,
    ]);
  });

  test('a directory without tables is a mistake in the command line', () => {
    mkdirSync(join(folder, 'empty'));
    expect(query(join(folder, 'empty'), 'SELECT 1')).toMatchObject({
      status: 64,
      stderr: `folioscope: ${folder}/empty: holds no tables, expected a directory that export --parquet wrote\n`,
    });
  });
});

test('query --columns prints every table', () => {
  const { status, stdout } = query('--columns');
  expect(status).toBe(0);
  expect(stdout).toContain('drains: One row a work of lru_add_drain_all(): one CPU in one round.\n');
  expect(stdout).toMatch(/^ {2}at_ns +BIGINT +time, in nanoseconds of the recording's clock$/m);
});

test.each([
  [[TWO_CPU], /expected recordings, then SQL/],
  [[], /expected recordings, then SQL/],
  [['--csv', '--json', TWO_CPU, 'SELECT 1'], /--csv and --json exclude each other/],
  [['--columns', TWO_CPU], /--columns takes no recording/],
])('%j is a mistake in the command line', (args, message) => {
  const { status, stdout, stderr } = query(...args);
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

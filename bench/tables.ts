// SPDX-License-Identifier: MIT
// The tables section of npm run bench: whole processes of folioscope export --parquet beside trace-cmd report, and SQL.
//
//   npx tsx bench/tables.ts [RECORDING [ROUNDS [GIGABYTES]]]
//
// RECORDING is any trace.dat with one buffer; the bench takes $FOLIOSCOPE_RECORDING without it, and else makes one of 808,762 events or
// a few more out of test/recordings/odd_v7_zstd.dat. Its largest recording has 2 GB, or as many as GIGABYTES says. What cannot be measured is skipped, with the reason. It asserts no time, but fails
// where the tables do not have the events that were recorded.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memorySource, readTrace } from '../src/trace/index.ts';
import { lengthen } from './long-recording.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(ROOT, 'dist/cli/main.js');
/** Of the recording that facts were taken with. */
const TARGET_EVENTS = 808_762;
const MANY_EVENTS = 10_000_000;
const ROUNDS = Number(process.argv[3] ?? 7);
const GIGABYTES = Number(process.argv[4] ?? 2);

interface Times {
  readonly wall: number;
  /** User and system time, in seconds: on a busy machine it wanders less than the clock on the wall. */
  readonly cpu: number;
  /** Peak resident memory in MB. */
  readonly peak: number;
}

const say = (text = ''): void => console.log(text);
const grouped = (value: number): string => value.toLocaleString('en').replaceAll(',', ' ');
const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const row = (what: string, ...cells: readonly string[]): void =>
  say(`  ${what.padEnd(34)}${cells.map((cell) => cell.padStart(12)).join('')}`);
const seconds = (value: number): string => `${value.toFixed(2)} s`;

/** Runs a command to its end, its output thrown away, under a shell whose `times` tells what its child took. */
function time(command: readonly string[]): Times {
  const begun = performance.now();
  const script = '"$@" >/dev/null 2>&3; echo "$?"; times';
  const { stdout, output } = spawnSync('sh', ['-c', script, 'sh', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const wall = (performance.now() - begun) / 1000;
  const [code = '', , children = ''] = stdout.split('\n');
  if (code !== '0') throw new Error(`${command.join(' ')} ended with ${code}: ${output[3] ?? ''}`);
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  const [, peak = 'NaN'] = /peak (\d+)/.exec(output[3] ?? '') ?? [];
  return { wall, cpu: parts.reduce((sum, part) => sum + part, 0), peak: Number(peak) / 1024 };
}

const AT_END = `process.on('exit',()=>process.stderr.write('peak '+process.resourceUsage().maxRSS+'\\n'))`;
const folioscope = (...args: readonly string[]): readonly string[] => [
  process.execPath,
  '--import',
  `data:text/javascript,${encodeURIComponent(AT_END)}`,
  MAIN,
  ...args,
];
const exporting = (file: string, to: string): readonly string[] => folioscope('export', file, '--parquet', to);

function must(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}

const eventsOf = async (file: string): Promise<number> =>
  (await readTrace(memorySource(file, readFileSync(file)), { onEvents: () => {} })).events;

/** The first cell of an answer. */
const answer = (tables: string, sql: string): string =>
  must(process.execPath, MAIN, 'query', '--csv', tables, sql).split('\n')[1] ?? '';

function besideTraceCmd(directory: string, v6: string, events: number): void {
  const v7 = join(directory, 'v7.dat');
  must('trace-cmd', 'convert', '--file-version', '7', '--compression', 'zstd', '-i', v6, '-o', v7);
  say(`\nEVERY EVENT, decoded whole and written: ${grouped(events)} events`);
  row('', 'export', 'trace-cmd', 'ratio', 'ratio, cpu');
  for (const [what, file] of [
    ['v6', v6],
    ['v7, zstd', v7],
  ] as const) {
    const tables = join(directory, `tables-${what.slice(0, 2)}`);
    const pairs = Array.from(
      { length: ROUNDS },
      () => [time(exporting(file, tables)), time(['trace-cmd', 'report', file])] as const,
    );
    row(
      what,
      seconds(medianOf(pairs.map(([ours]) => ours.wall))),
      seconds(medianOf(pairs.map(([, theirs]) => theirs.wall))),
      `${medianOf(pairs.map(([ours, theirs]) => theirs.wall / ours.wall)).toFixed(1)} x`,
      `${medianOf(pairs.map(([ours, theirs]) => theirs.cpu / ours.cpu)).toFixed(1)} x`,
    );
  }
  say('  export writes eight tables of Parquet files, and follows who holds each folio.');
  say('  trace-cmd report prints a line for each event, here to /dev/null.');
}

/** Questions of different kinds: counting, ordering within groups, texts in JSON, pairs of rows. */
const QUESTIONS = [
  ['count by event', 'SELECT name, count(*) FROM events GROUP BY name'],
  [
    'time between events, its median',
    'SELECT cpu, approx_quantile(d, 0.5) FROM (SELECT cpu, at_ns - lag(at_ns) OVER (PARTITION BY cpu ORDER BY nr) AS d FROM events) GROUP BY cpu',
  ],
  [
    'a field of the JSON',
    "SELECT fields->>'next_comm' AS next, count(*) FROM events WHERE name = 'sched_switch' GROUP BY next ORDER BY 2 DESC LIMIT 10",
  ],
  [
    'adds of each page frame',
    "SELECT pfn, count(*) FROM events WHERE name = 'mm_filemap_add_to_page_cache' GROUP BY pfn ORDER BY 2 DESC LIMIT 10",
  ],
  [
    'a window of time',
    'SELECT count(*) FROM events WHERE at_ns BETWEEN (SELECT from_ns FROM recordings) AND (SELECT from_ns + 1000000000 FROM recordings)',
  ],
] as const;

function questions(tables: string, events: number): void {
  if (!existsSync(join(ROOT, 'node_modules/@duckdb/node-api'))) {
    say('  SQL: skipped, the optional package @duckdb/node-api is missing');
    return;
  }
  const counted = answer(tables, 'SELECT count(*) FROM events');
  if (counted !== String(events)) throw new Error(`the tables have ${counted} events, not ${events}`);
  say(`\nSQL over ${grouped(events)} rows of events, whole processes`);
  row('', 'time', 'M rows/s', 'peak memory');
  for (const [what, sql] of QUESTIONS) {
    const runs = Array.from({ length: 3 }, () => time(folioscope('query', tables, sql)));
    const wall = medianOf(runs.map((run) => run.wall));
    row(
      what,
      seconds(wall),
      (events / wall / 1e6).toFixed(1),
      `${medianOf(runs.map(({ peak }) => peak)).toFixed(0)} MB`,
    );
  }
}

function large(directory: string, file: string, events: number): void {
  const tables = join(directory, 'tables-large');
  const { wall, cpu, peak } = time(exporting(file, tables));
  row('export', seconds(wall), seconds(cpu), (events / cpu / 1e6).toFixed(2), `${peak.toFixed(0)} MB`);
  questions(tables, events);
  rmSync(tables, { recursive: true });
}

say(
  `Node ${process.version}, ${cpus().length} CPUs (${cpus()[0]?.model ?? 'unknown'}), load before: ${loadavg()[0]?.toFixed(1)}.`,
);
say("TABLES, whole processes by turns: medians, and the medians of the pairs' ratios");
must(process.execPath, join(ROOT, 'scripts/build.mjs'));
const directory = mkdtempSync(join(tmpdir(), 'folioscope-bench-'));
try {
  if (spawnSync('trace-cmd', ['--version'], { stdio: 'ignore' }).error !== undefined)
    say('  skipped: trace-cmd is not on the PATH, and what is exported is made with it');
  else {
    const given = [process.argv[2], process.env['FOLIOSCOPE_RECORDING']].find((path) => (path ?? '') !== '');
    const once = join(directory, 'once.dat');
    const source = given ?? join(ROOT, 'test/recordings/odd_v7_zstd.dat');
    must('trace-cmd', 'convert', '--file-version', '6', '-i', source, '-o', once);
    const each = await eventsOf(once);
    const times = Math.ceil(TARGET_EVENTS / each);
    const v6 = join(directory, 'v6.dat');
    await lengthen(once, v6, times);
    besideTraceCmd(directory, v6, each * times);

    const large10 = join(directory, 'large.dat');
    const { bavail, bsize } = statfsSync(directory);
    const grown = (statSync(v6).size - statSync(once).size) / Math.max(1, times - 1);
    const largest = Math.ceil((GIGABYTES * 1024 ** 3) / Math.max(1, grown));
    for (const [what, again] of [
      [`${grouped(MANY_EVENTS)} events`, Math.ceil(MANY_EVENTS / each)],
      [`${GIGABYTES} GB`, largest],
    ] as const) {
      if (bavail * bsize < 2 * grown * again) {
        say(`\n${what}: skipped, there is no room for such a recording in the temporary directory`);
        continue;
      }
      const size = await lengthen(once, large10, again);
      say(`\n${what}: ${grouped(Math.round(size / 2 ** 20))} MB`);
      row('', 'time', 'cpu', 'M events/s', 'peak memory');
      large(directory, large10, each * again);
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

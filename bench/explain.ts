// SPDX-License-Identifier: MIT
// The explain section of npm run bench: whole processes of folioscope explain beside trace-cmd report and perf script.
//
//   npx tsx bench/explain.ts [RECORDING [ROUNDS]]
//
// RECORDING is any trace.dat with one buffer; the bench takes $FOLIOSCOPE_RECORDING without it, and else makes one of about
// 800,000 events out of test/recordings/odd_v7_zstd.dat. What cannot be measured is skipped, with the reason. It asserts no time, but
// fails where we count events that trace-cmd does not print.
import { spawn, spawnSync } from 'node:child_process';
import {
  createReadStream,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ByteSource, readTrace } from '../src/trace/index.ts';
import { lengthen } from './long-recording.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(ROOT, 'dist/cli/main.js');
const TARGET_EVENTS = 800_000;
const ROUNDS = Number(process.argv[3] ?? 7);
const TWO_GB = 2 * 1024 ** 3;

interface Times {
  readonly wall: number;
  /** user and sys, in seconds: on a busy machine it varies less than wall-clock time. */
  readonly cpu: number;
}

/** Runs a command with its output thrown away, under a shell whose `times` gives the child's time. */
function time(command: readonly string[]): Times {
  const begun = performance.now();
  const { stdout, status } = spawnSync('sh', ['-c', '"$@" >/dev/null 2>&1; echo "$?"; times', 'sh', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const wall = (performance.now() - begun) / 1000;
  const [code = '', , children = ''] = stdout.split('\n');
  if (status !== 0 || !['0', '1', '2'].includes(code)) throw new Error(`${command.join(' ')} ended with ${code}`);
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  return { wall, cpu: seconds.reduce((sum, part) => sum + part, 0) };
}

/** Two commands by turns, A B A B. */
function pairs(ours: readonly string[], theirs: readonly string[], rounds: number): [Times, Times][] {
  return Array.from({ length: rounds }, () => [time(ours), time(theirs)]);
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const say = (text = ''): void => console.log(text);
const grouped = (value: number): string => value.toLocaleString('en').replaceAll(',', ' ');
const seconds = (value: number): string => `${value.toFixed(2)} s`;
const row = (what: string, ...cells: readonly string[]): void =>
  say(`  ${what.padEnd(24)}${cells.map((cell) => cell.padStart(12)).join('')}`);

/** The figures of pairs: medians of each side, and the medians of the pairs' ratios. */
function ratioRow(what: string, measured: readonly (readonly [Times, Times])[]): void {
  row(
    what,
    seconds(medianOf(measured.map(([ours]) => ours.wall))),
    seconds(medianOf(measured.map(([, theirs]) => theirs.wall))),
    `${medianOf(measured.map(([ours, theirs]) => theirs.wall / ours.wall)).toFixed(1)} x`,
    `${medianOf(measured.map(([ours, theirs]) => theirs.cpu / ours.cpu)).toFixed(1)} x`,
  );
}

const explain = (file: string): string[] => [process.execPath, MAIN, 'explain', file, '--at', 'end'];

/** Runs a command that has to succeed. @returns what it printed. */
function must(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}

/** Why a program cannot be run; undefined where it can. */
function missing(program: string): string | undefined {
  const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
  if (error !== undefined) return `${program} is not on the PATH (Debian package ${PACKAGES[program] ?? program})`;
  return undefined;
}
const PACKAGES: Readonly<Record<string, string>> = { perf: 'linux-perf' };

/** Lines that a command prints, or a file has. */
async function linesOf(stream: NodeJS.ReadableStream): Promise<number> {
  let lines = 0;
  for await (const piece of stream)
    for (let at = (piece as Buffer).indexOf(10); at >= 0; at = (piece as Buffer).indexOf(10, at + 1)) lines++;
  return lines;
}

const descriptors = (file: string): ByteSource => {
  const descriptor = openSync(file, 'r');
  return {
    name: file,
    size: statSync(file).size,
    read: (offset, length, into) => {
      const bytes = into?.subarray(0, length) ?? new Uint8Array(length);
      return Promise.resolve(bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.byteLength, offset)));
    },
  };
};

/** Events and seconds of one reading in this process. */
async function reading(file: string): Promise<{ readonly events: number; readonly seconds: number }> {
  const begun = performance.now();
  const { events } = await readTrace(descriptors(file), { onEvents: () => {} });
  return { events, seconds: (performance.now() - begun) / 1000 };
}

/** Peak memory of an explain, as the process itself sees it at its end, in MB. */
function peakMemory(file: string): number {
  const atEnd = `process.on('exit',()=>process.stderr.write('peak '+process.resourceUsage().maxRSS+'\\n'))`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(atEnd)}`, ...explain(file).slice(1)];
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  return Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024;
}

/** The recording in version 6, of about so many events as the figures are given for. */
async function prepared(directory: string, given: string | undefined): Promise<string> {
  const v6 = join(directory, 'v6.dat');
  must('trace-cmd', [
    'convert',
    '--file-version',
    '6',
    '-i',
    given ?? join(ROOT, 'test/recordings/odd_v7_zstd.dat'),
    '-o',
    v6,
  ]);
  if (given !== undefined) return v6;
  const long = join(directory, 'long.dat');
  await lengthen(v6, long, Math.ceil(TARGET_EVENTS / (await reading(v6)).events));
  return long;
}

const toV7 = (input: string, output: string): string => {
  must('trace-cmd', ['convert', '--file-version', '7', '--compression', 'zstd', '-i', input, '-o', output]);
  return output;
};

async function sameEvents(v6: string): Promise<number> {
  const { events } = await reading(v6);
  const child = spawn('trace-cmd', ['report', '-R', v6], { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = await linesOf(child.stdout);
  // The first line says how many CPUs there are.
  if (lines - 1 < events) throw new Error(`trace-cmd prints ${lines - 1} events, folioscope counts ${events}`);
  return events;
}

async function besideTraceCmd(directory: string, given: string | undefined): Promise<void> {
  const v6 = await prepared(directory, given);
  const v7 = toV7(v6, join(directory, 'v7.dat'));
  const times10 = join(directory, 'times10.dat');
  await lengthen(v6, times10, 10);
  const v7times10 = toV7(times10, join(directory, 'v7times10.dat'));
  const events = await sameEvents(v6);

  say(`\nRecording: ${given ?? 'test/recordings/odd_v7_zstd.dat, again and again'}; ${grouped(events)} events`);
  row('', 'explain', 'trace-cmd', 'ratio', 'ratio, cpu');
  for (const [what, file, rounds] of [
    ['v6', v6, ROUNDS],
    ['v7, zstd', v7, ROUNDS],
    ['v6, ten times as long', times10, Math.ceil(ROUNDS / 2)],
    ['v7, ten times as long', v7times10, Math.ceil(ROUNDS / 2)],
  ] as const)
    ratioRow(what, pairs(explain(file), ['trace-cmd', 'report', file], rounds));

  const bare = medianOf(Array.from({ length: ROUNDS }, () => time([process.execPath, '-e', '0']).cpu));
  const help = medianOf(Array.from({ length: ROUNDS }, () => time([process.execPath, MAIN, 'explain', '--help']).cpu));
  const whole = medianOf(Array.from({ length: ROUNDS }, () => time(explain(v6)).cpu));
  say(`  Start-up: node alone ${seconds(bare)}, with folioscope's modules and options`);
  say(`  ${seconds(help)}, of ${seconds(whole)} for the v6 (processor time).`);
  say('  explain decodes the page cache, LRU, workqueue and call events, merges the');
  say('  CPUs by time, and follows who holds each folio; it prints a verdict. Of all');
  say('  other events it reads id and time only. trace-cmd report decodes every event');
  say('  and prints a line for each, here to /dev/null; it knows nothing of folios.');

  await byLength(directory, v6, times10);
  await ofText(directory, v6);
}

/** Time and memory by length. */
async function byLength(directory: string, v6: string, times10: string): Promise<void> {
  say('\nBY LENGTH, v6');
  row('', 'size', 'explain', 'MB/s', 'peak memory');
  const { bavail, bsize } = statfsSync(directory);
  const files = [v6, times10];
  const once = (statSync(times10).size - statSync(v6).size) / 9;
  if (bavail * bsize > TWO_GB * 1.5) {
    files.push(join(directory, 'two-gb.dat'));
    await lengthen(v6, files.at(-1) ?? '', Math.ceil(TWO_GB / once));
  }
  for (const file of files) {
    const { size } = statSync(file);
    const took = medianOf(Array.from({ length: 3 }, () => time(explain(file)).wall));
    const peak = peakMemory(file);
    row(
      '',
      `${grouped(Math.round(size / 2 ** 20))} MB`,
      seconds(took),
      (size / 2 ** 20 / took).toFixed(0),
      `${peak.toFixed(0)} MB`,
    );
  }
  if (files.length === 2) say('  2 GB: skipped, there is no room for such a file in the temporary directory');
}

/** What trace-cmd report prints, read back, and the other forms of text, each a recording's lines again and again. */
async function ofText(directory: string, v6: string): Promise<void> {
  const report = join(directory, 'report.txt');
  must('sh', ['-c', 'trace-cmd report "$1" >"$2" 2>/dev/null', 'sh', v6, report]);
  say('\nTEXT, read in one process: M lines/s');
  row('', 'lines', 'at first', 'median warm', 'best warm');
  await textRow('trace-cmd report', report);
  for (const form of TEXT_FORMS) {
    const long = join(directory, `long-${form}`);
    const lines = readFileSync(join(ROOT, 'test/recordings', form), 'latin1')
      .split('\n')
      .slice(0, -1);
    const header = lines.filter((line) => line.startsWith('# ') && !line.includes('entries'));
    const events = lines.filter((line) => !line.startsWith('#'));
    const again = Math.ceil(TEXT_LINES / events.length);
    writeFileSync(
      long,
      `${[...header, ...Array.from({ length: again }, () => events.join('\n'))].join('\n')}\n`,
      'latin1',
    );
    await textRow(form, long);
  }
}
const TEXT_LINES = 400_000;
const TEXT_FORMS = ['default', 'noirq-info', 'verbose', 'fields', 'latency', 'pipe_lost']
  .map((form) => `trace_${form}.txt`)
  .concat('perf_script.txt');

async function textRow(what: string, file: string): Promise<void> {
  const lines = await linesOf(createReadStream(file));
  const rates: number[] = [];
  for (let run = 0; run < 8; run++) rates.push(lines / (await reading(file)).seconds / 1e6);
  const [first = 0, ...warm] = rates;
  row(what, grouped(lines), ...[first, medianOf(warm), Math.max(...warm)].map((rate) => rate.toFixed(1)));
}

/** perf reads no trace.dat and we read no perf.data, so what both have is its text: it writes, we read. */
function besidePerf(directory: string): void {
  say('\nBESIDE perf script, which reads no trace.dat: the text of a recording of');
  say('its own, which it prints and explain reads');
  const why = missing('perf');
  if (why !== undefined) return say(`  skipped: ${why}`);
  const data = join(directory, 'perf.data');
  const load = ['perf', 'bench', 'sched', 'pipe', '-l', '100000'];
  const { status, stderr } = spawnSync(
    'perf',
    ['record', '-q', '-a', '-e', 'context-switches', '-c', '1', '-o', data, '--', ...load],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  if (status !== 0) return say(`  skipped: perf record cannot record here: ${stderr.trim().split('\n')[0] ?? ''}`);
  const printed = join(directory, 'perf.txt');
  must('sh', ['-c', 'perf script --ns -i "$1" >"$2" 2>/dev/null', 'sh', data, printed]);
  row('', 'explain', 'perf script', 'ratio', 'ratio, cpu');
  ratioRow('text', pairs(explain(printed), ['perf', 'script', '--ns', '-i', data], ROUNDS));
  say('  perf also unpacks its recording and finds symbols; explain also looks for');
  say('  folios in it.');
}

say(
  `Node ${process.version}, ${cpus().length} CPUs (${cpus()[0]?.model ?? 'unknown'}), load before: ${loadavg()[0]?.toFixed(1)}.`,
);
say("EXPLAIN, whole processes by turns: medians, and the medians of the pairs' ratios");
must(process.execPath, [join(ROOT, 'scripts/build.mjs')]);
const directory = mkdtempSync(join(tmpdir(), 'folioscope-bench-'));
try {
  const why = missing('trace-cmd');
  if (why === undefined) await besideTraceCmd(directory, process.argv[2] ?? process.env['FOLIOSCOPE_RECORDING']);
  else say(`  skipped: ${why}, and what it is compared with is made with it`);
  besidePerf(directory);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

// SPDX-License-Identifier: MIT
// The command as a user runs it: output, exit codes, one line for every mistake.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND, folioscope, ROOT } from './folioscope.ts';

const TWO_CPU = 'examples/two-cpu.dat';
const explain = (...args: readonly string[]) => folioscope(['explain', ...args]);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-explain-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A recording whose text ends in the middle. */
function cutOff(): string {
  const file = join(folder, 'cut.txt');
  writeFileSync(file, readFileSync('examples/two-cpu.txt').subarray(0, 30_000));
  return file;
}

describe('the report', () => {
  test('of the example', async () => {
    const { status, stdout, stderr } = explain(TWO_CPU);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot('../golden/explain-two-cpu.txt');
  });

  test('names the command that gives it again, whatever the options were', () => {
    const options = ['--at', 'marker:phase faulted', '--at', '2571.891', '--range', '0..40', '--cpu', '1'];
    const { stdout } = explain(TWO_CPU, ...options, '--patch', 'v6,baseline', '--inode', '0x2a05b', '--buffer', 'lab');
    const again = stdout.slice(stdout.indexOf('again:')).replaceAll('\\\n', '').replaceAll(/\s+/g, ' ').trim();
    expect(again).toBe(
      `again: folioscope explain ${TWO_CPU} --at 'marker:phase faulted' --at 2571.891000000 --inode 0x2a05b --range 0..40 --cpu 1 --buffer lab --patch v6,baseline`,
    );
  });
});

test('--redact leaves no task name and no page frame, and stands in the command again', () => {
  const [open, redacted] = [[], ['--redact']].map((options) =>
    explain(TWO_CPU, '--at', 'marker:phase faulted', ...options),
  );
  expect(open?.stdout).toMatch(/gmem-workload[^]*pfn=0x234f52/);
  expect(redacted?.stdout).not.toMatch(/gmem-workload|234f52|24162|two-cpu|phase/);
  expect(redacted?.stdout).toMatch(
    /task\d+-\d{1,2} [^]*pfn=0x[\da-f]{1,3} [^]*recording1 --at marker:marker\d+ --redact\n$/,
  );
  expect(redacted?.status).toBe(open?.status);
});

describe('JSON', () => {
  const moments = (...args: readonly string[]) =>
    (JSON.parse(explain(TWO_CPU, '--json', ...args).stdout) as { moments: { at: string; conversion: object }[] })
      .moments;

  test('has a column for each form that is asked for', () => {
    const [moment] = moments('--patch', 'v8,baseline', '--at', 'end');
    expect(Object.keys(moment?.conversion ?? {})).toEqual(['v8', 'baseline']);
  });

  test('answers for each moment by rising time', () => {
    expect(moments('--at', 'end', '--at', '2571.8895').map(({ at }) => at)).toEqual([
      '2571.889500000',
      '2571.891845728',
    ]);
  });
});

describe('exit codes', () => {
  test.each([
    ['safe at the last moment', 0, [TWO_CPU]],
    ['refused', 1, [TWO_CPU, '--at', 'marker:phase faulted']],
    ['refused whatever forms are shown', 1, [TWO_CPU, '--at', 'marker:phase faulted', '--patch', 'v6']],
    ['safe in the range', 0, [TWO_CPU, '--at', 'marker:phase faulted', '--range', '0..74']],
    ['refused in the range', 1, [TWO_CPU, '--at', 'marker:phase faulted', '--range', '74..75', '--cpu', '1']],
  ])('%s', (_, status, args) => {
    expect(explain(...args).status).toBe(status);
  });

  test('a recording that begins after the guest_memfd was made leaves it open, but for pages that came within it', () => {
    const recording = 'test/lab/s2_n31.baseline.txt';
    expect(explain(recording, '--at', 'end').status).toBe(2);
    expect(explain(recording, '--at', 'end', '--range', '0..31', '--cpu', '0').status).toBe(0);
  });

  test('calls to a guest_memfd of which no folio was seen leave it open', () => {
    const file = join(folder, 'calls.txt');
    const lines = readFileSync('examples/refused.txt', 'utf8').split('\n');
    writeFileSync(file, lines.filter((line) => line.startsWith('#') || line.includes('sys_ioctl')).join('\n'));
    const { status, stdout } = explain(file);
    expect(stdout).toMatch(/^refused: 4 of 5 [^]*\nundecided: a guest_memfd was converted in this recording/);
    expect(status).toBe(2);
  });

  test('no guest_memfd where nothing was lost is well, where events were lost it is open', () => {
    const line = (time: string): string =>
      `${'sh-1'.padStart(18)}       [000] .....  ${time}: sched_waking: comm=a pid=1`;
    const [whole, lossy] = ['whole.txt', 'lossy.txt'].map((name) => join(folder, name));
    const file = `${[
      'mm_filemap_add_to_page_cache: dev 0:30 ino 2f1 pfn=0x11aa0 ofs=0 order=0',
      'mm_lru_insertion: folio=ffffea0000446a80 pfn=0x11aa0 lru=2 flags= f',
    ]
      .map((event) => line('1.000000').replace(/sched_waking.*/, event))
      .join('\n')}\n`;
    writeFileSync(whole ?? '', `${file}${line('1.000001')}\n${line('1.000002')}\n`);
    writeFileSync(lossy ?? '', `${file}${line('1.000001')}\nCPU:0 [LOST 3 EVENTS]\n${line('1.000002')}\n`);
    const nothing = join(folder, 'nothing.txt');
    writeFileSync(nothing, `${line('1.000001')}\n${line('1.000002')}\n`);
    expect(explain(nothing)).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(/^undecided: this recording lacks events? that shows? whether/),
    });
    expect(explain(whole ?? '')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^no guest_memfd in this/) });
    expect(explain(lossy ?? '')).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(/^undecided: no guest_memfd/),
    });
  });

  test('what refused a conversion unseen, and may be there still, leaves it open', () => {
    const [, ...lines] = readFileSync('test/lab/s4_vmsplice.v8.txt', 'utf8').split(/(?<=\n)(?!#)/);
    const pinned = join(folder, 'pinned.txt');
    const end = lines.findIndex((line) => line.includes('phase unpin'));
    writeFileSync(pinned, lines.slice(0, end).join(''));
    const { status, stdout } = explain(pinned, '--at', 'end', '--range', '0..8');
    expect(stdout).toMatch(/^refused: 3 of 6 [^]*\nsafe only if what refused the call at 44.573359000 is gone, /);
    expect(status).toBe(2);
  });

  test('a recording that is cut off leaves it open', () => {
    const { status, stdout } = explain(cutOff(), '--json');
    const { moments } = JSON.parse(stdout) as { moments: { conversion: object }[] };
    expect(status).toBe(2);
    expect(moments.at(-1)?.conversion).toMatchObject({ baseline: { verdict: 'undecided' }, v6: { verdict: 'safe' } });
  });
});

describe('mistakes are told in one line', () => {
  test.each([
    [['--at', 'soon'], 64, "option '--at <moment>' argument 'soon' is invalid. Expected SECONDS"],
    [['--at', 'marker:nope'], 64, `${TWO_CPU}: no marker 'nope' in the recording; there are 'phase start',`],
    [['--range', '5..5'], 64, "option '--range <pages>' argument '5..5' is invalid. Expected A..B in pages"],
    [['--cpu', '99999'], 64, "option '--cpu <number>' argument '99999' is invalid. Expected a CPU from 0 to 8191."],
    [['--inode', '1x7'], 64, "option '--inode <inode>' argument '1x7' is invalid. Expected DEV:INO"],
    [['--inode', '0x5'], 64, `${TWO_CPU}: no page cache event of inode 0x5 in the recording`],
    [['--patch', 'v9'], 64, "option '--patch <names>' argument 'v9' is invalid. Expected some of baseline,"],
    [['--profile', 'x'], 64, "option '--profile <name>' argument 'x' is invalid. Expected one of linux-7.3,"],
    [['--buffer', 'nope'], 64, `${TWO_CPU}: no buffer 'nope'; there are '' (the top buffer), 'lab'`],
  ])('%j', (options, status, message) => {
    const result = explain(TWO_CPU, ...options);
    expect(result.stderr.split('\n')).toEqual([expect.stringContaining(`folioscope: ${message}`), '']);
    expect({ status: result.status, stdout: result.stdout }).toEqual({ status, stdout: '' });
  });

  test.each([
    ['package.json', 65],
    ['src', 65],
    ['nowhere.dat', 65],
  ])('%s is no recording', (file, status) => {
    const result = explain(file);
    expect(result.status).toBe(status);
    expect(result.stderr).toMatch(new RegExp(`^folioscope: ${file}: [^\\n]+\\n$`));
  });
});

test('standard input is read as the file is', () => {
  const text = readFileSync('examples/two-cpu.txt');
  const piped = spawnSync(process.execPath, [...COMMAND, 'explain', '-', '--json'], { cwd: ROOT, input: text });
  const read = spawnSync(process.execPath, [...COMMAND, 'explain', 'examples/two-cpu.txt', '--json'], { cwd: ROOT });
  expect(piped.stderr.toString()).toBe('');
  expect(JSON.parse(piped.stdout.toString())).toEqual(JSON.parse(read.stdout.toString()));
  expect(piped.status).toBe(read.status);
});

test('a time outside the recording is no moment', () => {
  const { status, stderr } = explain('examples/two-cpu.txt', '--at', '1');
  expect(status).toBe(64);
  expect(stderr).toContain('time 1.000000000 is outside the recording, which goes from 2571.888296000 to');
});

test('what can be read only once is read as the file is', () => {
  const pipe = join(folder, 'pipe');
  const command = [...COMMAND, 'explain', pipe, '--json'];
  const script = 'mkfifo "$0" && { cat examples/two-cpu.txt > "$0" & exec "$@"; }';
  const { stdout, status } = spawnSync('sh', ['-c', script, pipe, process.execPath, ...command], { cwd: ROOT });
  expect(JSON.parse(stdout.toString())).toEqual(JSON.parse(explain('examples/two-cpu.txt', '--json').stdout));
  expect(status).toBe(0);
});

test('Ctrl-C ends a pipe, and what came until then is answered', async () => {
  const child = spawn(process.execPath, [...COMMAND, 'explain', '-'], { cwd: ROOT });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()));
  const ended = once(child, 'close');
  const text = readFileSync('examples/two-cpu.txt', 'utf8');
  const filler = `${'sh-1'.padStart(18)}       [000] .....  2571.891846: sched_waking: comm=a pid=1\n`;
  // More than a pipe holds: once it is written, the reader has begun.
  child.stdin.write(text + filler.repeat(10_000));
  await once(child.stdin, 'drain');
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(stderr).toBe('folioscope: standard input: interrupted; the answer covers what was read so far\n');
  expect(stdout).toMatch(/^safe as far as these events show: a conversion of 0:16:0x2a05b to private\s/);
});

test('every marker of a recording without markers is no moment', () => {
  const file = join(folder, 'unmarked.txt');
  writeFileSync(file, readFileSync('examples/two-cpu.txt', 'utf8').replaceAll(/.*tracing_mark_write.*\n/g, ''));
  const { stdout, stderr, status } = explain(file, '--at', 'every-marker');
  expect({ stdout, status }).toEqual({ stdout: '', status: 64 });
  expect(stderr).toBe(`folioscope: ${file}: the recording has no markers; --at end asks for its end\n`);
});

test('names of a recording do nothing to a terminal', () => {
  const file = join(folder, 'escape.txt');
  writeFileSync(file, `${'sh-1'.padStart(18)}       [000] .....  1.000001: tracing_mark_write: a\u001b[31mred\n`);
  const { stderr, status } = explain(file, '--at', 'marker:b');
  expect(stderr).toBe(`folioscope: ${file}: no marker 'b' in the recording; there are 'a?[31mred'\n`);
  expect(status).toBe(64);
});

test.skipIf(!existsSync('/dev/full'))('an answer that cannot be written is no verdict', () => {
  const full = ['-c', 'exec "$@" >/dev/full', 'sh', process.execPath, ...COMMAND, 'explain', TWO_CPU, '--at', 'end'];
  const { stderr, status } = spawnSync('sh', full, { cwd: ROOT, encoding: 'utf8' });
  expect({ stderr, status }).toEqual({
    stderr: 'folioscope: standard output cannot be written: no space is left on the device\n',
    status: 69,
  });
});

test('the command to get it again does nothing to a terminal, and names the same file', () => {
  const file = join(folder, "new\nline's \u001b[31m.txt");
  copyFileSync('examples/two-cpu.txt', file);
  const { stdout } = explain(file, '--at', 'end');
  expect(stdout).not.toContain('\u001b');
  const [word = ''] = /\$'.*'/.exec(stdout) ?? [];
  const taken = spawnSync('bash', ['-c', `printf %s ${word}`], { encoding: 'utf8' }).stdout;
  expect(taken).toBe(file);
});

test('texts put together are said to be more than one', () => {
  const file = join(folder, 'two.txt');
  const text = readFileSync('examples/two-cpu.txt', 'utf8');
  writeFileSync(file, text + text);
  expect(explain(file, '--at', 'end').stdout.replaceAll(/\n +/g, ' ')).toContain(
    'the header announces 401 events, the text holds 802: more than one recording put together',
  );
});

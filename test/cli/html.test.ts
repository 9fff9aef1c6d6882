// SPDX-License-Identifier: MIT
// --html of explain, check and run: a whole file or none, beside the usual output.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMAND, folioscope, ROOT } from './folioscope.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-html-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const SC = 'scenarios/SC-02-other-cpu.yaml';
const COMMANDS: readonly { readonly name: string; readonly words: readonly string[] }[] = [
  ['explain', 'examples/two-cpu.dat'],
  ['explain', 'examples/pinned.txt', '--pfn', '0x671c'],
  ['run', SC, '--patch', 'baseline,v6'],
  ['check', SC, '--patch', 'baseline,v6'],
].map((words) => ({ name: words.slice(0, 2).join(' '), words }));

test.each(COMMANDS)(
  '$name writes the same report as a page, and prints what it always does',
  { timeout: 60_000 },
  ({ words }) => {
    const file = join(folder, 'report.html');
    writeFileSync(file, 'an older one');
    const plain = folioscope(words);
    const both = folioscope([...words, '--html', file]);
    expect(both).toEqual(plain);
    const document = readFileSync(file, 'utf8');
    expect(document).toMatch(/^<!DOCTYPE html>\n/);
    const [, text = ''] = /<h2>Report<\/h2>\n.*<pre>([^]*?)<\/pre>/.exec(document) ?? [];
    const shown = text
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&');
    expect(shown).toBe(plain.stdout);
    expect(document).toContain('<title id="');
    expect(readdirSync(folder)).toEqual(['report.html']);
    expect(folioscope([...words, '--html', '-'])).toEqual({ ...plain, stdout: document });
  },
);

test.each(COMMANDS)(
  '$name: a file that cannot be written is one line, before any answer',
  { timeout: 60_000 },
  ({ words }) => {
    for (const [file, why] of [
      [join(folder, 'absent/report.html'), 'no such file or directory'],
      [folder, 'is a directory'],
      [join(ROOT, 'package.json/report.html'), 'a component of the path is not a directory'],
    ] as const)
      expect(folioscope([...words, '--html', file])).toEqual({
        status: 64,
        stdout: '',
        stderr: `folioscope: ${file}: cannot be written: ${why}\n`,
      });
  },
);

test('what does not go together is said', { timeout: 60_000 }, () => {
  for (const [words, why] of [
    [['explain', 'examples/two-cpu.dat', '--json', '--html', '-'], '--html - and --json both print'],
    [['check', '--all', '--html', 'x.html'], '--html writes the report of one scenario'],
    [['run', 'scenarios/', '--html', 'x.html'], '--html writes the report of one run'],
    [['run', SC, '--schedule', 'random', '--runs', '2', '--html', 'x.html'], '--html writes the report of one run'],
  ] as const) {
    const { status, stdout, stderr } = folioscope(words);
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toContain(why);
  }
  const { status, stderr } = spawnSync(
    process.execPath,
    [...COMMAND, 'explain', '-', '--html', join(folder, 'p.html')],
    {
      cwd: ROOT,
      input: readFileSync(join(ROOT, 'examples/pinned.txt')),
      encoding: 'utf8',
    },
  );
  expect([status, stderr]).toEqual([64, expect.stringContaining('-: is read more than once, expected a file')]);
});

test('--json goes to standard output beside a page in a file', { timeout: 60_000 }, () => {
  const file = join(folder, 'json.html');
  const { stdout } = folioscope(['run', SC, '--patch', 'v6', '--json', '--html', file]);
  expect(JSON.parse(stdout)).toMatchObject({ schema: 'folioscope.run/1' });
  expect(readFileSync(file, 'utf8')).toContain('<pre>');
});

test('--redact leaves no task name and no page frame in the page', { timeout: 60_000 }, () => {
  const file = join(folder, 'redacted.html');
  for (const [words, secret] of [
    [['explain', 'examples/two-cpu.dat'], /gmem-workload|234f52/],
    [['explain', 'test/recordings/s4_vmsplice.baseline.pageref.txt'], /'conv'|wrk1/],
    [['explain', 'examples/pinned.txt', '--pfn', '0x671c'], /'conv'|wrk1|671c/],
  ] as const) {
    folioscope([...words, '--html', file]);
    expect(readFileSync(file, 'utf8').replaceAll('&#39;', "'")).toMatch(secret);
    folioscope([...words, '--redact', '--html', file]);
    expect(readFileSync(file, 'utf8').replaceAll('&#39;', "'")).not.toMatch(secret);
  }
});

test('the page of a small counterexample', async () => {
  const { stdout } = folioscope(['check', SC, '--patch', 'baseline', '--html', '-']);
  const svg = /<svg xmlns="[^"]*" class="picture"[^]*?<\/svg>/.exec(stdout)?.[0];
  await expect(`${svg}\n`).toMatchFileSnapshot('../golden/check-SC-02-baseline.svg');
});

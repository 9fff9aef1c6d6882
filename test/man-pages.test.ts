// SPDX-License-Identifier: MIT
// The man pages say what --help says, of every command, and groff has nothing against them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeManPages } from '../scripts/man-pages.mjs';
import { COMMAND, folioscope } from './cli/folioscope.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-man-'));
  await writeManPages(folder, COMMAND);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const pageOf = (name: string): string => readFileSync(join(folder, `${name}.1`), 'utf8');

test('every command has a page, and every option of its help stands in it', () => {
  const listed = [...folioscope(['--help']).stdout.matchAll(/^ {2}([a-z]+) [[<]/gm)].map(([, name = '']) => name);
  const commands = listed.filter((name) => name !== 'help');
  expect(commands.length).toBeGreaterThan(12);
  for (const command of commands) {
    const page = pageOf(`folioscope-${command}`).replaceAll(String.raw`\-`, '-');
    const options = [...folioscope([command, '--help']).stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)];
    expect(options.length).toBeGreaterThan(0);
    for (const [, option = ''] of options) expect(page).toContain(option);
    expect(page).toContain('.SH EXAMPLES');
  }
  expect(pageOf('folioscope-record')).toMatch(/^\.SH REQUIREMENTS$[^]*^\.SH OVERHEAD$[^]*^\.SH FIELDS$/m);
});

const hasGroff = spawnSync('groff', ['--version']).status === 0;
test.skipIf(!hasGroff)(`groff has no warning${hasGroff ? '' : ' (skipped: no groff here)'}`, () => {
  for (const file of readdirSync(folder)) {
    const { stderr, status } = spawnSync('groff', ['-man', '-ww', '-Tutf8', join(folder, file)], { encoding: 'utf8' });
    expect([file, status, stderr]).toEqual([file, 0, '']);
  }
});

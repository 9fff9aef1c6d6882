// SPDX-License-Identifier: MIT
// Every command that the help, README and the docs propose, run as a user does who has installed the package in an empty folder.
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from './cli/folioscope.ts';
import { Packed } from './support/packed.ts';

/** Milliseconds until Ctrl-C, and from then until the command must have ended. */
const PATIENCE = 4000;
const GRACE = 40_000;
/** Width of plain text, so that it can be mailed. */
const MAIL_COLUMNS = 75;

const packed = new Packed(true);
const { folder } = packed;
afterAll(() => packed.remove());
const at = (path: string): string => join(folder, path);

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
  chmodSync(at(path), mode);
}

/** The examples of a command's help, or of the whole help. */
const examplesOf = (help: string): readonly string[] =>
  (/\nExamples:\n([^]*?)(?:\n\n|$)/.exec(help)?.[1] ?? '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^(sudo |git .*|b4 .*)?folioscope [a-z]/.test(line));

/** The commands of a page's shell blocks. */
const commandsOf = (page: string): readonly string[] =>
  [...page.matchAll(/```sh\n([^]*?)```/g)]
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => line.replace(/\s#.*$/, '').trim())
    .filter((line) => /^(sudo )?folioscope [a-z]/.test(line));

const cli = join(folder, 'node_modules/folioscope/dist/cli/main.js');
const helpOf = (...args: readonly string[]): string => packed.run(process.execPath, cli, ...args, '--help').stdout;
const names = [...helpOf().matchAll(/^ {2}([a-z]+) .*$/gm)].flatMap(([, name = '']) => (name === 'help' ? [] : [name]));
const docs = readdirSync(join(ROOT, 'docs')).filter((file) => file.endsWith('.md'));
const COMMANDS = [
  ...new Set([
    ...examplesOf(helpOf()),
    ...names.flatMap((name) => examplesOf(helpOf(name))),
    ...['README.md', ...docs.map((file) => `docs/${file}`)].flatMap((page) =>
      commandsOf(readFileSync(join(ROOT, page), 'utf8')),
    ),
  ]),
];

/** What stands in a command for something that its reader has. */
const READERS: readonly (readonly [inText: string, here: string])[] = [
  ['/usr/src/linux-source-7.3', '~/linux'],
  ['/var/tmp/states', './states'],
  ["'SELECT ...'", "'SELECT count(*) FROM events'"],
  ['--pid 4711', '--pid $$'],
];

function prepare(): void {
  for (const name of ['scenarios', 'examples']) symlinkSync(`node_modules/folioscope/${name}`, at(name));
  write('bin/folioscope', `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`, 0o755);
  write('bin/sudo', '#!/bin/sh\nexec "$@"\n', 0o755);
  write('bin/b4', '#!/bin/sh\ncat examples/drain-once.mail\n', 0o755);
  write('bin/drgn', '#!/bin/sh\ncat "$1"\n', 0o755);
  for (const name of ['my-vmm', 'its-test']) write(name, '#!/bin/sh\nexit 0\n', 0o755);
  write('Makefile', 'test:\n\t@true\n');
  const files: readonly (readonly [from: string, to: string])[] = [
    ['two-cpu.dat', 'trace.dat'],
    ['two-cpu.dat', 'other.dat'],
    ['two-cpu.dat', 'a.dat'],
    ['two-cpu.dat', 'b.dat'],
    ['c/v6.c', 'my-check.c'],
    ['drain-once.mail', 'patch-v6-15.mail.txt'],
    ['drain-once.mail', 'series.mbox'],
  ];
  for (const [from, to] of files) copyFileSync(at(join('examples', from)), at(to));
  copyFileSync(at('scenarios/SC-04-forty-folios.yaml'), at('large.yaml'));
  for (const path of ['.zfunc', '.config/fish/completions', '.local/share/bash-completion/completions'])
    mkdirSync(at(path), { recursive: true });
  const git = (...args: readonly string[]) =>
    packed.run('git', '-C', at('linux'), '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args);
  write('linux/mm/folio.c', 'void folio_add_lru(struct folio *folio)\n{\n}\n');
  for (const form of ['baseline', 'v6']) {
    write('linux/virt/kvm/guest_memfd.c', readFileSync(at(`examples/c/${form}.c`), 'utf8'));
    git('init', '-q');
    git('add', '.');
    expect(git('commit', '-q', '-m', `KVM: guest_memfd: ${form}`)).toMatchObject({ status: 0, stderr: '' });
  }
}

interface Ended {
  /** Its exit code, or the signal that ended it. */
  readonly status: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in bash, and ends it by Ctrl-C if it goes on for long. */
async function ended(command: string): Promise<Ended> {
  const shell = spawn('bash', ['-c', `set -o pipefail; ${command}`], {
    cwd: folder,
    env: { ...process.env, HOME: folder, PATH: `${at('bin')}:${process.env['PATH']}`, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [stdout, stderr] = ['', ''];
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const signal = (name: 'SIGINT' | 'SIGKILL') => () => process.kill(-(shell.pid ?? 0), name);
  const timers = [setTimeout(signal('SIGINT'), PATIENCE), setTimeout(signal('SIGKILL'), PATIENCE + GRACE)];
  const status = await new Promise<Ended['status']>((resolve) => {
    shell.once('close', (code, by) => resolve(code ?? by));
  });
  for (const timer of timers) clearTimeout(timer);
  return { status, stdout, stderr };
}

test('the help and the docs have many', () => {
  expect(names.length).toBeGreaterThan(14);
  expect(COMMANDS.length).toBeGreaterThan(60);
});

const isPrepared = new Promise<void>((resolve) => {
  prepare();
  resolve();
});

test.each(COMMANDS)('%s', { timeout: 2 * (PATIENCE + GRACE) }, async (command) => {
  await isPrepared;
  const here = READERS.reduce((text, [inText, there]) => text.replaceAll(inText, () => there), command);
  const { status, stdout, stderr } = await ended(here);
  expect(stderr).not.toMatch(/^ {4}at |^folioscope: .*defect/m);
  // 69: this machine lacks something, which the line on standard error says.
  if (status === 69) expect(stderr).toMatch(/^folioscope/);
  else expect([0, 1, 2, 'SIGINT']).toContain(status);
  const isText = !/--json|--csv|query \S+ '|--drgn|completion/.test(command);
  // A quotation of a diff, a path and an address stay whole.
  const wide = stdout.split('\n').filter((line) => line.length > MAIL_COLUMNS && !/^> |^http|^not run /.test(line));
  if (isText) expect(wide).toEqual([]);
});

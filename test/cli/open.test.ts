// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMAND, folioscope, ROOT } from './folioscope.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-open-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Starts the server, lets `ask` use its address, and ends it as Ctrl-C does. */
async function served(args: readonly string[], ask: (address: string) => Promise<void>) {
  const server = spawn(process.execPath, [...COMMAND, 'open', '--no-browser', ...args], { cwd: ROOT });
  let stdout = '';
  const address = await new Promise<string>((resolve, reject) => {
    server.once('exit', () => reject(new Error('it has ended')));
    server.stdout.on('data', (piece: Buffer) => {
      stdout += piece.toString();
      if (stdout.endsWith('\n')) resolve(stdout.trim());
    });
  });
  await ask(address);
  const code = new Promise((resolve) => {
    server.once('exit', resolve);
  });
  server.kill('SIGINT');
  return { stdout, code: await code };
}

test('serves the page and the file until Ctrl-C, and prints the address on a line of its own', async () => {
  const file = 'examples/two-cpu.dat';
  const { stdout, code } = await served([file], async (address) => {
    expect(await (await fetch(address)).text()).toContain('content="[&quot;two-cpu.dat&quot;]"');
    const bytes = new Uint8Array(await (await fetch(`${address}opened/0`)).arrayBuffer());
    expect(Buffer.from(bytes).equals(readFileSync(join(ROOT, file)))).toBe(true);
  });
  expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n$/);
  expect(code).toBe(0);
});

test('brings the scenario that a counterexample was found in', async () => {
  const found = join(folder, 'refused.json');
  const scenario = 'scenarios/SC-02-other-cpu.yaml';
  writeFileSync(found, folioscope(['check', '--json', scenario, '--patch', 'baseline']).stdout);
  await served([found], async (address) => {
    expect(await (await fetch(`${address}opened/1`)).text()).toBe(readFileSync(join(ROOT, scenario), 'utf8'));
  });
});

test('refuses in one line what it cannot open', () => {
  writeFileSync(join(folder, 'empty.dat'), '');
  writeFileSync(join(folder, 'bad.yaml'), 'scenario: T\ntitle: 1\n');
  const answers = ['nothing.dat', 'scenarios', join(folder, 'empty.dat'), join(folder, 'bad.yaml')].map((file) => {
    const { status, stderr, stdout } = folioscope(['open', file]);
    expect(stdout).toBe('');
    return [status, stderr.split('\n').length, stderr.split(': ').at(-1)?.trim()];
  });
  expect(answers.map(([status, lines]) => [status, lines])).toEqual(answers.map(() => [65, 2]));
  expect(answers.slice(0, 3).map(([, , why]) => why)).toEqual([
    'no such file or directory',
    'is a directory, expected a file',
    'is empty',
  ]);
  expect(folioscope(['open', '--port', '70000']).status).toBe(64);
});

test('says that a port is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    other.once('listening', resolve);
  });
  const bound = other.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const { status, stderr } = folioscope(['open', '--no-browser', '--port', String(port)]);
  other.close();
  expect(status).toBe(69);
  expect(stderr).toContain(`port ${port} cannot be used`);
});

test('writes the page and the file as one file', () => {
  const to = join(folder, 'one.html');
  expect(folioscope(['open', 'examples/two-cpu.dat', '--save', to]).status).toBe(0);
  const [, name, base64 = ''] =
    /<script type="application\/octet-stream" class="folioscope-opened" data-name="([^"]*)">([^<]*)<\/script>\n$/.exec(
      readFileSync(to, 'utf8'),
    ) ?? [];
  expect(name).toBe('two-cpu.dat');
  expect(Buffer.from(base64, 'base64').equals(readFileSync(join(ROOT, 'examples/two-cpu.dat')))).toBe(true);
});

// SPDX-License-Identifier: MIT
// Ctrl-C, as a signal and as a key pressed at a terminal.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { COMMAND, ROOT } from './folioscope.ts';

/** So large that nobody waits for its end: 119 million states under one form alone. */
const LARGE = ['scenarios/peer-protocol.yaml', '--cpus', '4', '--folios', '4', '--exact', '--patch', 'v6,baseline'];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-interrupted-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Waits until a process has said something, interrupts it, and waits for its end. */
async function interrupted(
  child: ChildProcessWithoutNullStreams,
  wanted: RegExp,
  interrupt: () => void,
): Promise<{ readonly code: unknown; readonly output: string }> {
  let output = '';
  let isSent = false;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (isSent || !wanted.test(output)) return;
      isSent = true;
      interrupt();
    });
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, output };
}

test('SIGINT ends --all with what is known, and says what was not run', async () => {
  const small = readFileSync(join(ROOT, 'scenarios/SC-02-other-cpu.yaml'), 'utf8');
  const large = readFileSync(join(ROOT, 'scenarios/peer-protocol.yaml'), 'utf8')
    .replace(/^cpus: .*$/m, 'cpus: 4')
    .replace(/^folios: .*$/m, 'folios: 4');
  writeFileSync(join(folder, '1-small.yaml'), small);
  writeFileSync(join(folder, '2-large.yaml'), large);
  writeFileSync(join(folder, '3-small.yaml'), small);
  const child = spawn(process.execPath, [...COMMAND, 'check', '--all', folder, '--no-symmetry', '--no-partial-order'], {
    cwd: ROOT,
  });
  const { code, output } = await interrupted(child, /SC-02/, () => child.kill('SIGINT'));
  expect(code).toBe(2);
  expect(output).toMatch(
    /^as expected .*\n(?: .*\n)*undecided .*\n(?: .*\n)* +not run: local-drain, v6\nnot run +.*3-small.yaml\n3 scenarios: 1 as expected, 1 undecided, 1 not run\n$/,
  );
});

// Several threads have room for 200 million states each: more than 4 GiB.
test.each(['1', '2'])(
  'at a terminal it says how far it is, and Ctrl-C ends it with what is known: %s threads',
  async (threads) => {
    const command = [process.execPath, ...COMMAND, 'check', ...LARGE, '--workers', threads]
      .map((word) => `'${word}'`)
      .join(' ');
    const child = spawn('script', ['-qefc', `stty cols 100; exec ${command}`, '/dev/null'], { cwd: ROOT });
    const progress =
      /peer-protocol, v6: \d+ states, \d+\/s, depth \d+, \d+ queued, at least \d+ (?:s|min) more, \d+ MiB/;
    const { code, output } = await interrupted(child, progress, () => child.stdin.write('\u0003'));
    expect(code).toBe(2);
    expect(output).toContain('v6: UNDECIDED: interrupted\r\n  no violation so far; explored: ');
    expect(output).toContain('not run: baseline: interrupted\r\n');
  },
);

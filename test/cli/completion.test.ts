// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacking } from '../needs.ts';
import { folioscope } from './folioscope.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-completion-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function scriptOf(shell: string): string {
  const { status, stdout } = folioscope(['completion', shell]);
  expect(status).toBe(0);
  const path = join(folder, shell);
  writeFileSync(path, stdout);
  return path;
}

describe('bash', () => {
  const complete = (script: string, ...words: string[]): string[] => {
    const line = words.map((word) => `'${word}'`).join(' ');
    const text = `source ${script}; COMP_WORDS=(folioscope ${line}); COMP_CWORD=${words.length}; _folioscope; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', text], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '');
  };

  test('completes commands, options and fixed values, and leaves files to the shell', () => {
    const script = scriptOf('bash');
    expect(complete(script, '')).toEqual([
      'run',
      'check',
      'merge',
      'worker',
      'review',
      'explain',
      'conform',
      'source',
      'record',
      'inspect',
      'doctor',
      'demo',
      'open',
      'query',
      'export',
      'completion',
      '--help',
      '--version',
    ]);
    expect(complete(script, 'ru')).toEqual(['run']);
    expect(complete(script, 'run', '--pa')).toEqual(['--patch', '--page-ref']);
    expect(complete(script, 'run', 'scen')).toEqual([]);
    expect(complete(script, 'export', '--')).toEqual(
      expect.arrayContaining(['--promela', '--murphi', '--c', '--replay']),
    );
    expect(complete(script, 'completion', 'z')).toEqual(['zsh']);
    expect(complete(script, 'nothing', '--')).toEqual([]);
  });
});

describe.each(['zsh', 'fish'])('%s', (shell) => {
  test('is named for the shell and has every option', () => {
    const { stdout } = folioscope(['completion', shell]);
    for (const word of ['run', 'explain', 'completion', 'patch', 'profile', 'steps']) expect(stdout).toContain(word);
  });

  test('is a script that the shell reads', ({ skip }) => {
    const why = lacking(shell);
    if (why !== undefined) skip(why);
    expect(spawnSync(shell, ['-n', scriptOf(shell)], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
});

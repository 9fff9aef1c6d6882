// SPDX-License-Identifier: MIT
// Without the optional package everything else works, and what needs it says so in one line.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMAND, ROOT } from '../cli/folioscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'folioscope-koffi-'));
afterAll(() => rmSync(folder, { recursive: true }));

const hooks = join(folder, 'hooks.mjs');
writeFileSync(
  hooks,
  `export const resolve = (name, context, next) => {
  if (name === 'koffi') throw Object.assign(new Error("Cannot find package 'koffi'"), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(name, context);
};
`,
);
const register = join(folder, 'register.mjs');
writeFileSync(register, `import { register } from 'node:module';\nregister(${JSON.stringify(`file://${hooks}`)});\n`);

const folioscope = (args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', register, ...COMMAND, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

describe('without koffi', () => {
  test.each([['demo'], ['record'], ['inspect']])('%s says what is missing, and how to get it', (command) => {
    expect(folioscope([command])).toEqual({
      status: 69,
      stdout: '',
      stderr: expect.stringMatching(
        /^folioscope: the npm package koffi cannot be loaded \(.*\); to get it: npm install koffi .*\n$/,
      ),
    });
  });

  test('doctor says it among its results', () => {
    const { status, stdout } = folioscope(['doctor', 'koffi']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^0 of 1 check ok\n {2}missing {5}koffi: /);
  });

  test('explain works', () => {
    expect(folioscope(['explain', 'examples/two-cpu.dat', '--at', 'end'])).toMatchObject({ status: 0, stderr: '' });
  });
});

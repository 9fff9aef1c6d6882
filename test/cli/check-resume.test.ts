// SPDX-License-Identifier: MIT
// A checkpoint that is gone on from with other files: the message names the file that has changed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folioscope, ROOT } from './folioscope.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-resume-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a form that was edited has changed, and does not fail', { timeout: 120_000 }, () => {
  const [form, kept] = [join(folder, 'form.ts'), join(folder, 'kept')];
  const text = readFileSync(join(ROOT, 'examples/drain-and-trust.ts'), 'utf8');
  const check = (...more: readonly string[]) =>
    folioscope(['check', 'scenarios/SC-02-other-cpu.yaml', '--patch', form, '--checkpoint', kept, ...more]);
  writeFileSync(form, text);
  expect(check('--most-states', '10').status).toBe(2);
  writeFileSync(form, `// Another comment.\n${text}`);
  expect(check('--resume', '--most-states', '20')).toMatchObject({ status: 2, stderr: '' });
  writeFileSync(form, text.replace('judgement.safe.set(true)', 'judgement.safe.set(false)'));
  const { status, stderr } = check('--resume');
  expect(status).toBe(65);
  expect(stderr).toBe(
    `folioscope: ${form} has changed since the checkpoint was begun: the checkpoint belongs to another question: repeat that command, or start again with an empty directory\n`,
  );
});

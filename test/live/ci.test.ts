// SPDX-License-Identifier: MIT
// docs/ci.md: its command and its test, as they stand there.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { COMMAND, ROOT } from '../cli/folioscope.ts';
import { lackingGuestMemfd, lackingTracefs } from './machine.ts';

const why = lackingTracefs() ?? (await lackingGuestMemfd());
const page = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');
const [command = '', itsTest = ''] = [...page.matchAll(/```sh\n([^]*?)```/g)].map(([, code = '']) => code);

const folder = mkdtempSync(join(tmpdir(), 'folioscope-ci-'));
afterAll(() => rmSync(folder, { recursive: true }));

function executable(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), 0o755);
}

const run = () =>
  spawnSync('sh', ['-c', command], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` },
  });

test('the page has the command and the test', () => {
  expect(command).toBe('folioscope record --quiet-if-well --fail-on spurious -- ./its-test\n');
  expect(itsTest).toContain('exec folioscope demo');
});

test('a build fails on a refusal that nothing but batches cause, and passes without one', ({ skip }) => {
  if (why !== undefined) skip(why);
  executable(
    'folioscope',
    `#!/bin/sh\nexec '${process.execPath}' ${COMMAND.map((word) => `'${word}'`).join(' ')} "$@"\n`,
  );
  executable('its-test', itsTest);
  // Other work may flush the batch between the touch and the marker: one of ten runs undisturbed is enough.
  const codes: (number | null)[] = [];
  for (let attempt = 0; attempt < 10 && !codes.includes(1); attempt++) {
    const { status, stdout } = run();
    codes.push(status);
    if (status === 1) expect(stdout).toMatch(/refused without a drain|returned -EAGAIN/);
  }
  expect(codes).toContain(1);
  executable('its-test', '#!/bin/sh\nexit 0\n');
  expect(run()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  executable('its-test', '#!/bin/sh\nexit 3\n');
  expect(run()).toMatchObject({ status: 3, stdout: '' });
});

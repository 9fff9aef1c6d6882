// SPDX-License-Identifier: MIT
// A simulated run as a trace file, read again by explain.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folioscope } from './folioscope.ts';

const SC_02 = 'scenarios/SC-02-other-cpu.yaml';
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-trace-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('explain reads a simulated run like a recorded one', async () => {
  const file = join(folder, 'trace');
  expect(folioscope(['run', SC_02, '--patch', 'baseline', '--trace', file]).status).toBe(0);
  await expect(readFileSync(file, 'utf8')).toMatchFileSnapshot('../golden/trace-SC-02.txt');
  const { status, stdout, stderr } = folioscope(['explain', file, '--json']);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({
    trace: { format: 'ftrace text', events: 3, cpus: [0, 1] },
    inodes: [{ dev: '0:15', ino: '0x3961' }],
    conversions: [{ cpu: 0, fd: 8, returned: -11, drained: null }],
    moments: [{ folios: [{ index: 0, pfn: 0, holders: [{ kind: 'page-cache' }, { kind: 'lru-add-batch', cpu: 1 }] }] }],
  });
});

test('with page_ref events every holder is proved', () => {
  const file = join(folder, 'page-ref');
  expect(folioscope(['run', SC_02, '--patch', 'baseline', '--trace', file, '--page-ref']).status).toBe(0);
  const { moments } = JSON.parse(folioscope(['explain', file, '--json']).stdout) as {
    readonly moments: readonly { readonly folios: readonly object[] }[];
  };
  expect(moments.at(-1)?.folios).toMatchObject([{ strength: 'proved' }]);
});

test('what goes with --trace is a usage error otherwise', () => {
  const usage = (message: string) => ({ status: 64, stdout: '', stderr: `folioscope: ${message}\n` });
  expect(folioscope(['run', SC_02, '--trace', 'x'])).toEqual(
    usage('--trace writes one run: name one scenario file and one form with --patch, and leave out --runs'),
  );
  expect(folioscope(['run', SC_02, '--page-ref'])).toEqual(usage('--page-ref needs --trace'));
});

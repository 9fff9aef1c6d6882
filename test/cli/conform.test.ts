// SPDX-License-Identifier: MIT
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folioscope, ROOT } from './folioscope.ts';
import { validatorOf } from './schema.ts';

const valid = validatorOf('conform');

test('a recording that conforms: exit 0, its counts, and a document as the schema says', () => {
  const { status, stdout } = folioscope(['conform', '--json', 'examples/two-cpu.dat']);
  expect(status).toBe(0);
  const document = JSON.parse(stdout) as Record<string, unknown>;
  valid(document);
  expect(valid.errors ?? []).toEqual([]);
  expect(document).toMatchObject({ verdict: 'conforms', events: 401, consumed: 401, matched: 389, divergence: null });
});

test('the form of the check is found, and a wrong one diverges: exit 1, with the event and the guard', () => {
  const { status, stdout } = folioscope(['conform', '--json', 'examples/refused.txt']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ recordings: [{ forms: ['baseline', 'local-drain'] }] });

  const wrong = folioscope(['conform', '--patch', 'v8', 'examples/refused.txt']);
  expect(wrong.status).toBe(1);
  expect(wrong.stdout).toContain('first divergence');
  expect(wrong.stdout).toContain('not held: ');
  expect(wrong.stdout.split('\n').every((line) => line.length <= 75)).toBe(true);
  const document: unknown = JSON.parse(
    folioscope(['conform', '--json', '--patch', 'v8', 'examples/refused.txt']).stdout,
  );
  valid(document);
  expect(valid.errors ?? []).toEqual([]);
});

test('a recording without an event that the model has a step for is undecided: exit 2', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folioscope-conform-'));
  const file = join(folder, 'markers.txt');
  const head = '# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1   #P:1\n#\n';
  writeFileSync(file, `${head}           vmm-1000    [000] .....     1.000001: tracing_mark_write: hello\n`);
  const { status, stdout } = folioscope(['conform', file]);
  rmSync(folder, { recursive: true });
  expect(status).toBe(2);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('undecided: no event was matched');
});

test('what is no recording is 65, and an unknown profile 64', () => {
  expect(folioscope(['conform', join(ROOT, 'package.json')]).status).toBe(65);
  expect(folioscope(['conform', '--profile', 'linux-1.0', 'examples/two-cpu.dat']).status).toBe(64);
  expect(readFileSync(join(ROOT, 'schema/conform.schema.json'), 'utf8')).toContain('folioscope.conform/1');
});

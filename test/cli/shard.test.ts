// SPDX-License-Identifier: MIT
// Shards of check --all, put together, are what one machine says, byte for byte.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { folioscope } from './folioscope.ts';
import { validatorOf } from './schema.ts';

// Every question is a process of its own.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-shard-'));
  const own = (name: string): string => new URL(`../../scenarios/${name}.yaml`, import.meta.url).pathname;
  for (const name of ['SC-01-same-cpu', 'SC-02-other-cpu']) copyFileSync(own(name), join(folder, `${name}.yaml`));
  writeFileSync(join(folder, 'bad.yaml'), 'scenario: [\n');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const ASKED = ['check', '--all', '.', '--patch', 'baseline'];
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  folioscope(args, { cwd: folder, env });

/** The documents of all shards, in files. */
function shards(of: number, ...more: readonly string[]): readonly string[] {
  return Array.from({ length: of }, (_, i) => {
    const { stdout } = run([...ASKED, '--shard', `${i + 1}/${of}`, ...more]);
    const file = join(folder, `${i + 1}-of-${of}.txt`);
    writeFileSync(file, stdout);
    return file;
  });
}

test('shards are merged, in whatever order and also twice, to what one machine says', () => {
  const one = run(ASKED);
  expect(one.status).toBe(65);
  const files = shards(3);
  const merged = run(['merge', ...files.toReversed(), files[0] ?? '']);
  expect(merged).toMatchObject({ status: one.status, stdout: one.stdout, stderr: one.stderr });
  const [first = '', ...rest] = files;
  const piped = folioscope(['merge', '-', ...rest], { cwd: folder, input: readFileSync(first) });
  expect(piped.stdout).toBe(one.stdout);
});

test('a shard keeps its schema, and takes its number from an Indexed Job', () => {
  const { stdout } = run([...ASKED, '--shard', 'job/3'], { JOB_COMPLETION_INDEX: '1' });
  expect(stdout).toBe(run([...ASKED, '--shard', '2/3']).stdout);
  const validate = validatorOf('check-all');
  const document: unknown = JSON.parse(stdout);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  expect(document).toMatchObject({ schema: 'folioscope.check-all/1', shard: '2/3' });
  expect(run([...ASKED, '--shard', '2/3', '--json']).stdout).toBe(stdout);
});

test('--json of merged shards is that of one machine, and says of each scenario what the text says', () => {
  const one = run([...ASKED, '--json']);
  const validate = validatorOf('check-all');
  const document = JSON.parse(one.stdout) as Answered;
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  for (const key of ['shard', 'version', 'question']) expect(document).not.toHaveProperty(key);
  expect(document).toMatchObject({ schema: 'folioscope.check-all/1', files: 3, mistakes: 1, outcome: 'as expected' });
  const text = run(ASKED).stdout;
  for (const { scenario, outcome, patches = [] } of document.results.filter((result) => result.mistake === undefined)) {
    const [, states] = new RegExp(`${outcome} +${scenario}: [^]*?(\\d+) states`).exec(text) ?? [];
    expect(patches.reduce((sum, patch) => sum + patch.states, 0)).toBe(Number(states));
  }
  const files = shards(3);
  const merged = run(['merge', '--json', ...files.toReversed()]);
  expect(merged).toEqual({ ...one, stderr: one.stderr });
});

interface Answered {
  readonly results: readonly {
    readonly scenario?: string;
    readonly outcome?: string;
    readonly mistake?: string;
    readonly patches?: readonly { readonly states: number }[];
  }[];
}

describe('mistakes', () => {
  test('of the shards are told, and nothing is merged', () => {
    const [first = '', second = ''] = shards(2);
    const message = (...files: readonly string[]): string => {
      const { status, stdout, stderr } = run(['merge', ...files]);
      expect([status, stdout]).toEqual([65, '']);
      return stderr;
    };
    expect(message(first)).toBe('folioscope: shard 2 of 2 is missing, expected all of them\n');
    expect(message('bad.yaml')).toContain('bad.yaml: not JSON, expected what check --all --shard I/N printed');
    writeFileSync(join(folder, 'other.json'), run([...ASKED, '--exact', '--shard', '2/2']).stdout);
    expect(message(first, 'other.json')).toContain('other.json: of another question than');
    expect(message(first, second, join(folder, 'none'))).toContain('cannot be read: no such file or directory');
  });

  test.each(['0/2', '3/2', '1', 'x/2', '1/2000'])('%s is no shard', (word) => {
    expect(run([...ASKED, '--shard', word])).toMatchObject({ status: 64 });
  });
  test('a job without its number, and one scenario', () => {
    expect(run([...ASKED, '--shard', 'job/2'], { JOB_COMPLETION_INDEX: '' }).stderr).toContain(
      'JOB_COMPLETION_INDEX is not set',
    );
    expect(run(['check', 'SC-02-other-cpu.yaml', '--shard', '1/2']).stderr).toContain('--shard needs --all');
  });
});

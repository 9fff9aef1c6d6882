// SPDX-License-Identifier: MIT
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MUTANTS } from '../../src/kernel/index.ts';
import { folioscope } from './folioscope.ts';

const FILE = 'scenarios/SC-02-other-cpu.yaml';
const NAME = 'mutant:drains-itself-only';
const ANNOUNCED = `${NAME} is wrong on purpose: it drains its own CPU`;

test.each(['run', 'check'])('%s announces a mutant before anything that it came to', (command) => {
  const { stdout, status } = folioscope([command, FILE, '--patch', NAME]);
  expect(status).toBe(1);
  expect(stdout.split('\n')[1]).toBe(ANNOUNCED);
});

describe('in what is written for other programs', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'folioscope-mutants-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('a trace says so in a comment that explain skips', () => {
    const file = join(folder, 'trace');
    expect(folioscope(['run', FILE, '--patch', NAME, '--trace', file]).status).toBe(1);
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines.slice(0, 3)).toEqual(['# tracer: nop', '#', `# ${ANNOUNCED}`]);
    const { stdout, stderr } = folioscope(['explain', file, '--json']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ trace: { events: 3 }, conversions: [{ returned: -11 }] });
  });

  test('so does the shortest run in ITF', () => {
    const file = join(folder, 'run.itf.json');
    expect(folioscope(['check', FILE, '--patch', NAME, '--itf', file]).status).toBe(1);
    expect(readFileSync(file, 'utf8')).toContain(`SC-02: A page faulted on another CPU; ${ANNOUNCED}: a shortest run`);
  });

  test.each([
    ['--promela', `/* ${ANNOUNCED} */`],
    ['--murphi', `-- ${ANNOUNCED}`],
  ])('so does a model, %s', (language, line) => {
    const { stdout, status } = folioscope(['export', language, FILE, '--patch', NAME]);
    expect(status).toBe(0);
    expect(stdout.split('\n')[1]).toBe(line);
  });
});

test('check --all counts them apart from the forms', () => {
  const { stdout } = folioscope(['check', '--all', 'scenarios/SC-10-gup-fast.yaml']);
  expect(stdout).toMatch(/\(5 forms and 1 mutant, \d+\s+states\)/);
});

test('a count that a mutant leaves wrong is an answer of run, and no defect of folioscope', () => {
  const args = ['run', 'scenarios/SC-40-wrong-checks.yaml', '--patch', 'mutant:breaks-without-release'];
  const { stdout, stderr, status } = folioscope([...args, '--steps', 'none']);
  expect({ stderr, status }).toEqual({ stderr: '', status: 1 });
  expect(stdout).toContain('I6 violated in mutant:breaks-without-release');
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('has count 2, but its holders add up to 1; the run ends there');
  const { scenarios } = JSON.parse(folioscope([...args, '--json']).stdout) as {
    readonly scenarios: readonly { readonly patches: readonly object[] }[];
  };
  expect(scenarios[0]?.patches[0]).toMatchObject({
    asExpected: false,
    imbalance: expect.stringContaining('has count 2') as unknown,
  });
});

test('so do many runs and JSON', () => {
  expect(folioscope(['run', FILE, '--patch', NAME, '--runs', '2']).stdout.split('\n')[1]).toBe(ANNOUNCED);
  const { stdout } = folioscope(['check', '--json', FILE, '--patch', NAME]);
  expect(JSON.parse(stdout)).toMatchObject({ patch: NAME, mutant: 'it drains its own CPU' });
});

test('check --mutants lists them all; no other list has one', () => {
  const { stdout, status } = folioscope(['check', '--mutants']);
  expect(status).toBe(0);
  expect(stdout.split('\n').filter((line) => line.startsWith('mutant:'))).toEqual(
    MUTANTS.map(({ patch }) => patch.name),
  );
  for (const command of [
    ['check', '--help'],
    ['completion', 'bash'],
  ]) {
    const shown = folioscope(command).stdout;
    for (const { name } of MUTANTS.filter(({ patch }) => patch.name !== NAME)) expect(shown).not.toContain(name);
  }
});

test('an unknown one is a mistake in the command, that says where they are listed', () => {
  const { stderr, status } = folioscope(['run', FILE, '--patch', 'mutant:drains']);
  expect(status).toBe(64);
  expect(stderr).toContain("There is no 'mutant:drains'; 'folioscope check --mutants' lists every mutant.");
  expect(folioscope(['run', FILE, '--patch', 'drains-itself-only']).status).toBe(64);
});

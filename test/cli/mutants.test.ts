// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { MUTANTS } from '../../src/kernel/index.ts';
import { folioscope } from './folioscope.ts';

const FILE = 'scenarios/SC-02-other-cpu.yaml';
const NAME = 'mutant:drains-itself-only';
const ANNOUNCED = `${NAME}, a mistake made on purpose: it drains its own CPU`;

test.each(['run', 'check'])('%s announces a mutant before anything that it came to', (command) => {
  const { stdout, status } = folioscope([command, FILE, '--patch', NAME]);
  expect(status).toBe(1);
  expect(stdout.split('\n')[1]).toBe(ANNOUNCED);
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
  expect(stderr).toContain("There is no 'mutant:drains', see 'folioscope check --mutants'");
  expect(folioscope(['run', FILE, '--patch', 'drains-itself-only']).status).toBe(64);
});

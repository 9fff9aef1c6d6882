// SPDX-License-Identifier: MIT
// The scenarios that ship: each comes out as it says under every form of the check, and its report can be mailed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { PATCHES } from '../src/machine/index.ts';
import { runReport } from '../src/report/index.ts';
import { isWell, parseScenario, runScenario, type ScenarioAnswer } from '../src/scenario/index.ts';

const FOLDER = fileURLToPath(new URL('../scenarios', import.meta.url));
// A file that begins with a model of its own is for check alone.
const files = readdirSync(FOLDER).filter((file) => !readFileSync(join(FOLDER, file), 'utf8').startsWith('model:'));

describe.each(files)('%s', (file) => {
  let answer: ScenarioAnswer;
  beforeAll(() => {
    const scenario = parseScenario(file, readFileSync(join(FOLDER, file), 'utf8'));
    answer = { scenario, patches: PATCHES.map((patch) => runScenario(scenario, { patch })) };
  });

  test('is named like the scenario in it, and begins with its schema', () => {
    expect(file.startsWith(answer.scenario.name)).toBe(true);
    expect(answer.scenario.about).toMatch(/\.$/);
    expect(readFileSync(join(FOLDER, file), 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/schema\/scenario\.schema\.json\n/,
    );
  });

  test('expects something of every conversion, under every form, and gets it', () => {
    const unexpecting = answer.patches.flatMap(({ patch, calls }) =>
      calls.filter(({ conversion, expected }) => conversion !== undefined && expected === undefined).map(() => patch),
    );
    expect(unexpecting).toEqual([]);
    expect(answer.patches.map((patch) => [patch.patch, isWell(patch), patch.asExpected])).toEqual(
      PATCHES.map(({ name }) => [name, true, true]),
    );
  });

  test.each(['none', 'folded', 'all'] as const)('has a report of mailable width with steps %s', (steps) => {
    const command = ['folioscope', 'run', join('a folder', file), '--steps', steps];
    const lines = runReport(answer, { steps, command }).split('\n');
    expect(lines.filter((line) => line.length > 75)).toEqual([]);
    expect(lines.filter((line) => line.endsWith(' '))).toEqual([]);
    if (steps === 'folded') expect(lines.length).toBeLessThan(500);
  });
});

test('scenarios ship for what the first release promises', () => {
  expect(files).toEqual(
    expect.arrayContaining([
      'SC-01-same-cpu.yaml',
      'SC-02-other-cpu.yaml',
      'SC-03-migrated.yaml',
      'SC-04-forty-folios.yaml',
      'SC-11-vmsplice.yaml',
      'argument-errors.yaml',
    ]),
  );
});

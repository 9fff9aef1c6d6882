// SPDX-License-Identifier: MIT
// The command as a user runs it: output, exit codes, one line for every mistake.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folioscope, ROOT } from './folioscope.ts';

const SC_02 = 'scenarios/SC-02-other-cpu.yaml';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-check-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(join(ROOT, 'schema/check.schema.json'), 'utf8')) as object,
);

/** The document without what differs from run to run. */
const withoutCosts = (text: string): string =>
  text.replaceAll(/"(seconds|peakMemoryBytes)": [\d.]+/g, (_, what: string) => `"${what}": 0`);

describe('SC-02', () => {
  test.each([
    ['baseline', 1],
    ['v6', 0],
  ])('under %s, as text and as JSON', async (patch, code) => {
    const text = folioscope(['check', SC_02, '--patch', patch]);
    expect({ status: text.status, stderr: text.stderr }).toEqual({ status: code, stderr: '' });
    await expect(text.stdout).toMatchFileSnapshot(`../golden/check-SC-02-${patch}.txt`);
    const json = folioscope(['check', SC_02, '--patch', patch, '--json']);
    expect({ status: json.status, stderr: json.stderr }).toEqual({ status: code, stderr: '' });
    validate(JSON.parse(json.stdout));
    expect(validate.errors).toBeNull();
    await expect(withoutCosts(json.stdout)).toMatchFileSnapshot(`../golden/check-SC-02-${patch}.json`);
  });

  test('under every form: a table', async () => {
    const { status, stdout } = folioscope(['check', SC_02]);
    expect(status).toBe(1);
    await expect(stdout).toMatchFileSnapshot('../golden/check-SC-02.txt');
    expect(stdout.split('\n').every((line) => line.length <= 75)).toBe(true);
  });
});

test('a call that comes to something else than the scenario expects is a violation', () => {
  const file = join(folder, 'wrong.yaml');
  writeFileSync(
    file,
    `scenario: T
title: A page that two CPUs want
machine: { cpus: 2 }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
threads:
  T0: [{ convert: { range: 0..1, to: private }, expect: { every: { verdict: safe } } }]
  T1: [{ touch: 0..1, returns: [ok, SIGBUS] }]
`,
  );
  const { status, stdout } = folioscope(['check', file, '--patch', 'v6', '--json']);
  const found = JSON.parse(stdout) as {
    verdict: string;
    property: string;
    properties: { property: string; verdict: string; detail?: string }[];
  };
  expect(validate(found)).toBe(true);
  expect({ status, verdict: found.verdict, property: found.property }).toEqual({
    status: 1,
    verdict: 'violated',
    property: 'expected',
  });
  expect(
    found.properties.filter(({ verdict }) => verdict === 'violated').map(({ property, detail }) => [property, detail]),
  ).toEqual([['expected', '0.0']]);
});

test('a bound that is reached leaves it undecided', () => {
  const { status, stdout } = folioscope(['check', SC_02, '--patch', 'v6', '--most-states', '20']);
  expect(status).toBe(2);
  expect(stdout).toContain('v6: UNDECIDED');
});

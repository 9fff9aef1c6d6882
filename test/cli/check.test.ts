// SPDX-License-Identifier: MIT
// The command as a user runs it: output, exit codes, one line for every mistake.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folioscope, ROOT } from './folioscope.ts';
import { validatorOf } from './schema.ts';

const SC_02 = 'scenarios/SC-02-other-cpu.yaml';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-check-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const validate = validatorOf('check');

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

test('a pin is shown as what it is in the kernel', () => {
  const { stdout } = folioscope([
    'check',
    'scenarios/SC-11-pin-user-pages.yaml',
    '--patch',
    'examples/drain-and-trust.ts',
  ]);
  expect(stdout).toContain('| page 0: 1025 = 1 page-cache + 1024 gup\n');
});

test('a bound that is reached leaves it undecided', () => {
  const { status, stdout } = folioscope(['check', SC_02, '--patch', 'v6', '--most-states', '20']);
  expect(status).toBe(2);
  expect(stdout).toContain('v6: UNDECIDED');
});

describe('the peer protocol', () => {
  const FILE = 'scenarios/peer-protocol.yaml';

  test.each([
    [2, 2, 'baseline', 3095, 7550, 29, 10],
    [2, 2, 'local-drain', 3198, 7643, 31, 12],
    [2, 2, 'v6', 2612, 6286, 31, undefined],
    [2, 3, 'v6', 16_294, 41_624, 40, undefined],
    [3, 2, 'v6', 35_775, 124_835, 34, undefined],
  ])(
    '%i CPUs, %i folios, %s: what SPIN, TLC, Stateright and Rumur count',
    (cpus, folios, patch, states, transitions, depth, steps) => {
      const size = ['--cpus', String(cpus), '--folios', String(folios)];
      const { status, stdout } = folioscope(['check', FILE, ...size, '--patch', patch, '--exact', '--json']);
      const found = JSON.parse(stdout) as { counterexample?: { length: number } };
      expect(validate(found)).toBe(true);
      expect(found).toMatchObject({ verdict: steps === undefined ? 'holds' : 'violated', states, transitions, depth });
      expect([status, found.counterexample?.length]).toEqual([steps === undefined ? 0 : 1, steps]);
    },
  );

  test('with the symmetry of its CPUs, and the run as text', () => {
    const { stdout } = folioscope(['check', FILE, '--cpus', '3', '--folios', '2', '--patch', 'v6', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'holds', states: 18_790, reductions: ['symmetry'] });
    const text = folioscope(['check', FILE, '--cpus', '2', '--patch', 'baseline']).stdout;
    expect(text).toContain('The shortest run against no false positive: 10 steps, 1 context switch');
    expect(text.split('\n').every((line) => line.length <= 75)).toBe(true);
  });

  test.each([
    [['--patch', 'v8'], "the peer protocol has no form 'v8', expected baseline, local-drain, v6"],
    [['--cpus', '0'], 'Expected a whole number above 0.'],
  ])('%j is a usage error', (options, message) => {
    const { status, stderr } = folioscope(['check', FILE, ...options]);
    expect(status).toBe(64);
    expect(stderr).toContain(message);
  });

  test('is not run, and left out where a directory is', () => {
    expect(folioscope(['run', FILE])).toMatchObject({
      status: 65,
      stderr: `folioscope: ${FILE}:1:1: model: another model than the kernel: only folioscope check explores it\n`,
    });
  });
});

describe('--all', () => {
  test('every scenario that comes with folioscope is what its file says', { timeout: 1_200_000 }, () => {
    const { status, stdout } = folioscope(['check', '--all']);
    expect(stdout).toMatch(/\n(\d+) scenarios: \1 as expected\n$/);
    expect(status).toBe(0);
  });

  test('says what is not', () => {
    const text = readFileSync(join(ROOT, SC_02), 'utf8');
    writeFileSync(join(folder, 'right.yaml'), text);
    writeFileSync(join(folder, 'silent.yaml'), text.replace(/^check:[^]*/m, ''));
    writeFileSync(join(folder, 'wrong.yaml'), text.replace(/^check:[^]*/m, 'check: { every: holds }\n'));
    const { status, stdout } = folioscope(['check', '--all', folder, '--patch', 'baseline']);
    expect({ status, stdout }).toEqual({
      status: 1,
      stdout: `as expected     SC-02: A page faulted on another CPU (1 form, 21 states)
                violated: I2 in baseline
says nothing    SC-02: A page faulted on another CPU (1 form, 21 states)
                baseline: the file has no entry for it under 'check'
NOT as expected SC-02: A page faulted on another CPU (1 form, 21 states)
                baseline: I2 is violated in 18 steps
3 scenarios: 1 as expected, 1 says nothing, 1 NOT as expected
`,
    });
  });
});

test('a form that cannot be used is told, and the others are answered', () => {
  const file = join(folder, 'none.c');
  writeFileSync(file, 'int x;\n');
  const { status, stdout, stderr } = folioscope(['check', SC_02, '--patch', `v6,${file},baseline`]);
  expect(status).toBe(65);
  expect(stderr).toBe(
    `folioscope: ${file}:1:1: has no function, expected kvm_gmem_is_safe_for_conversion() or another check\n`,
  );
  expect(stdout).toMatch(/^v6: HOLDS/m);
  expect(stdout).toMatch(/^baseline: VIOLATED/m);
});

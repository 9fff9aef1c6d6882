// SPDX-License-Identifier: MIT
// What the command writes, and one line for every mistake. Other checkers explore it in test/export.test.ts.
import { describe, expect, test } from 'vitest';
import { folioscope } from './folioscope.ts';

const SC_02 = 'scenarios/SC-02-other-cpu.yaml';

describe('a model', () => {
  test('in Promela is a process with a step for each step of each task', () => {
    const { status, stdout, stderr } = folioscope(['export', '--promela', SC_02, '--patch', 'v6']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toBe(
      '/* SC-02: A page faulted on another CPU; v6, linux-7.3. Written by folioscope export. */',
    );
    expect(stdout).toContain('active proctype machine()');
    expect(stdout).toMatch(/:: d_step \{ \/\* task 0: .*lru_add_drain_all > .* \*\//);
  });

  test('in Murphi has a rule for each step of each task, and the properties as invariants', () => {
    const { status, stdout, stderr } = folioscope(['export', '--murphi', SC_02, '--patch', 'v6']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/rule "task 0: .*lru_add_drain_all > .*"/);
    expect(stdout).toContain('invariant "I6"');
  });
});

test.each([
  [['--promela', SC_02], /required option '--patch <name>'/],
  [[SC_02, '--patch', 'v6'], /expected one of --promela and --murphi/],
  [['--promela', '--murphi', SC_02, '--patch', 'v6'], /expected one of --promela and --murphi/],
  [['--promela', SC_02, '--patch', 'v6,v8'], /Expected one form/],
])('%j is a mistake in the command line', (args, message) => {
  const { status, stdout, stderr } = folioscope(['export', ...args]);
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

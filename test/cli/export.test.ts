// SPDX-License-Identifier: MIT
// What the command writes, and one line for every mistake. Other checkers explore it in test/export.test.ts.
import { describe, expect, test } from 'vitest';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  [[SC_02, '--patch', 'v6'], /expected one of --promela, --murphi, --c, --parquet, --perfetto and --trace/],
  [
    ['--promela', '--murphi', SC_02, '--patch', 'v6'],
    /expected one of --promela, --murphi, --c, --parquet, --perfetto and --trace/,
  ],
  [['--promela', SC_02, '--patch', 'v6,v8'], /Expected exactly one form/],
  [
    ['--promela', SC_02, '--c', 'x.c', '--patch', 'v6'],
    /expected one of --promela, --murphi, --c, --parquet, --perfetto and --trace/,
  ],
  [['--promela', SC_02, '--patch', 'v6', '--replay', 'x.json'], /--replay goes with --c/],
  [[SC_02, '--c', 'no/such/folder/x.c'], /no\/such\/folder\/x\.c: cannot be written: no such file or directory/],
])('%j is a mistake in the command line', (args, message) => {
  const { status, stdout, stderr } = folioscope(['export', ...args]);
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

describe('a C program', () => {
  const inFolder = (work: (folder: string) => void): void => {
    const folder = mkdtempSync(join(tmpdir(), 'folioscope-export-'));
    try {
      work(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('asserts what the form of the series returns, in the order of the scenario', () => {
    inFolder((folder) => {
      const file = join(folder, 'sc-02.c');
      expect(folioscope(['export', SC_02, '--c', file])).toMatchObject({ status: 0, stdout: '', stderr: '' });
      const text = readFileSync(file, 'utf8');
      expect(text).toMatch(/safety check is[\s*]+'v8'/);
      expect(text).toContain('{ "T1 on CPU 1: touch 0..1", 0, ANY },');
      expect(text).toContain('{ "T0 on CPU 0: convert 0..1 to private", 0, ANY },');
    });
  });

  test('of a counterexample asserts what that run returned', () => {
    inFolder((folder) => {
      const run = join(folder, 'run.json');
      const { stdout } = folioscope(['check', SC_02, '--patch', 'baseline', '--json']);
      writeFileSync(run, stdout);
      const { status, stdout: text, stderr } = folioscope(['export', SC_02, '--c', '-', '--replay', run]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(text).toContain('{ "T0 on CPU 0: convert 0..1 to private", EAGAIN, 0 },');
      const other = folioscope(['export', SC_02, '--c', '-', '--replay', run, '--patch', 'v6']);
      expect(other).toMatchObject({ status: 65, stdout: '' });
      expect(other.stderr).toBe(`folioscope: ${run}: has steps of baseline, not of v6\n`);
    });
  });

  test('says what no user program can order', () => {
    const file = 'scenarios/SC-13-munmap-in-flight.yaml';
    const { status, stdout, stderr } = folioscope(['export', file, '--c', '-']);
    expect(status).toBe(0);
    expect(stdout).toContain(
      " * Not ordered: 'T0: convert 0..1 to private' begins before 'T1: munmap 0..1' has returned;",
    );
    expect(stdout).toContain('begin(2, (const int[]){ 1, -1 });');
    expect(stdout).toContain('{ "T0 on CPU 0: convert 0..1 to private", ANY, ANY },');
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  test('is refused where a call is not to be had', () => {
    const { status, stdout, stderr } = folioscope(['export', 'scenarios/SC-12-walker.yaml', '--c', '-']);
    expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
    expect(stderr).toMatch(
      /^folioscope: scenarios\/SC-12-walker\.yaml: 'page-idle pfn 0' of T1: no user program .*, expected .*\n$/,
    );
  });
});

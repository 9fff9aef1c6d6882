// SPDX-License-Identifier: MIT
// Exported C programs, compiled without a warning and run: on this machine's kernel, and on a stand-in for one that converts.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError } from '../src/ledger/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { parseScenario, type Scenario, textNamesModel } from '../src/scenario/index.ts';
import { writeSelftest } from '../src/selftest/index.ts';
import { lacking } from './needs.ts';

const [PASS, FAIL, SKIP] = [0, 1, 4];
const SCENARIOS = new URL('../scenarios/', import.meta.url);
const SHOWN = [
  'SC-02-other-cpu',
  'SC-01-same-cpu',
  'SC-01-forty-pages',
  'SC-11-vmsplice',
  'SC-11-longterm',
  'argument-errors',
];

/** A compiler under load may take long. */
const PATIENCE_MS = 120_000;

/**
 * A kernel that converts, for a program: its guest_memfds are memfds, and its conversions have the results in ANSWERS, as
 * ERRNO@PAGE. Other calls are those of this kernel.
 */
const STAND_IN = `#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int open(const char *path, int flags, ...)
{
	(void)flags;
	return memfd_create(strcmp(path, "/dev/kvm") == 0 ? "kvm" : "file", 0);
}

int ioctl(int fd, unsigned long number, ...)
{
	static char *left;
	va_list args;
	uint64_t *argument;
	long error, page = 0;

	(void)fd;
	va_start(args, number);
	argument = va_arg(args, uint64_t *);
	va_end(args);
	if (number == 0xae01)
		return memfd_create("vm", 0);
	if (number == 0xae03)
		return 3;
	if (number == 0xc040aed4) {
		int made = memfd_create("guest_memfd", 0);

		return ftruncate(made, (off_t)argument[0]) == 0 ? made : -1;
	}
	if (number != 0xc080aed2) {
		errno = ENOTTY;
		return -1;
	}
	if (left == NULL)
		left = getenv("ANSWERS");
	error = strtol(left, &left, 10);
	if (*left == '@')
		page = strtol(left + 1, &left, 10);
	left += *left == ',';
	if (error == EAGAIN)
		argument[4] = (uint64_t)page * 4096;
	errno = (int)error;
	return error == 0 ? 0 : -1;
}
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-selftest-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const scenarioIn = (file: string): Scenario =>
  parseScenario(`scenarios/${file}`, readFileSync(new URL(file, SCENARIOS), 'utf8'));
const scenarioNamed = (name: string): Scenario => scenarioIn(`${name}.yaml`);

function compiled(name: string, text: string, ...more: readonly string[]): string {
  const [source, program] = [join(folder, `${name}.c`), join(folder, name)];
  writeFileSync(source, text);
  const args = ['-Wall', '-Wextra', '-Werror', '-pthread', ...more, '-o', program, source];
  const { status, stderr } = spawnSync('gcc', args, { encoding: 'utf8' });
  expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: '' });
  return program;
}

const textOf = (scenario: Scenario, form: string): string =>
  writeSelftest(scenario, { patch: patchNamed(form), madeBy: 'folioscope' }).text;

function ran(
  program: string,
  env: Readonly<Record<string, string>> = {},
): { readonly status: number | null; readonly lines: readonly string[] } {
  const options = { encoding: 'utf8', env: { ...process.env, ...env }, timeout: PATIENCE_MS } as const;
  const { status, stdout } = spawnSync(program, options);
  return { status, lines: stdout.trimEnd().split('\n') };
}

test.for(SHOWN)(
  '%s on this kernel passes as far as no conversion is needed, and skips with the reason',
  { timeout: PATIENCE_MS },
  (name, { skip }) => {
    const why = lacking('gcc');
    if (why !== undefined) skip(why);
    const { status, lines } = ran(compiled(name, textOf(scenarioNamed(name), 'v8')));
    expect(lines.filter((line) => line.startsWith('not ok'))).toEqual([]);
    if (status === PASS) return; // a kernel that converts
    expect(status).toBe(SKIP);
    expect(lines.at(-1)).toMatch(/SKIP:? \w/);
    // Without KVM the program ends before its first test.
    if (lines.length > 1) expect(lines.filter((line) => /^ok \d+ (?!.*SKIP)/.test(line)).length).toBeGreaterThan(6);
  },
);

test.for([
  // form, what the kernel answers, what the program says of it
  ['SC-02-other-cpu', 'v8', '0', PASS],
  ['SC-02-other-cpu', 'v8', '11@0', FAIL],
  ['SC-02-other-cpu', 'baseline', '11@0', PASS],
  ['SC-02-other-cpu', 'baseline', '0', FAIL],
  ['SC-01-same-cpu', 'baseline', '11@0,0', PASS],
  ['SC-11-vmsplice', 'v8', '11@5,11@5,0,0,0', PASS],
  ['SC-11-vmsplice', 'v8', '11@5,11@4,0,0,0', FAIL],
  ['argument-errors', 'v8', '22,22,22,22,22,22,22,22,22,22,22,0,0,0,14,0,14,0,22', PASS],
  ['argument-errors', 'v8', '22,22,22,22,22,22,22,22,22,22,22,0,0,0,14,0,14,0,0', FAIL],
] as const)(
  '%s of %s, on a kernel that answers %s: %i',
  { timeout: PATIENCE_MS },
  ([name, form, answers, expected], { skip }) => {
    const why = lacking('gcc');
    if (why !== undefined) skip(why);
    // The drain of all CPUs is of the machine, and only root may ask for it: here it is left out.
    const text = textOf(scenarioNamed(name), form).replace('"/proc/sys/vm/drop_caches"', '"drop_caches"');
    const standIn = join(folder, 'stand-in.c');
    writeFileSync(standIn, STAND_IN);
    const { status, lines } = ran(compiled(`${name}-${form}`, text, standIn), { ANSWERS: answers });
    expect({ status, wrong: lines.some((line) => line.startsWith('not ok')), lines }).toEqual({
      status: expected,
      wrong: expected === FAIL,
      lines,
    });
  },
);

const TWO_PROCESSES = `scenario: T
title: A process of its own, a private page, and a call within another
machine: { cpus: 1 }
guest_memfds: { a: { pages: 2 }, b: { pages: 1, init-shared: false } }
tasks: { T0: { cpu: 0 }, T1: { cpu: 0, process: other } }
before:
  - T1: { store: { page: 1, value: 7 }, in: a }
  - T0: { touch: 0..1, in: b, returns: SIGBUS }
threads:
  T0: [{ load: 1, in: a, expect: { every: { loads: 7 } } }, { punch-hole: 0..2, in: a }]
  T1: [{ munmap: 0..1, in: a }, { touch: 0..1, in: a, returns: SIGSEGV }, { mincore: 1..2, in: a }]
schedule: T0:all,T1:all
`;

test('processes, signals and loaded bytes, in the order of the calls', { timeout: PATIENCE_MS }, ({ skip }) => {
  const why = lacking('gcc');
  if (why !== undefined) skip(why);
  const program = compiled('two-processes', textOf(parseScenario('two.yaml', TWO_PROCESSES), 'v8'));
  const { status, lines } = ran(program);
  if (status === SKIP && lines.length === 1) skip(lines[0]);
  expect({ status, lines }).toEqual({ status: PASS, lines });
  expect(lines.filter((line) => line.startsWith('ok'))).toHaveLength(13);
});

test('every scenario is a program without a warning, or is refused in one line with the reason', {
  timeout: PATIENCE_MS,
}, ({ skip }) => {
  const why = lacking('gcc');
  if (why !== undefined) skip(why);
  let [programs, refused] = [0, 0];
  for (const file of readdirSync(SCENARIOS)) {
    if (textNamesModel(file, readFileSync(new URL(file, SCENARIOS), 'utf8'))) continue;
    try {
      compiled(file.replace('.yaml', '-all'), textOf(scenarioIn(file), 'v8'), '-S');
      programs++;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      expect(error.message).toMatch(/^scenarios\/\S+: '.+' of \S+: no user program .+, expected .+$/);
      refused++;
    }
  }
  expect({ programs, refused }).toEqual({ programs: 47, refused: 18 });
});

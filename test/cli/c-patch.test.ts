// SPDX-License-Identifier: MIT
// --patch FILE.c as a user gives it: whole files, functions by name, mistakes in one line, steps with their lines of C.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folioscope, ROOT } from './folioscope.ts';
import { validatorOf } from './schema.ts';

const SC_02 = join(ROOT, 'scenarios/SC-02-other-cpu.yaml');
const BASELINE = readFileSync(join(ROOT, 'examples/c/baseline.c'), 'utf8');

let folder = '';
let names = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-c-patch-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A file that has more than the check, with what the grammar does not know of the kernel's. */
const WHOLE = `#include <linux/pagemap.h>
struct file_only { int x; };
static int __weak unrelated(struct vm_area_struct *vma)
{
	return vma->vm_flags & 1;
}
${BASELINE}
module_init(anything);
`;

const run = (word: string, ...more: readonly string[]) =>
  folioscope(['run', SC_02, '--patch', word, ...more], { cwd: folder });

test('the check is found in a whole file, and another function by its name', () => {
  writeFileSync(join(folder, 'guest_memfd.c'), WHOLE);
  expect(run('guest_memfd.c', '--steps', 'none').stdout).toContain('guest_memfd.c  refused at index 0 (spurious');
  const long = '47-a-name-longer-than-any-name-there-is.c';
  writeFileSync(join(folder, long), WHOLE);
  expect(run(long, '--steps', 'none').stdout).toContain('47-a-name-longer-than-any-nam.c  refused');
  const other = WHOLE.replace('kvm_gmem_is_safe_for_conversion', 'gmem_pages_are_unused');
  writeFileSync(join(folder, 'guest_memfd.c'), other);
  expect(run('guest_memfd.c:gmem_pages_are_unused', '--steps', 'none').stdout).toContain(
    'refused at index 0 (spurious',
  );
});

test('a step stands below its line of C, in text and in JSON', () => {
  writeFileSync(join(folder, 'guest_memfd.c'), WHOLE);
  const line = WHOLE.split('\n').findIndex((text) => text.includes('if (folio_ref_count')) + 1;
  expect(run('guest_memfd.c').stdout).toContain(`guest_memfd.c:${line} if (folio_ref_count(folio)`);
  const { stdout } = run('guest_memfd.c', '--json');
  const document: unknown = JSON.parse(stdout);
  expect(validatorOf('run')(document)).toBe(true);
  expect(stdout).toContain(`"place": "guest_memfd.c:${line}"`);
});

test('a counterexample names its lines of C, and can be played again', () => {
  writeFileSync(join(folder, 'check.c'), BASELINE);
  const text = folioscope(['check', SC_02, '--patch', 'check.c'], { cwd: folder });
  expect(text.status).toBe(1);
  expect(text.stdout).toContain('check.c:20 *err_index = folio->index');
  const json = folioscope(['check', SC_02, '--patch', 'check.c', '--json'], { cwd: folder });
  expect(validatorOf('check')(JSON.parse(json.stdout))).toBe(true);
  writeFileSync(join(folder, 'found.json'), json.stdout);
  expect(run('check.c', '--replay', 'found.json', '--steps', 'none').stdout).toContain('refused at index 0');
});

test('export writes a form in C for another checker', () => {
  writeFileSync(join(folder, 'check.c'), BASELINE);
  const { status, stdout } = folioscope(['export', '--promela', SC_02, '--patch', 'check.c'], { cwd: folder });
  expect(status).toBe(0);
  expect(stdout).toContain('check.c');
});

describe('mistakes are one line, with exit code 65', () => {
  test.each([
    [
      'an unknown call',
      BASELINE.replace('cond_resched', 'cond_resche'),
      "check.c:25:3: 'cond_resche()' is not known, ",
    ],
    ['no C', 'this is no C {', 'check.c:1:1: has no function, '],
    [
      'no such function',
      BASELINE.replace('kvm_gmem_is_safe_for_conversion', 'f')
        .repeat(9)
        .replaceAll(/\bf\(/g, () => `f${names++}(`),
      'check.c:1:1: no function ',
    ],
    [
      'a loop without an end',
      BASELINE.replace('folio_batch_init(&batch);', 'folio_batch_init(&batch);\n\twhile (safe)\n\t\t;'),
      "check.c:14:2: 'turns of the loop without a step' is 4096 here, ",
    ],
  ])('%s', (_, text, line) => {
    writeFileSync(join(folder, 'check.c'), text);
    const { status, stdout, stderr } = run('check.c');
    expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(`folioscope: ${line}`);
  });

  test('a file that is not there, and a name that the file has not', () => {
    expect(run('none.c')).toMatchObject({
      status: 65,
      stderr: 'folioscope: none.c: cannot be read: no such file or directory\n',
    });
    writeFileSync(join(folder, 'check.c'), BASELINE);
    expect(run('check.c:other').stderr).toBe(
      "folioscope: check.c:1:1: no function 'other', expected one of kvm_gmem_is_safe_for_conversion\n",
    );
  });
});

test('how often the named forms drain is not asked of a form of a file', () => {
  const pinned = join(ROOT, 'scenarios/SC-11-pin-user-pages.yaml');
  const { status, stdout } = folioscope(['check', pinned, '--patch', `${join(ROOT, 'examples/c/v6.c')},v6`]);
  expect(stdout).toMatch(/v6\.c: HOLDS/);
  expect(status).toBe(0);
});

test('run: a form that cannot be used does not stop the others', () => {
  const scenario = join(ROOT, 'scenarios/SC-02-other-cpu.yaml');
  const { status, stdout, stderr } = folioscope(['run', scenario, '--patch', 'none.c,v6', '--steps', 'none']);
  expect(stderr).toBe('folioscope: none.c: cannot be read: no such file or directory\n');
  expect(stdout).toMatch(/^ {2}v6 +safe/m);
  expect(status).toBe(65);
  const none = folioscope(['run', scenario, '--patch', 'none.c,other.c']);
  expect([none.status, none.stdout]).toEqual([65, '']);
  expect(none.stderr.trimEnd().split('\n')).toHaveLength(2);
});

// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { folioscope } from './folioscope.ts';
import { validatorOf } from './schema.ts';

const PINNED = ['explain', 'examples/pinned.txt', '--pfn', '0x671c'];

test('a pin that is left: the first lines name its task and its stack, exit 1', () => {
  const { status, stdout } = folioscope(PINNED);
  expect(status).toBe(1);
  const [first = ''] = stdout.split('\n\n');
  expect(first).toMatch(/^left over: 1 of 2 references of page frame 0x671c/);
  expect(first.replaceAll(/\s+/g, ' ')).toContain("1 gup ('conv'), taken at 203.966064000 on CPU 0 by 'conv' (pid 1)");
  expect(first).toContain('gup_fast_fallback');
  expect(stdout.split('\n').every((line) => line.length <= 75)).toBe(true);
});

test('the number may be decimal', () => {
  expect(folioscope(['explain', 'examples/pinned.txt', '--pfn', String(0x671c)]).stdout).toBe(
    folioscope(PINNED).stdout,
  );
});

test('as JSON, by its schema', () => {
  const { status, stdout } = folioscope([...PINNED, '--json', '--at', 'every-marker']);
  expect(status).toBe(1);
  const document: unknown = JSON.parse(stdout);
  const validate = validatorOf('explain-pfn');
  expect([validate(document), validate.errors]).toEqual([true, null]);
});

test('without page_ref events it is undecided', () => {
  const { status, stdout } = folioscope(['explain', 'examples/two-cpu.txt', '--pfn', '0x26ba40']);
  expect(status).toBe(2);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('no page_ref event shows the references of page frame 0x26ba40');
});

test('redacted, the answer has neither a task nor the frame, and again: has no frame either', () => {
  const { stdout } = folioscope([...PINNED, '--redact', '--at', 'every-marker', '--at', 'end']);
  expect(stdout).toContain('task1');
  expect(stdout).not.toMatch(/\b(?:conv|wrk1)\b|671c/);
});

test.each([
  [['--pfn', '0x1'], 'no event shows page frame 0x1'],
  [['--pfn', 'x'], 'a page frame number'],
  [['--pfn', '1', '--inode', '7'], '--inode: not with --pfn'],
  [['--pfn', '1', '--patch', 'v6'], '--patch: not with --pfn'],
  [['--pfn', '0x671c', '--at', 'marker:nope'], "no marker 'nope'"],
])('%j is refused in one line', (options, why) => {
  const { status, stdout, stderr } = folioscope(['explain', 'examples/pinned.txt', ...options]);
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
  expect(stderr).toContain(why);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

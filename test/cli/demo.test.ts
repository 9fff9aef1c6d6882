// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { lackingGuestMemfd } from '../live/machine.ts';
import { COMMAND, folioscope, ROOT } from './folioscope.ts';
import { validatorOf } from './schema.ts';

const why = await lackingGuestMemfd();

describe('on a machine with guest_memfd', () => {
  test('pages wait in the batch of the CPU that touched them', ({ skip }) => {
    if (why !== undefined) skip(why);
    const { status, stdout, stderr } = folioscope(['demo']);
    expect(stderr).toBe('');
    expect([0, 2]).toContain(status);
    expect(stdout.split('\n').every((line) => line.length <= 75)).toBe(true);
    if (status === 0) expect(stdout).toMatch(/touched on CPU \d+ +4 of 4 wait[^]*drain of all CPUs +none waits/);
  });

  test('as JSON, by its schema', ({ skip }) => {
    if (why !== undefined) skip(why);
    const { stdout } = folioscope(['demo', '--json']);
    const validate = validatorOf('demo');
    const document: unknown = JSON.parse(stdout);
    expect([validate(document), validate.errors]).toEqual([true, null]);
  });

  test('one CPU is enough', ({ skip }) => {
    if (why !== undefined) skip(why);
    const args = ['-c', '0', process.execPath, ...COMMAND, 'demo', '--json'];
    const { status, stdout } = spawnSync('taskset', args, { cwd: ROOT, encoding: 'utf8' });
    if (status === null) skip('this machine lacks taskset');
    expect(JSON.parse(stdout)).toMatchObject({ touchedOn: 0, lookedOn: 0, waiting: { drainedHere: null } });
  });
});

test('a user without rights gets one line and 69', ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root becomes another user');
  const args = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, ...COMMAND, 'demo'];
  const { status, stdout, stderr } = spawnSync('setpriv', args, { cwd: ROOT, encoding: 'utf8' });
  if (status === null || status === 126 || status === 127)
    skip('setpriv is missing, or the other user may not run node');
  expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
  expect(stderr).toMatch(/^folioscope: .*; to get it: .*\n$/);
});

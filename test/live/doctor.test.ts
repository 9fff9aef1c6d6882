// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { hostname, userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { diagnose, listChecks } from '../../src/live/index.ts';
import { COMMAND, folioscope, ROOT } from '../cli/folioscope.ts';
import { validatorOf } from '../cli/schema.ts';
import { lackingGuestMemfd, lackingTracefs } from './machine.ts';

const why = lackingTracefs() ?? (await lackingGuestMemfd());

test('the checks have their names once, and the slow ones stand last', () => {
  const checks = listChecks();
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
  const slow = checks.map(({ isSlow }) => isSlow);
  expect(slow).toEqual(slow.toSorted((a, b) => Number(a) - Number(b)));
  const { stdout, status } = folioscope(['doctor', '--list-checks']);
  expect(status).toBe(0);
  const starts = stdout.split('\n').filter((line) => !line.startsWith(' '));
  expect(starts.flatMap((line) => line.split(' ')[0] ?? [])).toEqual([...checks.map(({ name }) => name), '']);
});

test('a check that fails is a result, and the others are made', async () => {
  const { checks } = await diagnose({
    names: ['private-fault', 'insertion-first'],
    probe: () => Promise.reject(new Error('the child could not be made')),
  });
  expect(checks.map(({ name }) => name)).toEqual(['private-fault', 'insertion-first']);
  if (why === undefined) expect(checks[0]).toMatchObject({ result: 'crashed', why: 'the child could not be made' });
});

test('an unknown check is an error of usage', () => {
  const { status, stderr } = folioscope(['doctor', 'liver']);
  expect({ status, stderr }).toEqual({
    status: 64,
    stderr: expect.stringMatching(/no check 'liver'; there are system, /),
  });
});

describe('on a machine with guest_memfd and tracefs', () => {
  test('all checks are made, and find what this kernel does', ({ skip }) => {
    if (why !== undefined) skip(why);
    const { stdout, stderr } = folioscope(['doctor', '--json']);
    expect(stderr).toBe('');
    const document = JSON.parse(stdout) as {
      checks: { name: string; result: string; why: string }[];
      commands: { command: string; can: boolean }[];
      profile: { batchSize: number | null };
    };
    const validate = validatorOf('doctor');
    expect([validate(document), validate.errors]).toEqual([true, null]);
    expect(document.checks.filter(({ result }) => result === 'crashed' || result === 'missing')).toEqual([]);
    expect(document.commands.map(({ command, can }) => [command, can])).toEqual([
      ['demo', true],
      ['record', true],
      ['inspect', true],
    ]);
    const of = (name: string) => document.checks.find((check) => check.name === name);
    expect(of('private-fault')).toMatchObject({ result: 'ok' });
    // PAGEVEC_SIZE was 15 up to 6.8, and there is no guest_memfd that can be mapped before 6.18.
    expect([31, null]).toContain(document.profile.batchSize);
    expect(stdout).not.toContain(hostname() === 'localhost' ? '\0' : `"${hostname()}`);
    expect(stdout).not.toContain(userInfo().homedir);
  });

  test('as text, single checks by name', ({ skip }) => {
    if (why !== undefined) skip(why);
    const { status, stdout } = folioscope(['doctor', 'kvm', 'guest-memfd']);
    expect(stdout).toMatch(/^2 of 2 checks ok\n {2}ok {10}kvm: a VM can be made\n {2}ok {10}guest-memfd: flags 3 /);
    expect(stdout).toContain('again:\n  folioscope doctor kvm guest-memfd\n');
    expect(stdout.split('\n').every((line) => line.length <= 75)).toBe(true);
    expect(status).toBe(0);
  });
});

test('a user without rights gets results, what is missing, and how to get it', ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root becomes another user');
  const args = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, ...COMMAND, 'doctor'];
  const { status, stdout } = spawnSync('setpriv', args, { cwd: ROOT, encoding: 'utf8' });
  if (status === null || status === 126 || status === 127)
    skip('setpriv is missing, or the other user may not run node');
  expect(status).toBe(1);
  expect(stdout).toMatch(/ {2}missing {5}\S+: .*\n(?: {14}.*\n)* {14}to get it: /);
  expect(stdout).toContain('\n  record: no; needs ');
  expect(stdout).not.toContain('crashed');
});

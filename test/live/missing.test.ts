// SPDX-License-Identifier: MIT
// A machine without tracefs, or without KVM: each is said in one line, with the way to get it. Made with a mount namespace.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMAND, ROOT } from '../cli/folioscope.ts';
import { lackingGuestMemfd, lackingTracefs, TRACEFS } from './machine.ts';

const why = lackingTracefs() ?? (await lackingGuestMemfd());

const folder = mkdtempSync(join(tmpdir(), 'folioscope-missing-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command where a place is covered by something else. */
function without(mount: string, args: readonly string[]) {
  const script = `mount ${mount} && shift && exec "$@"`;
  const line = [
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'sh',
    'sh',
    process.execPath,
    ...COMMAND,
    ...args,
  ];
  const { status, stdout, stderr, error } = spawnSync('unshare', line, { cwd: ROOT, encoding: 'utf8' });
  return { result: { status, stdout, stderr }, isPossible: error === undefined && !/^unshare:|^mount:/m.test(stderr) };
}

describe('what is missing is said in one line', () => {
  test.for([
    [
      'tracefs',
      `-t tmpfs none ${TRACEFS}`,
      ['record', '-o', '/dev/null'],
      'tracefs is not mounted; to get it: mount -t tracefs nodev /sys/kernel/tracing, as root',
    ],
    [
      'KVM',
      '--bind /dev/null /dev/kvm',
      ['demo'],
      'KVM makes no VM of type 0 (ENOTTY); to get it: a machine whose processor can virtualise, or nested virtualisation in its hypervisor',
    ],
  ] as const)('%s', ([, mount, args, message], { skip }) => {
    if (why !== undefined) skip(why);
    const { result, isPossible } = without(mount, args);
    if (!isPossible) skip('this machine lacks unshare, or does not allow it');
    expect(result).toEqual({ status: 69, stdout: '', stderr: `folioscope: ${message}\n` });
  });

  test('a recording works without KVM: then all files are recorded', ({ skip }) => {
    if (why !== undefined) skip(why);
    const args = ['record', '-o', join(folder, 'all.dat'), '--json', '--for', '100ms'];
    const { result, isPossible } = without('--bind /dev/null /dev/kvm', args);
    if (!isPossible) skip('this machine lacks unshare, or does not allow it');
    expect([0, 1, 2]).toContain(result.status);
    expect(JSON.parse(result.stdout)).toMatchObject({ filtered: false });
  });

  test('inspect works without tracefs; its watch says what it does not know', ({ skip }) => {
    if (why !== undefined) skip(why);
    const { result, isPossible } = without(`-t tmpfs none ${TRACEFS}`, ['inspect', '--pid', String(process.pid)]);
    if (!isPossible) skip('this machine lacks unshare, or does not allow it');
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toContain('no guest_memfd');
  });
});

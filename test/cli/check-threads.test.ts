// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { folioscope } from './folioscope.ts';

/** The document without what differs from run to run. */
const withoutCosts = (text: string): string =>
  text.replaceAll(/"(seconds|peakMemoryBytes)": [\d.]+/g, (_, what: string) => `"${what}": 0`);

test('threads find the states, transitions, depth and runs that one finds', () => {
  const size = ['scenarios/peer-protocol.yaml', '--cpus', '2', '--folios', '2', '--patch', 'baseline'];
  const answer = (workers: string) => {
    const { status, stdout, stderr } = folioscope(['check', ...size, '--exact', '--json', '--workers', workers]);
    return { status, stderr, document: withoutCosts(stdout) };
  };
  const alone = answer('1');
  expect(alone).toMatchObject({ status: 1, stderr: '' });
  expect(alone.document).toContain('"states": 3095');
  expect(answer('3')).toEqual(alone);
});

test.each([['0'], ['65'], ['two']])('--workers %s is a usage error', (workers) => {
  expect(folioscope(['check', '--all', '--workers', workers]).status).toBe(64);
});

// SPDX-License-Identifier: MIT
// Nothing stays behind: after demonstrations, and after SIGKILL. bench/leaks.ts does it a thousand times.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runDemo } from '../../src/live/index.ts';
import { held, kill } from './leaks.ts';
import { lackingGuestMemfd, lackingTracefs } from './machine.ts';

const why = lackingTracefs() ?? (await lackingGuestMemfd());
const file = join(tmpdir(), `folioscope-leaks-${process.pid}.dat`);

test('after demonstrations descriptors, mappings, locks and pins are as before', async ({ skip }) => {
  if (why !== undefined) skip(why);
  await runDemo(1); // what is opened once and kept
  const before = held();
  for (let nth = 0; nth < 20; nth++) await runDemo(1);
  const { instances, guestMemfds, pins, ...after } = held();
  const { instances: _, guestMemfds: __, pins: ___, ...expected } = before;
  expect(after).toEqual(expected);
  expect(instances.filter((name) => name.startsWith(`folioscope-${process.pid}-`))).toEqual([]);
  expect([guestMemfds, pins].every((count) => count >= 0)).toBe(true);
});

test.for([
  ['record', ['record', '-o', file, '--for', '5s']],
  ['inspect', ['inspect', '--watch', '0.05']],
  ['demo', ['demo']],
  ['doctor', ['doctor']],
] as const)('%s, killed at some moment, is cleaned up after by the next start', async ([, args], { skip }) => {
  if (why !== undefined) skip(why);
  // Spread over the start and the work; a demonstration takes 1.5 s.
  for (const milliseconds of [60, 200, 350, 600, 900])
    expect(await kill(args, milliseconds)).toMatchObject({ isClean: true });
});

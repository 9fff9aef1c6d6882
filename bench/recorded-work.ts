// SPDX-License-Identifier: MIT
// Work on a guest_memfd to be recorded, and other work beside it: for bench/recordings.ts.
//
//   npx tsx bench/recorded-work.ts WORK NOISE SECONDS SEED
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadNative } from '../src/live/index.ts';
import { Caller } from '../test/live/differential/caller.ts';
import { PAGES, PINS, randomFrom, randomSteps, type Step, tidied } from '../test/live/differential/steps.ts';

const [work = '', noise = '', seconds = '1', seed = '1'] = process.argv.slice(2);
const random = randomFrom(Number(seed));

const some = (): { start: number; pages: number } => {
  const pages = 1 + random(8);
  return { start: random(PAGES - pages + 1), pages };
};
const all = { start: 0, pages: PAGES };
const move = (): Step => ({ call: 'move', cpu: random(2) });
const emptied = Array.from({ length: PINS }, (_, pin): Step => ({ call: 'unpin', pin }));
const pinned: Step = { call: 'pin', pin: 0, page: 0 };

/** A round of each kind of work. */
const ROUNDS: Readonly<Record<string, () => readonly Step[]>> = {
  faults: () => [move(), { call: 'touch', ...all }, { call: 'punch', ...all }],
  'few-faults': () => [move(), { call: 'touch', ...some() }, move(), { call: 'punch', ...some() }],
  fallocate: () => [move(), { call: 'fallocate', ...all }, { call: 'punch', ...some() }, { call: 'punch', ...all }],
  holes: () => [
    move(),
    { call: 'touch', ...some() },
    move(),
    { call: 'punch', ...some() },
    { call: 'fallocate', ...some() },
  ],
  mlock: () => [move(), { call: 'mlock', ...some() }, { call: 'munlock', ...some() }, { call: 'punch', ...some() }],
  pins: () => [move(), { call: 'touch', ...some() }, pinned, { call: 'punch', ...some() }, { call: 'unpin', pin: 0 }],
  unmaps: () => [move(), { call: 'touch', ...some() }, { call: 'dontneed', ...some() }, { call: 'punch', ...some() }],
  drains: () => [move(), { call: 'touch', ...some() }, move(), { call: 'drain' }, { call: 'punch', ...some() }],
  'all-drains': () => [
    move(),
    { call: 'touch', ...some() },
    move(),
    { call: 'drain-all' },
    { call: 'punch', ...some() },
  ],
  // A pipe that is full would stop the next round.
  random: () => tidied([...randomSteps(random, 50, 2), ...emptied]),
};

const scratch = join(tmpdir(), `folioscope-noise-${process.pid}`);
const NOISES: Readonly<Record<string, string>> = {
  none: '',
  files: `while :; do head -c 3000000 /dev/zero > ${scratch}; cat ${scratch} > /dev/null; rm -f ${scratch}; done`,
  processes: 'while :; do /bin/true; /bin/ls / > /dev/null; done',
  memory: `while :; do head -c 20000000 /dev/zero | tail -c 20000000 > /dev/null; done`,
};

const round = ROUNDS[work];
const script = NOISES[noise];
if (round === undefined || script === undefined) {
  console.error(`WORK is one of ${Object.keys(ROUNDS).join(', ')}; NOISE of ${Object.keys(NOISES).join(', ')}`);
  process.exit(64);
}
// It ends by itself too, if this process is killed.
const other: ChildProcess | undefined =
  script === ''
    ? undefined
    : spawn('timeout', [String(10 + Number(seconds)), '/bin/sh', '-c', script], { stdio: 'ignore', detached: true });
const caller = new Caller(await loadNative());
try {
  const end = performance.now() + 1000 * Number(seconds);
  while (performance.now() < end) for (const step of round()) caller.make(step);
} finally {
  caller.close();
  // The shell with what it runs.
  if (other?.pid !== undefined) process.kill(-other.pid);
  rmSync(scratch, { force: true });
}

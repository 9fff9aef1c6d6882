// SPDX-License-Identifier: MIT
// Recordings of this machine by `record`, of many kinds of work and noise, each held against the model by `conform`. Needs root,
// guest_memfd and tracefs.
//
//   npx tsx bench/recordings.ts [NUMBER [SEED]]
//
// exit 0: all conform; 1: not, and the recordings that do not stay, with their names printed; 69: this machine lacks something
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conformTrace } from '../src/conform/index.ts';
import { EVENT_SETS, record } from '../src/live/index.ts';
import { memorySource } from '../src/trace/index.ts';
import { lackingGuestMemfd, lackingTracefs } from '../test/live/machine.ts';

const why = lackingTracefs() ?? (await lackingGuestMemfd());
if (why !== undefined) {
  console.error(why);
  process.exit(69);
}
const [number = 50, seed = 1] = process.argv.slice(2).map(Number);
const WORKS = [
  'faults',
  'few-faults',
  'fallocate',
  'holes',
  'mlock',
  'pins',
  'unmaps',
  'drains',
  'all-drains',
  'random',
];
const NOISES = ['none', 'files', 'processes', 'memory'];
const SETS = EVENT_SETS.filter((set) => set !== 'page-ref');
const work = fileURLToPath(new URL('recorded-work.ts', import.meta.url));

interface Totals {
  recordings: number;
  events: number;
  matched: number;
  silent: number;
  conforming: number;
}
const totals: Totals = { recordings: 0, events: 0, matched: 0, silent: 0, conforming: 0 };
const left: string[] = [];
console.log('| work | noise | events | s | consumed | matched | silent | |\n|---|---|---|---|---|---|---|---|');
for (let nth = 0; nth < number; nth++) {
  const set = SETS[nth % SETS.length] ?? 'full';
  const name = WORKS[Math.floor(nth / SETS.length) % WORKS.length] ?? '';
  const noise = NOISES[nth % 3 === 0 ? 0 : nth % NOISES.length] ?? '';
  const seconds = 1 + (nth % 3) / 2;
  const file = join(tmpdir(), `folioscope-recording-${process.pid}-${nth}.dat`);
  const command = [process.execPath, '--import', import.meta.resolve('tsx'), work];
  const args = [name, noise, String(seconds), String(seed + nth)];
  const limit = 256 * 1024 * 1024;
  const { status } = await record({ events: set, limit, command: [...command, ...args], file, version: '0' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
  const answer = await conformTrace(memorySource(file, new Uint8Array(readFileSync(file))), {});
  const { verdict, because, consumed, matched, silent, divergence } = answer;
  const calls = silent.reduce((sum, { times }) => sum + times, 0);
  const more = verdict === 'conforms' ? '' : `: ${divergence?.event ?? because} (${file})`;
  console.log(`| ${name} | ${noise} | ${set} | ${seconds} | ${consumed} | ${matched} | ${calls} | ${verdict}${more} |`);
  totals.recordings++;
  totals.events += consumed;
  totals.matched += matched;
  totals.silent += calls;
  if (verdict === 'conforms') totals.conforming++;
  if (verdict === 'conforms') rmSync(file);
  else left.push(file);
}
console.log(
  `\n${totals.conforming} of ${totals.recordings} recordings conform; ${totals.events} events, ${totals.matched} matched, ${totals.silent} silent calls`,
);
process.exitCode = left.length === 0 ? 0 : 1;

// SPDX-License-Identifier: MIT
// What a thousand demonstrations and two hundred kills leave behind on this machine. Needs root, guest_memfd and tracefs.
//
//   npx tsx bench/leaks.ts [DEMOS [KILLS]]
//
// exit 0: nothing stayed; 1: something did; 69: this machine lacks something
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runDemo } from '../src/live/index.ts';
import { held, kill } from '../test/live/leaks.ts';
import { lackingGuestMemfd, lackingTracefs } from '../test/live/machine.ts';

const why = lackingTracefs() ?? (await lackingGuestMemfd());
if (why !== undefined) {
  console.error(why);
  process.exit(69);
}

const [demos = 1000, kills = 200] = process.argv.slice(2).map(Number);
/** A known sequence, so that a run can be repeated: Numerical Recipes' generator. */
let seed = 1;
const random = (): number => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed / 2 ** 32;
};

await runDemo(1); // what is opened once and kept
const before = held();
const began = performance.now();
let clear = 0;
for (let nth = 0; nth < demos; nth++) if ((await runDemo(1)).isClear) clear++;
const after = held();
console.log(`${demos} demonstrations in ${((performance.now() - began) / 1000).toFixed(1)} s, ${clear} undisturbed`);
console.log('before', JSON.stringify(before));
console.log('after ', JSON.stringify(after));
let failed =
  after.descriptors > before.descriptors ||
  before.mappings !== after.mappings ||
  before.locked !== after.locked ||
  before.pinned !== after.pinned;

const commands = [
  ['record', '-o', join(tmpdir(), `folioscope-leaks-${process.pid}.dat`), '--for', '5s'],
  ['inspect', '--watch', '0.05'],
  ['demo'],
];
const counts = new Map<string, { killed: number; left: number; clean: number }>();
for (let nth = 0; nth < kills; nth++) {
  const args = commands[nth % commands.length] ?? [];
  const name = args[0] ?? '';
  const count = counts.get(name) ?? { killed: 0, left: 0, clean: 0 };
  const { wasKilled, left, isClean } = await kill(args, 20 + 700 * random());
  counts.set(name, count);
  if (wasKilled) count.killed++;
  if (left) count.left++;
  if (isClean) count.clean++;
  else failed = true;
}
for (const [name, { killed, left, clean }] of counts)
  console.log(`${name}: ${killed} killed, ${left} left an instance, ${clean} clean after the next start`);
const end = held();
console.log('end   ', JSON.stringify(end));
failed ||= end.descriptors > before.descriptors || end.guestMemfds > before.guestMemfds;
process.exitCode = failed ? 1 : 0;

// SPDX-License-Identifier: MIT
// Slips of the hand in files of C and in mails: each is translated, or refused in one line with its place.
//
//   npx tsx bench/c-mutations.ts [TEXTS] [SEED] [c|mail]
//   exit 0: so it is; 1: one was not, or took over five seconds
import { fateOf, mutated } from '../test/c-mutations.ts';
import { readyFront } from '../test/c-programs.ts';
import { fateOfMail, mutatedMail } from '../test/mail-mutations.ts';

const [texts = 100_000, first = 1] = process.argv.slice(2, 4).map(Number);
const which = process.argv[4];
const MOST_SECONDS = 5;
const front = await readyFront();
const KINDS = {
  c: async (seed: number) => Promise.resolve(fateOf(front, mutated(seed))),
  mail: async (seed: number) => fateOfMail(front, mutatedMail(seed)),
};
let isWell = true;

for (const [name, fateFor] of Object.entries(KINDS)) {
  if (which !== undefined && which !== name) continue;
  const fates = new Map<string, number>();
  let [wrong, slowest] = [0, 0];
  for (let i = 0; i < texts; i++) {
    const seed = first * 1_000_003 + i;
    const before = process.cpuUsage().user;
    let why = '';
    let kind = 'crash';
    try {
      const fate = await fateFor(seed);
      ({ kind } = fate);
      if (fate.kind === 'defect') ({ why } = fate);
    } catch (error) {
      why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    const seconds = (process.cpuUsage().user - before) / 1e6;
    slowest = Math.max(slowest, seconds);
    fates.set(kind, (fates.get(kind) ?? 0) + 1);
    if (why === '' && seconds <= MOST_SECONDS) continue;
    wrong++;
    console.log(`${name} seed ${seed}: ${why === '' ? `${seconds} s` : why}`);
  }
  console.log(`${texts} of ${name}, seed ${first}: ${wrong} defects; slowest ${slowest.toFixed(2)} s of CPU`);
  for (const [kind, times] of fates) console.log(`  ${String(times).padStart(7)}  ${kind}`);
  isWell &&= wrong === 0;
}
process.exitCode = isWell ? 0 : 1;

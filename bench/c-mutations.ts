// SPDX-License-Identifier: MIT
// Slips of the hand in files of C: each is translated, or refused in one line with its place.
//
//   npx tsx bench/c-mutations.ts [TEXTS] [SEED]
//   exit 0: so it is; 1: one was not, or took over five seconds
import { fateOf, mutated } from '../test/c-mutations.ts';
import { readyFront } from '../test/c-programs.ts';

const [texts = 100_000, seed = 1] = process.argv.slice(2).map(Number);
const MOST_SECONDS = 5;
const front = await readyFront();
const fates = new Map<string, number>();
let [wrong, slowest] = [0, 0];
for (let i = 0; i < texts; i++) {
  const text = mutated(seed * 1_000_003 + i);
  const before = process.cpuUsage().user;
  let why = '';
  let kind = 'crash';
  try {
    const fate = fateOf(front, text);
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
  console.log(`seed ${seed * 1_000_003 + i}: ${why === '' ? `${seconds} s` : why}`);
}
console.log(`${texts} texts, seed ${seed}: ${wrong} defects; slowest ${slowest.toFixed(2)} s of CPU`);
for (const [kind, times] of fates) console.log(`  ${String(times).padStart(7)}  ${kind}`);
process.exitCode = wrong === 0 ? 0 : 1;

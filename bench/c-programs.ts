// SPDX-License-Identifier: MIT
// Random programs of the subset of C, compiled by gcc and translated, compared call by call.
//
//   npx tsx bench/c-programs.ts [PROGRAMS] [SEED]
//   exit 0: no difference; 1: some
import { compared, compiled, generate, readyFront, streamOf } from '../test/c-programs.ts';

const [programs = 10_000, seed = 1] = process.argv.slice(2).map(Number);
const BATCH = 200;
const front = await readyFront();
const constructs = new Map<string, number>();
const outcomes = new Map<string, number>();
const reasons = new Map<string, number>();
let differences = 0;
for (let done = 0; done < programs; done += BATCH) {
  const count = Math.min(BATCH, programs - done);
  const all = Array.from({ length: count }, (_, i) => generate(seed * 1_000_003 + done + i, i));
  const streams = all.map((_, i) => streamOf(seed * 1_000_003 + done + i));
  const events = compiled(all, streams);
  for (const [i, one] of all.entries()) {
    const outcome = compared(front, one, streams[i] ?? [], events[i]);
    outcomes.set(outcome.kind, (outcomes.get(outcome.kind) ?? 0) + 1);
    if (outcome.kind === 'same')
      for (const construct of one.has) constructs.set(construct, (constructs.get(construct) ?? 0) + 1);
    if (outcome.kind === 'differs') {
      differences++;
      console.log(`seed ${seed * 1_000_003 + done + i} as ${i}: ${outcome.why}`);
    }
    if (outcome.kind === 'refused' || outcome.kind === 'out of range') {
      const why = `${outcome.kind}: ${outcome.why.replaceAll(/program\.c[:\d]*|'[^']*'|-?\d+/g, '_').slice(0, 100)}`;
      reasons.set(why, (reasons.get(why) ?? 0) + 1);
    }
  }
}
const byCount = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, times]) => `  ${String(times).padStart(7)}  ${name}`)
    .join('\n');
console.log(`${programs} programs, seed ${seed}: ${differences} differences\n${byCount(outcomes)}`);
console.log(`not compared, most often because\n${byCount(reasons)}`);
console.log(`constructs, by programs that have them and were the same\n${byCount(constructs)}`);
process.exitCode = differences === 0 ? 0 : 1;

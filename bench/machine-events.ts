// SPDX-License-Identifier: MIT
// explain on the machine's own events, for many seeds: does it say what is true?
//
//   npx tsx bench/machine-events.ts [SEEDS] [FIRST]      exit 0: always; 1: not always
import { compare } from '../test/support/simulated-explained.ts';

const MOMENTS = 10;
const [seeds = 1000, first = 1000] = process.argv.slice(2).map(Number);
let failed = false;
for (const asked of ['batches', 'holders'] as const) {
  let [moments, events, lines] = [0, 0, 0];
  const wrong: string[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const found = await compare(seed, asked, MOMENTS);
    moments += found.moments;
    events += found.events.length;
    lines += found.lines;
    for (const { at, truth, said } of found.wrong) wrong.push(`seed ${seed} at ${at}: true ${truth} | said ${said}`);
  }
  process.stdout.write(
    `${asked}: ${seeds} seeds, ${events} events, ${moments} moments, ${lines} lines of truth: ${wrong.length} wrong\n`,
  );
  for (const line of wrong.slice(0, 10)) process.stdout.write(`  ${line}\n`);
  failed ||= wrong.length > 0;
}
process.exitCode = failed ? 1 : 0;

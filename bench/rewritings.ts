// SPDX-License-Identifier: MIT
// Random rewritings of the forms of the check, each compared with its original in some scenarios: the result of every property,
// and the behaviour of a run. Prints the differences, with the seed; exit 1 if there are any.
//
//   npx tsx bench/rewritings.ts [N] [SEED] [SCENARIOS] [MOST_STATES]
//
// N rewritings (1000) from SEED (1) on, each in SCENARIOS (4; 0 is all of them) of the scenarios with a conversion; a search
// ends after MOST_STATES (12 000).
import { Random } from '../test/fuzz/random.ts';
import { differencesOf, occasions, rewritingOf } from '../test/support/rewritings.ts';

const [count = '1000', first = '1', few = '4', most = '12000'] = process.argv.slice(2);
if (!(Number(count) > 0) || !(Number(first) >= 0) || !(Number(few) >= 0) || !(Number(most) > 0)) {
  process.stderr.write('usage: rewritings.ts [N] [SEED] [SCENARIOS] [MOST_STATES]\n');
  process.exit(64);
}
const all = occasions();
const kinds = new Map<string, number>();
let [asked, wrong] = [0, 0];
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  const rewriting = rewritingOf(seed);
  const random = new Random(seed);
  const chosen =
    Number(few) === 0
      ? all
      : Array.from({ length: Number(few) }, () => all[random.below(all.length)] ?? 'SC-02-other-cpu');
  for (const name of new Set(chosen)) {
    asked++;
    let differences: readonly string[];
    try {
      differences = differencesOf(rewriting, name, Number(most));
    } catch (error) {
      differences = [`fails: ${error instanceof Error ? error.message : String(error)}`];
    }
    if (differences.length === 0) continue;
    wrong++;
    const kind = `${rewriting.told.split(':')[0]} in ${name}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    process.stdout.write(`seed ${seed} in ${name} (${rewriting.told})\n  ${differences.join('\n  ')}\n`);
  }
  if ((seed - Number(first)) % 50 === 49)
    process.stderr.write(`${seed - Number(first) + 1} rewritings, ${Math.round(performance.now() / 1000)} s\n`);
}
for (const [kind, times] of [...kinds].toSorted(([, a], [, b]) => b - a)) process.stdout.write(`${times} x ${kind}\n`);
process.stdout.write(`${asked} questions about ${count} rewritings, ${wrong} differ\n`);
if (wrong > 0) process.exitCode = 1;

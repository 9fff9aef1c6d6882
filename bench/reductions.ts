// SPDX-License-Identifier: MIT
// Checks scenarios with all orders of steps and with partial-order reduction, and compares the answers.
//
//   npx tsx bench/reductions.ts [SECONDS [FILE ...]]
//
// FILE as in scenarios/, without .yaml; all of them if none is named. Before each form it checks whether SECONDS (300) are
// over.
import { readdirSync, readFileSync } from 'node:fs';
import { PATCHES } from '../src/machine/index.ts';
import { parseScenario, textNamesModel } from '../src/scenario/index.ts';
import { answeredBothWays } from '../test/both-ways.ts';

const FOLDER = new URL('../scenarios/', import.meta.url);
const [most = '300', ...named] = process.argv.slice(2);
const files = readdirSync(FOLDER)
  .map((file) => file.replace(/\.yaml$/, ''))
  .filter((file) => named.length === 0 || named.includes(file))
  .toSorted();
const began = performance.now();
let same = 0;
/** Of these, those in which every order of steps was taken because there are too many local states. */
let whole = 0;
let undecided = 0;
let different = 0;
let left = 0;
let [states, reduced] = [0, 0];
for (const file of files) {
  const text = readFileSync(new URL(`${file}.yaml`, FOLDER), 'utf8');
  if (textNamesModel(file, text)) continue;
  const scenario = parseScenario(file, text);
  for (const patch of [...PATCHES, ...scenario.check.mutants]) {
    if ((performance.now() - began) / 1000 > Number(most)) {
      left++;
      continue;
    }
    const before = process.cpuUsage();
    const answers = answeredBothWays(scenario, patch);
    const { user } = process.cpuUsage(before);
    const isReduced = answers.reductions.includes('partial order');
    let said = isReduced ? 'the same' : 'the same, too many local states';
    if (answers.differences.length > 0) {
      different++;
      process.exitCode = 1;
      said = `DIFFERENT: ${answers.differences.join('; ')}`;
    } else if (answers.undecided.length > 0) {
      undecided++;
      said = answers.undecided.join('; ');
    } else {
      same++;
      if (isReduced) {
        states += answers.whole;
        reduced += answers.reduced;
      } else whole++;
    }
    process.stdout.write(
      `${file} ${patch.name}: ${answers.whole} and ${answers.reduced} states, ${(user / 1e6).toFixed(1)} CPU seconds: ${said}\n`,
    );
  }
}
process.stdout.write(
  `${same} answers the same with and without (${whole} with too many local states, the others over ${states} and ${reduced} states), ` +
    `${undecided} undecided in one of them, ${different} different; ${left} not asked for want of time\n`,
);

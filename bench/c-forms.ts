// SPDX-License-Identifier: MIT
// Every check of examples/c beside the form that it is, in every scenario: the same verdicts, and the same graph where the accesses are.
//
//   npx tsx bench/c-forms.ts [SCENARIO...]
//   exit 0: they agree; 1: some do not
import { readdirSync, readFileSync } from 'node:fs';
import { builtIn, checked, formOf, graphOf, PAIRS, renamed, scenarioNamed, verdictsOf } from '../test/c-forms.ts';
import { textNamesModel } from '../src/scenario/index.ts';

/** Beyond so many states a pair is left out: both have as many. */
const MOST_STATES = 400_000;

const asked = process.argv.slice(2);
const directory = new URL('../scenarios/', import.meta.url);
const names = readdirSync(directory)
  .filter((file) => file.endsWith('.yaml') && !textNamesModel(file, readFileSync(new URL(file, directory), 'utf8')))
  .map((file) => file.slice(0, -'.yaml'.length))
  .filter((name) => asked.length === 0 || asked.includes(name));

let [agree, differ, large] = [0, 0, 0];
for (const name of names) {
  const scenario = scenarioNamed(name);
  for (const { file, builtIn: known, sameAccesses } of PAIRS) {
    const form = builtIn(known);
    const ours = checked(scenario, renamed(await formOf(file), form), MOST_STATES);
    const theirs = checked(scenario, form, MOST_STATES);
    if (ours.reason !== undefined || theirs.reason !== undefined) {
      large++;
      console.log(`${name} ${file}: too large (${ours.reason ?? '-'}, ${theirs.reason ?? '-'})`);
      continue;
    }
    const isSame =
      verdictsOf(ours, sameAccesses) === verdictsOf(theirs, sameAccesses) &&
      (!sameAccesses || graphOf(ours) === graphOf(theirs));
    if (isSame) agree++;
    else {
      differ++;
      console.log(`${name} ${file}: DIFFERS from ${known}`);
      console.log(`  ${graphOf(ours)}; ${verdictsOf(ours)}`);
      console.log(`  ${graphOf(theirs)}; ${verdictsOf(theirs)}`);
    }
  }
  console.log(`${name}: ${agree} agree, ${differ} differ, ${large} too large, so far`);
}
process.exitCode = differ === 0 ? 0 : 1;

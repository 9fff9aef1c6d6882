// SPDX-License-Identifier: MIT
// Gives a thread of each scenario a twin, and asks with and without symmetry, and with partial order: the verdict, the property and
// the length of the counterexample have to be the same. Prints a line for each question; exit 1 where anything differs.
//
//   npx tsx bench/alike.ts PATCH [MOST_STATES] [FILE ...]
import { readdirSync, readFileSync } from 'node:fs';
import { exploreProgram, type ProgramExploration, type Question } from '../src/check/index.ts';
import { alikeTasks } from '../src/lang/index.ts';
import { PATCHES } from '../src/machine/index.ts';
import { parseScenario } from '../src/scenario/index.ts';
import { questionAbout } from '../src/verify/index.ts';
import { withTwin } from '../test/support/twins.ts';

const [name, most = '300000', ...named] = process.argv.slice(2);
const patch = PATCHES.find((form) => form.name === name);
if (patch === undefined || !(Number(most) > 0)) {
  process.stderr.write(`usage: alike.ts ${PATCHES.map((form) => form.name).join('|')} [MOST_STATES] [FILE ...]\n`);
  process.exit(64);
}
const FOLDER = new URL('../scenarios/', import.meta.url);
const files = named.length > 0 ? named : readdirSync(FOLDER).toSorted();
/** In larger worlds it takes gigabytes to find out what is independent. */
const MOST_FOLIOS = 8;

const told = ({ verdict, property, counterexample }: ProgramExploration): string =>
  verdict === 'violated' ? `${property} in ${counterexample?.length} steps` : verdict;

function compare(question: Question): { readonly line: string; readonly differs: boolean } {
  const reach = { mostStates: Number(most) };
  const symmetry = alikeTasks(question.program, question.codeOf, question.initial, question);
  if (symmetry === undefined) return { line: 'not alike', differs: false };
  if ((question.program.sizes['folio'] ?? 0) > MOST_FOLIOS) return { line: 'too many folios', differs: false };
  const apart = exploreProgram(question, reach);
  const alike = exploreProgram({ ...question, symmetry }, reach);
  const both = exploreProgram({ ...question, symmetry, partialOrder: true }, reach);
  const all = [apart, alike, both];
  const verdicts = new Set(all.filter(({ verdict }) => verdict !== 'undecided').map(told));
  const states = all.map((found) => (found.verdict === 'undecided' ? 'more' : found.states));
  return {
    line: `${[...verdicts].join(' / ') || 'undecided'}: ${states[0]} states, alike ${states[1]}, and with partial order ${states[2]}`,
    differs: verdicts.size > 1,
  };
}

for (const file of files) {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  if (text.startsWith('model:')) continue;
  const scenario = parseScenario(file, text);
  for (const thread of scenario.threads) {
    const task = `T${thread.task}`;
    try {
      const { line, differs } = compare(questionAbout(withTwin(scenario, thread), patch));
      if (differs) process.exitCode = 1;
      process.stdout.write(`${file} ${task}: ${line}${differs ? ' DIFFERS' : ''}\n`);
    } catch (thrown) {
      process.exitCode = 1;
      process.stdout.write(`${file} ${task}: ${String(thrown)}\n`);
    }
  }
}

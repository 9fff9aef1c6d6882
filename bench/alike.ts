// SPDX-License-Identifier: MIT
// Gives a thread of each scenario a twin, and asks with and without symmetry, and with partial order: the verdict, the property and
// the length of the counterexample have to be the same. Prints a line for each question and a summary; exit 1 where anything differs.
//
//   npx tsx bench/alike.ts PATCH [MOST_STATES] [FILE ...]
//
// FILE as in scenarios/, without .yaml; all of them where none is named. Each search gives up after MOST_STATES (300 000).
import { readdirSync, readFileSync } from 'node:fs';
import { exploreProgram, type ProgramExploration, type Question } from '../src/check/index.ts';
import { alikeTasks } from '../src/lang/index.ts';
import { PATCHES } from '../src/machine/index.ts';
import { parseScenario, textNamesModel } from '../src/scenario/index.ts';
import { questionAbout } from '../src/verify/index.ts';
import { withTwin } from '../test/support/twins.ts';

const [name, most = '300000', ...named] = process.argv.slice(2);
const patch = PATCHES.find((form) => form.name === name);
if (patch === undefined || !(Number(most) > 0)) {
  process.stderr.write(`usage: alike.ts ${PATCHES.map((form) => form.name).join('|')} [MOST_STATES] [FILE ...]\n`);
  process.exit(64);
}
const FOLDER = new URL('../scenarios/', import.meta.url);
const files = readdirSync(FOLDER)
  .map((file) => file.replace(/\.yaml$/, ''))
  .filter((file) => named.length === 0 || named.includes(file))
  .toSorted();

const told = ({ verdict, property, counterexample }: ProgramExploration): string =>
  verdict === 'violated' ? `${property} in ${counterexample?.length} steps` : verdict;

type Outcome = 'same' | 'same, without partial order' | 'undecided' | 'decided by some' | 'not alike' | 'differs';
const outcomes = new Map<Outcome, number>();

function compare(question: Question): { readonly line: string; readonly outcome: Outcome } {
  const reach = { mostStates: Number(most) };
  const symmetry = alikeTasks(question.program, question.codeOf, question.initial, question);
  if (symmetry === undefined) return { line: 'not alike', outcome: 'not alike' };
  const apart = exploreProgram(question, reach);
  const alike = exploreProgram({ ...question, symmetry }, reach);
  const both = exploreProgram({ ...question, symmetry, partialOrder: true }, reach);
  const all = [apart, alike, both];
  const decided = all.filter(({ verdict }) => verdict !== 'undecided');
  const verdicts = new Set(decided.map(told));
  const states = all.map((found) => (found.verdict === 'undecided' ? 'more' : found.states));
  const isReduced = both.reductions.includes('partial order');
  const agreed = isReduced ? 'same' : 'same, without partial order';
  const outcome =
    verdicts.size > 1
      ? 'differs'
      : decided.length === all.length
        ? agreed
        : decided.length === 0
          ? 'undecided'
          : 'decided by some';
  const withBoth = isReduced ? `and with partial order ${states[2]}` : 'too many local states for partial order';
  return {
    line: `${[...verdicts].join(' / ') || 'undecided'}: ${states[0]} states, alike ${states[1]}, ${withBoth}`,
    outcome,
  };
}

for (const file of files) {
  const text = readFileSync(new URL(`${file}.yaml`, FOLDER), 'utf8');
  if (textNamesModel(file, text)) continue;
  const scenario = parseScenario(file, text);
  for (const thread of scenario.threads) {
    const { line, outcome } = compare(questionAbout(withTwin(scenario, thread), patch));
    if (outcome === 'differs') process.exitCode = 1;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    process.stdout.write(`${file} T${thread.task}: ${line}${outcome === 'differs' ? ' DIFFERS' : ''}\n`);
  }
}
process.stdout.write(`${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join('; ')}\n`);

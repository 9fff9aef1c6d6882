// SPDX-License-Identifier: MIT
// Prints the tables of docs/results.md: the properties that hold under each form of the check, and the numbers of explored
// states.
//
//   npx tsx bench/results.ts [TABLE ...]
//
// TABLE is properties, scenarios, exceptions, alternatives or mutants; all tables if none is named.
import { readdirSync, readFileSync } from 'node:fs';
import { ALTERNATIVES, MUTANTS, PATCHES } from '../src/kernel/index.ts';
import type { Patch } from '../src/machine/index.ts';
import { parseScenario, PROPERTY_IDS, type Scenario, textNamesModel } from '../src/scenario/index.ts';
import { type CheckAnswer, checking, type PropertyAnswer } from '../src/verify/index.ts';

const FOLDER = new URL('../scenarios/', import.meta.url);
const SCENARIOS: readonly Scenario[] = readdirSync(FOLDER)
  .toSorted()
  .flatMap((file) => {
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    return textNamesModel(file, text) ? [] : [parseScenario(`scenarios/${file}`, text)];
  });
/** The forms that drain all CPUs, of which it is said that they are right. */
const RIGHT = ['v6', 'v8', 'drain-for-folio'];
const FORMS: readonly Patch[] = [...PATCHES, ...ALTERNATIVES];
/** Orders of steps are explored one by one up to so many states. */
const MOST_STATES = 2_000_000;

const fileOf = ({ file }: Scenario): string => file.replaceAll(/^scenarios\/|\.yaml$/g, '');

function scenarioIn(file: string): Scenario {
  const found = SCENARIOS.find((scenario) => fileOf(scenario) === file);
  if (found === undefined) throw new Error(`there is no scenario '${file}'`);
  return found;
}

function formNamed(name: string): Patch {
  const patch = FORMS.find((form) => form.name === name);
  if (patch === undefined) throw new Error(`there is no form '${name}'`);
  return patch;
}

const KNOWN = new Map<string, CheckAnswer>();

function answerOf(scenario: Scenario, patch: Patch): CheckAnswer {
  const key = `${scenario.file} ${patch.name}`;
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  const pieces = checking(scenario, { patch, mostStates: MOST_STATES });
  for (;;) {
    const piece = pieces.next();
    if (piece.done !== true) continue;
    KNOWN.set(key, piece.value);
    return piece.value;
  }
}

const print = (...lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`);
};
const counted = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const heads = (cells: readonly string[]): readonly string[] => [
  row(cells),
  row(cells.map(() => '---')).replaceAll(' ', ''),
];

/** A violated property with the length of the shortest run. */
function wrongText({ id, counterexample }: PropertyAnswer): string {
  if (counterexample === undefined) return id;
  const { steps, round } = counterexample;
  return round === undefined ? `${id} in ${steps.length} steps` : `${id} after ${steps.length - round} steps`;
}

/**
 * The violated properties, with the steps of the shortest run. Unexpected results of calls are only listed if nothing else is
 * violated and `alone` is true.
 */
function verdictOf({ verdict, properties }: CheckAnswer, alone = true): string {
  const wrong = properties.filter((property) => property.verdict === 'violated');
  const named = wrong.filter(({ id }) => id !== 'expected' && id !== 'sometimes');
  const violated = (named.length > 0 || !alone ? named : wrong).map(wrongText);
  if (violated.length > 0) return `violated: ${violated.join(', ')}`;
  return verdict === 'undecided' ? verdict : 'holds';
}

const sizeOf = ({ machine: { cpus, tasks, pages, batchSize } }: CheckAnswer): string =>
  `${counted(cpus, 'CPU')}, ${counted(tasks, 'task')}, ${counted(pages, 'page')}, ${batchSize}`;

/**
 * I1 to I9, form by form: the numbers of scenarios in which each holds, and holds vacuously, and the scenarios that violate it.
 */
function propertiesTable(): void {
  print('', '### Which properties hold', '', ...heads(['property', ...RIGHT]));
  for (const id of PROPERTY_IDS) {
    if (id === 'expected' || id === 'sometimes') continue;
    const cells = RIGHT.map((name) => {
      const asked = SCENARIOS.flatMap((scenario) => {
        const property = answerOf(scenario, formNamed(name)).properties.find((one) => one.id === id);
        return property === undefined ? [] : [{ scenario, property }];
      });
      const holds = asked.filter(({ property }) => property.verdict === 'holds');
      const vacuous = holds.filter(({ property }) => property.vacuous !== undefined).length;
      const wrong = asked
        .filter(({ property }) => property.verdict === 'violated')
        .map(({ scenario, property }) => `${wrongText(property).replace(`${id} `, '')} of ${fileOf(scenario)}`);
      const text = `${holds.length - vacuous} hold${vacuous === 0 ? '' : `, ${vacuous} vacuously`}`;
      return wrong.length === 0 ? text : `${text}, violated ${wrong.join(', ')}`;
    });
    print(row([id, ...cells]));
  }
}

function scenariosTable(): void {
  print('', '### By scenario', '', ...heads(['scenario', 'profile', 'size', ...RIGHT]));
  for (const scenario of SCENARIOS) {
    const answers = RIGHT.map((name) => answerOf(scenario, formNamed(name)));
    const [first] = answers;
    if (first === undefined) continue;
    const cells = answers.map((answer) => `${verdictOf(answer)}; ${answer.explored.states}`);
    print(row([fileOf(scenario), first.machine.profile, sizeOf(first), ...cells]));
  }
}

const EXCEPTIONS: readonly (readonly [what: string, file: string, forms: readonly string[]])[] = [
  ['a CPU goes offline with the page in its batch', 'SC-20-cpu-offline', RIGHT],
  ['a soft offline puts the page back after the drain', 'SC-21-putback-after-drain', RIGHT],
  ['the same with the batches switched off', 'SC-21-putback-after-drain', ['lru-cache-disable']],
  ['a fault is on its way: EAGAIN, justified', 'SC-07-refused', RIGHT],
  ['an mlock batch that the drain forgets', 'SC-15-mlock-batch', ['mutant:drain-forgets-mlock']],
  ['an mlock batch, and no lru_add batch', 'SC-15-mlock-batch', ['skip-lru']],
  ['a real-time task has CPU 1 for ever', 'SC-32-worker-never-runs', ['baseline', 'local-drain', ...RIGHT]],
  ["a task never runs again that holds CPU 1's local lock", 'SC-33-never-again', ['baseline', ...RIGHT]],
  ['a large folio that begins before the range', 'SC-17-large-folio', RIGHT],
];

function exceptionsTable(): void {
  print('', '### Exceptions', '', ...heads(['what happens', 'scenario', 'form', 'result', 'states', 'depth']));
  for (const [what, file, forms] of EXCEPTIONS)
    for (const name of forms) {
      const patch = MUTANTS.find((mutant) => mutant.patch.name === name)?.patch ?? formNamed(name);
      const answer = answerOf(scenarioIn(file), patch);
      print(row([what, file, name, verdictOf(answer), answer.explored.states, answer.explored.depth]));
    }
}

const HARD_FOR_ALTERNATIVES = [
  'SC-02-other-cpu',
  'SC-11-vmsplice',
  'SC-15-mlock-batch',
  'SC-20-cpu-offline',
  'SC-21-putback-after-drain',
  'SC-32-worker-never-runs',
];

function alternativesTable(): void {
  print('', '### Alternatives', '', ...heads(['form', ...HARD_FOR_ALTERNATIVES]));
  for (const patch of FORMS) {
    const cells = HARD_FOR_ALTERNATIVES.map((file) => {
      const answer = answerOf(scenarioIn(file), patch);
      return `${verdictOf(answer, false)}; ${answer.explored.states}`;
    });
    print(row([patch.name, ...cells]));
  }
}

/** The mistakes made on purpose, each with what catches it, in the scenarios that ask for it. */
function mutantsTable(): void {
  print('', '### Mutants', '', ...heads(['mutant', 'what is wrong', 'scenario', 'caught by', 'states']));
  for (const { name, forgets, patch } of MUTANTS)
    for (const scenario of SCENARIOS) {
      if (!scenario.check.mutants.includes(patch)) continue;
      const answer = answerOf(scenario, patch);
      const caught = verdictOf(answer).replace('violated: ', '');
      print(row([name, forgets, fileOf(scenario), caught, answer.explored.states]));
    }
}

const TABLES: Readonly<Record<string, () => void>> = {
  properties: propertiesTable,
  scenarios: scenariosTable,
  exceptions: exceptionsTable,
  alternatives: alternativesTable,
  mutants: mutantsTable,
};

const asked = process.argv.slice(2);
for (const name of asked.length === 0 ? Object.keys(TABLES) : asked) {
  const table = TABLES[name];
  if (table === undefined) throw new Error(`no table '${name}', there are ${Object.keys(TABLES).join(', ')}`);
  table();
}

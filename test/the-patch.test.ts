// SPDX-License-Identifier: MIT
// docs/the-patch.md: every file, routine and scenario that an entry names is there, and every line says what the command says.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALTERNATIVES, MUTANTS, PATCHES } from '../src/kernel/index.ts';
import type { Patch } from '../src/machine/index.ts';
import { resultText } from '../src/report/verdict-text.ts';
import { parseScenario, PROPERTY_IDS, runScenario, type Scenario } from '../src/scenario/index.ts';
import { checking } from '../src/verify/index.ts';

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const [, ...entries] = read('docs/the-patch.md').split(/^### (?=\d+\. )/m);
const named = entries.map((text) => ({ title: text.split('\n')[0] ?? '', text }));

/** What follows a word at the beginning of an entry's lines. */
const lines = (text: string, word: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^- ${word}: (.*)$`, 'gm'))].map(([, rest = '']) => rest);

test('the walk is numbered, and complete in each entry', () => {
  expect(named.map(({ title }) => Number.parseInt(title, 10))).toEqual(Array.from(named, (_, i) => i + 1));
  // An include is nothing that runs.
  const [include, ...walked] = named.toSorted((a) => (a.title.startsWith('11.') ? -1 : 1));
  expect(lines(include?.text ?? '', 'here')).toEqual([]);
  for (const { title, text } of walked) {
    const counts = ['here', 'scenario', 'property'].map((word) => lines(text, word).length);
    expect([title, new Set(counts).size, counts[0]]).toEqual([
      title,
      1,
      expect.toSatisfy((count) => Number(count) > 0),
    ]);
    expect([title, asked(text).length > 0]).toEqual([title, true]);
  }
});

test.each(named)('$title: what it names is there', ({ text }) => {
  for (const here of lines(text, 'here').flatMap((line) => line.split('; '))) {
    const [, file = ''] = /`(src\/kernel\/\w+\.ts)`/.exec(here) ?? [];
    const source = read(file);
    const routines = [...here.matchAll(/`([\w-]+)(?:\(\))?`/g)].map(([, name = '']) => name);
    expect(routines.length).toBeGreaterThan(0);
    for (const name of routines)
      expect([
        file,
        name,
        new RegExp(`(?:routine\\(\\s*'|function |const |name: '|readonly )${name}\\b`).test(source),
      ]).toEqual([file, name, true]);
  }
  for (const file of lines(text, 'scenario').flatMap((line) => line.split(', ')))
    expect([file, existsSync(new URL(`../${file.replaceAll('`', '')}`, import.meta.url))]).toEqual([file, true]);
  for (const property of lines(text, 'property').flatMap((line) => line.split(', ')))
    if (!property.startsWith('none;')) expect(PROPERTY_IDS).toContain(property);
});

interface Asked {
  readonly command: 'check' | 'run';
  readonly file: string;
  readonly patch: string;
  readonly told: string;
}

const asked = (text: string): readonly Asked[] =>
  [...text.matchAll(/^- `folioscope (check|run) (\S+) --patch (\S+)`: (.*)$/gm)].map(
    ([, command = '', file = '', patch = '', told = '']) => ({
      command: command === 'run' ? 'run' : 'check',
      file,
      patch,
      told,
    }),
  );

const forms: readonly Patch[] = [...PATCHES, ...ALTERNATIVES, ...MUTANTS.map(({ patch }) => patch)];
const questions = new Map(entries.flatMap(asked).map((one) => [`${one.command} ${one.file} ${one.patch}`, one]));

/** What the first conversion comes to, in the scenario's own order. */
const ran = (scenario: Scenario, patch: Patch): string => {
  const { calls } = runScenario(scenario, { patch, keep: 'none' });
  const first = calls.find(({ stage, conversion }) => stage === 'threads' && conversion !== undefined);
  return first === undefined ? 'no conversion' : resultText(first).replaceAll('\u00a0', ' ');
};

const comesTo = (violated: readonly string[]): string =>
  violated.length === 0 ? 'holds' : `violated: ${violated.join(', ')}`;

/**
 * What every order comes to: what the file says of it, which `check --all` is held to (test/cli/check.test.ts), else what
 * exploring it says.
 */
function checked(scenario: Scenario, patch: Patch): string {
  const { byPatch, every } = scenario.check;
  const said = byPatch.get(patch.name) ?? (PATCHES.includes(patch) ? every : undefined);
  if (said !== undefined) return comesTo(said.violates);
  const pieces = checking(scenario, { patch, mostStates: 100_000 });
  for (;;) {
    const { done, value } = pieces.next();
    if (done !== true) continue;
    if (value.verdict === 'undecided') throw new Error(value.reason);
    return comesTo(value.properties.flatMap(({ id, verdict }) => (verdict === 'violated' ? [id] : [])));
  }
}

test.each([...questions.values()])(
  'folioscope $command $file --patch $patch',
  ({ command, file, patch: name, told }) => {
    const patch = forms.find((form) => form.name === name);
    if (patch === undefined) throw new Error(`there is no form '${name}'`);
    const scenario = parseScenario(file, read(file));
    expect(command === 'run' ? ran(scenario, patch) : checked(scenario, patch)).toBe(told);
  },
);

test('every mutant of the check, of its drain and of its locks is in the walk', () => {
  const absent = MUTANTS.filter(({ patch }) => ![...questions.values()].some((one) => one.patch === patch.name));
  expect(absent.map(({ name }) => name)).toEqual(['unmap-keeps-references', 'drains-itself-only']);
});

// SPDX-License-Identifier: MIT
// The quickest rows of docs/results.md are what the command says today.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MUTANTS } from '../src/kernel/index.ts';
import { folioscope } from './cli/folioscope.ts';

const TEXT = readFileSync(new URL('../docs/results.md', import.meta.url), 'utf8');

/** The rows of a table, cell by cell, by its first cell. */
function tableOf(title: string): { readonly heads: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const [heads = [], , ...rows] = (TEXT.split(`### ${title}\n`)[1]?.split('\n#')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return { heads, rows };
}

interface Property {
  readonly property: string;
  readonly verdict: string;
}
interface Answer {
  readonly states: number;
  readonly property: string | null;
  readonly counterexample?: { readonly length: number; readonly round?: number };
  readonly properties: readonly (Property & { readonly counterexample?: Answer['counterexample'] })[];
}

/** What a form comes to, as the tables say it. */
function textOf({ property: shortest, counterexample, properties }: Answer): string {
  const wrong = properties
    .filter(({ property, verdict }) => verdict === 'violated' && property !== 'expected' && property !== 'sometimes')
    .map(({ property, counterexample: run = property === shortest ? counterexample : undefined }) =>
      run?.round === undefined
        ? `${property} in ${run?.length} steps`
        : `${property} after ${run.length - run.round} steps`,
    );
  return wrong.length === 0 ? 'holds' : `violated: ${wrong.join(', ')}`;
}

function asked(file: string, forms: readonly string[]): readonly Answer[] {
  const { stdout } = folioscope(['check', `scenarios/${file}.yaml`, '--patch', forms.join(','), '--json']);
  return (JSON.parse(stdout) as { patches: readonly Answer[] }).patches;
}

test.each(['SC-02-other-cpu', 'SC-17-large-folio', 'SC-20-cpu-offline', 'SC-23-two-inodes', 'SC-32-worker-never-runs'])(
  'by scenario: %s',
  (file) => {
    const { heads, rows } = tableOf('By scenario');
    const forms = heads.slice(3);
    const row = rows.find(([first]) => first === file);
    expect(asked(file, forms).map((answer) => `${textOf(answer)}; ${answer.states}`)).toEqual(row?.slice(3));
  },
);

test.each(['SC-02-other-cpu', 'SC-15-mlock-batch'])('alternatives: %s', (file) => {
  const { heads, rows } = tableOf('Alternatives');
  const column = heads.indexOf(file);
  const answers = asked(
    file,
    rows.map(([form = '']) => form),
  );
  expect(answers.map((answer) => `${textOf(answer)}; ${answer.states}`)).toEqual(rows.map((row) => row[column]));
});

test('every mutant is caught, by what its own table says', () => {
  const { rows } = tableOf('Mutants');
  expect([...new Set(rows.map(([name]) => name))]).toEqual(MUTANTS.map(({ name }) => name));
  for (const { name, property } of MUTANTS)
    expect(rows.some(([mutant, , , caught = '']) => mutant === name && caught.includes(property))).toBe(true);
  const file = 'SC-37-drain-loop';
  const here = rows.filter(([, , scenario]) => scenario === file);
  const answers = asked(
    file,
    here.map(([name = '']) => `mutant:${name}`),
  );
  expect(answers.map((answer) => [textOf(answer).replace('violated: ', ''), String(answer.states)])).toEqual(
    here.map(([, , , caught, states]) => [caught, states]),
  );
});

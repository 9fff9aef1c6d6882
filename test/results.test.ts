// SPDX-License-Identifier: MIT
// The quickest tables of docs/results.md are what the command says today.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { folioscope } from './cli/folioscope.ts';

const TEXT = readFileSync(new URL('../docs/results.md', import.meta.url), 'utf8');

/** The rows of a scenario's table, cell by cell. */
const rowsOf = (file: string): readonly (readonly string[])[] =>
  (TEXT.split(`### ${file}\n`)[1]?.split('\n#')[0] ?? '')
    .split('\n')
    .filter((line) => /^\| [\w-]+ \| (?:holds|violated)/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

interface Answer {
  readonly patch: string;
  readonly verdict: string;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly counterexample?: { readonly length: number };
  readonly property: string | null;
}

test.each([
  ['SC-02-other-cpu', 12],
  ['SC-20-cpu-offline', 3],
])('%s', (file, count) => {
  const rows = rowsOf(file);
  expect(rows).toHaveLength(count);
  const forms = rows.map(([form = '']) => form).join(',');
  const { stdout } = folioscope(['check', `scenarios/${file}.yaml`, '--patch', forms, '--json']);
  const { patches } = JSON.parse(stdout) as { patches: readonly Answer[] };
  expect(
    patches.map(({ patch, verdict, property, counterexample, states, transitions, depth }) => [
      patch,
      counterexample === undefined ? verdict : `violated: ${property} in ${counterexample.length} steps`,
      ...[states, transitions, depth].map(String),
    ]),
  ).toEqual(rows);
});

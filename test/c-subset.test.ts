// SPDX-License-Identifier: MIT
// docs/c-subset.md lists exactly what a check in C may call.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Known, STEPS, type Word, WORDS } from '../src/cfront/index.ts';

const PARAMS = {
  folio: 'folio',
  mapping: 'mapping',
  batch: '&batch',
  value: 'n',
  place: '&n',
  ignored: '...',
} as const;

const callOf = ({ name, params, returns }: Known | Word): string => {
  if (name.includes('->')) return `\`${name}\``;
  const args = params.map(({ kind }) => PARAMS[kind]).join(', ');
  return `\`${returns.kind === 'void' ? '' : '= '}${name}(${args})\``;
};
const rowOf = (known: Known | Word): string => `| ${callOf(known)} | ${known.means} |`;

test('the table of what a check may call is the one of docs/c-subset.md', () => {
  const text = readFileSync(new URL('../docs/c-subset.md', import.meta.url), 'utf8');
  const [, steps = '', words = ''] = text.split(/^\| call \| means \|\n\|---\|---\|\n/m);
  const rows = (part: string): readonly string[] => part.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows(steps)).toEqual(STEPS.map(rowOf));
  expect(rows(words)).toEqual(WORDS.map(rowOf));
});

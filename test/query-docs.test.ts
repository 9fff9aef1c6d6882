// SPDX-License-Identifier: MIT
// docs/query.md has every table and every column, as src/export/tables.ts has them.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { columnsOf, TABLE_NAMES, TABLES } from '../src/export/index.ts';

const page = readFileSync('docs/query.md', 'utf8');

test.each(TABLE_NAMES)('%s is described column by column', (table) => {
  const { about } = TABLES[table];
  const lines = columnsOf(table).map(({ name, type, about: what }) => `| \`${name}\` | ${type} | ${what} |`);
  const section = [`### ${table}`, '', about, '', '| column | type | |', '|---|---|---|', ...lines, ''].join('\n');
  expect(page.includes(section) ? '' : section).toBe('');
});

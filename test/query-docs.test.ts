// SPDX-License-Identifier: MIT
// docs/query.md has every table and every column, as src/export/tables.ts has them.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ColumnSpec, TABLE_NAMES, TABLES } from '../src/export/index.ts';

const page = readFileSync('docs/query.md', 'utf8');

/** As DuckDB and others name the types. */
const TYPE_NAMES = { int64: 'BIGINT', int32: 'INTEGER', boolean: 'BOOLEAN', text: 'VARCHAR', json: 'VARCHAR' } as const;

test.each(TABLE_NAMES)('%s is described column by column', (table) => {
  const { about } = TABLES[table];
  const columns: Readonly<Record<string, ColumnSpec>> = TABLES[table].columns;
  const lines = Object.entries(columns).map(
    ([name, { type, about: what }]) => `| \`${name}\` | ${TYPE_NAMES[type]} | ${what} |`,
  );
  const section = [`### ${table}`, '', about, '', '| column | type | |', '|---|---|---|', ...lines, ''].join('\n');
  expect(page.includes(section) ? '' : section).toBe('');
});

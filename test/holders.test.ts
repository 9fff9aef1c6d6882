// SPDX-License-Identifier: MIT
// Every kind of holder stands in the schemas of what names holders, and in the page that explains them.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HOLDER_KINDS } from '../src/ledger/index.ts';

const textOf = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** Lists of words in a document, however deep, that name holders. */
function enumerations(value: unknown): readonly (readonly unknown[])[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(enumerations);
  const list = 'enum' in value && Array.isArray(value.enum) ? (value.enum as readonly unknown[]) : [];
  return list.includes('page-cache') ? [list, ...inside] : inside;
}

test.each([
  ['schema/run.schema.json', HOLDER_KINDS],
  ['schema/explain-pfn.schema.json', HOLDER_KINDS],
  // A guest_memfd folio is in none of the other LRU batches, and no event shows another folio's.
  ['schema/explain.schema.json', HOLDER_KINDS.filter((kind) => kind !== 'lru-batch')],
])('%s names every kind of holder', (path, kinds) => {
  const lists = enumerations(JSON.parse(textOf(path)));
  expect(lists.length).toBeGreaterThan(0);
  for (const list of lists) expect(list).toEqual(kinds);
});

test('the table of holders has a row a kind', () => {
  const [, page = ''] = textOf('docs/ARCHITECTURE.md').split('\n## Holders\n\n');
  const [table = ''] = page.split('\n\n');
  const kinds = [...table.matchAll(/^\| `([\w-]+)`/gm)].map(([, kind]) => kind);
  expect(kinds).toEqual(HOLDER_KINDS);
});

// SPDX-License-Identifier: MIT
// A check in C has the verdicts and states of the same form in the kernel language; each wrong check violates its property.
// `npx tsx bench/c-forms.ts` does it for every scenario.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Patch } from '../src/kernel/index.ts';
import { parseScenario } from '../src/scenario/index.ts';
import {
  builtIn,
  checked,
  formOf,
  graphOf,
  IN_A_PIPE,
  PAIRS,
  renamed,
  scenarioNamed,
  translated,
  verdictsOf,
  WRONG,
} from './c-forms.ts';

const MOST_STATES = 20_000;

const OTHER_CPU = scenarioNamed('SC-02-other-cpu');

test.each(PAIRS)('$file is $builtIn', async ({ file, builtIn: name, sameAccesses }) => {
  const theirs = builtIn(name);
  const ours = renamed(await formOf(file), theirs);
  const [c, known] = [checked(OTHER_CPU, ours, MOST_STATES), checked(OTHER_CPU, theirs, MOST_STATES)];
  expect(verdictsOf(c, sameAccesses)).toBe(verdictsOf(known, sameAccesses));
  if (sameAccesses) expect(graphOf(c)).toBe(graphOf(known));
});

test('large folios: what is read beside a count is part of its step', async () => {
  const scenario = scenarioNamed('SC-17-large-folio');
  for (const name of ['v6', 'ref-freeze']) {
    const theirs = builtIn(name);
    const ours = renamed(await formOf(`${name}.c`), theirs);
    expect(graphOf(checked(scenario, ours, MOST_STATES))).toBe(graphOf(checked(scenario, theirs, MOST_STATES)));
  }
});

test.each(WRONG)('%s is found wrong: %s', async (file, property) => {
  const { properties } = checked(IN_A_PIPE, await formOf(file), MOST_STATES);
  const violated = properties.filter(({ verdict }) => verdict === 'violated').map(({ id }) => id);
  expect(violated).toContain(property);
});

test('a batch that is filled again keeps what it has, and the release puts all of it', async () => {
  const text = `static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start, size_t nr_pages, pgoff_t *err_index)
{
	struct folio_batch batch;
	pgoff_t next = start;

	folio_batch_init(&batch);
	filemap_get_folios(inode->i_mapping, &next, start, &batch);
	filemap_get_folios(inode->i_mapping, &next, start + nr_pages - 1, &batch);
	folio_batch_release(&batch);
	return true;
}
`;
  const scenario = parseScenario(
    'two-pages.yaml',
    `scenario: T
title: Two pages
machine: { cpus: 1 }
guest_memfd: { pages: 2 }
tasks: { T0: { cpu: 0 } }
before: [{ T0: { touch: 0..2 } }]
threads:
  T0: [{ convert: { range: 0..2, to: private } }]
`,
  );
  const { properties } = checked(scenario, await translated('twice.c', text), MOST_STATES);
  expect(properties.find(({ id }) => id === 'I6')?.verdict).toBe('holds');
});

/** A wrong check that is otherwise v8. */
async function changedV8(name: string, ...changes: readonly (readonly [from: string, to: string])[]): Promise<Patch> {
  let text = readFileSync(new URL('../examples/c/v8.c', import.meta.url), 'utf8');
  for (const [from, to] of changes) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  return translated(name, text);
}

const violatedIn = (scenario: string, form: Patch): readonly string[] =>
  checked(scenarioNamed(scenario), form, MOST_STATES)
    .properties.filter(({ verdict }) => verdict === 'violated')
    .map(({ id }) => id);

test('references that stay in a second batch are found: I6', async () => {
  const form = await changedV8(
    'leaves-a-batch.c',
    [
      'while (filemap_get_folios(mapping, &next, last, &batch)) {',
      'while (filemap_get_folios(mapping, &next, last, &batch) && !bad) {',
    ],
    ['bool safe = false;', 'bool safe = false;\n\tbool bad = false;'],
    ['goto out;\n\t\t}', 'bad = true;\n\t\t\tbreak;\n\t\t}'],
    ['safe = true;\nout:\n\tfolio_batch_release(&batch);', 'safe = !bad;'],
  );
  expect(violatedIn('SC-30-in-use-before-many', form)).toEqual(['I6']);
  expect(violatedIn('SC-11-vmsplice', form)).toEqual([]);
});

test.each([
  ['no index', 'if (folio_nr_pages(folio) == 1)\n\t\t\t\t*err_index = folio->index;'],
  ['the page behind it', '*err_index = folio->index + folio_nr_pages(folio);'],
])('of a large folio, %s is no exception: I4', async (_, writes) => {
  const form = await changedV8('large.c', ['*err_index = max(start, folio->index);', writes]);
  expect(violatedIn('SC-17-large-folio', form)).toEqual(['I4']);
});

test('a lock that is dropped for the drain lets a fault in behind the look: I1', async () => {
  const form = await changedV8('drops-the-lock.c', [
    'lru_add_drain_all();',
    'filemap_invalidate_unlock(mapping);\n\t\t\t\tlru_add_drain_all();\n\t\t\t\tfilemap_invalidate_lock(mapping);',
  ]);
  expect(violatedIn('SC-07-faulted-after-its-look', form)).toContain('I1');
});

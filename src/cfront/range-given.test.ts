// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { createMachine } from '../machine/index.ts';
import { cFront, type CFront, wholeFile } from './index.ts';

let front: CFront;
beforeAll(async () => {
  const grammar = new URL('../../node_modules/tree-sitter-c/tree-sitter-c.wasm', import.meta.url);
  front = await cFront({ grammar: readFileSync(grammar) });
});

const textOf = (second: string, body: string, before = ''): string =>
  `${before}static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start, ${second}, pgoff_t *err_index)\n{\n${body}\n}\n`;

/** The pages that a check looks at of 8, if it is asked for pages 2 and 3: by which it is refused if only that is in use. */
function lookedAt(text: string): readonly number[] | string {
  const translation = front.translate(wholeFile('f.c', text), { name: 'f' });
  if (translation.kind === 'refused') return translation.errors.join('\n');
  return Array.from({ length: 8 }, (_, page) => page).filter((page) => {
    const machine = createMachine({
      cpus: 1,
      tasks: [{ name: 'T', cpu: 0 }],
      guestMemfds: [{ pages: 8 }],
      pins: 1,
      patch: translation.form,
    });
    machine.call(0, { call: 'touch', inode: 0, start: 0, pages: 8 });
    machine.call(0, { call: 'vmsplice', pin: 0, inode: 0, index: page });
    machine.call(0, { call: 'lru-add-drain-all' });
    const argument = { offset: 2n * 4096n, size: 2n * 4096n, attributes: 8n, flags: 0n, reserved: [] };
    return machine.call(0, { call: 'set-memory-attributes2', inode: 0, argument }).result !== 'ok';
  });
}

const walk = (last: string): string => `	struct folio_batch batch;
	pgoff_t at = start;
	bool safe = true;

	folio_batch_init(&batch);
	while (safe && filemap_get_folios(inode->i_mapping, &at, ${last}, &batch)) {
		for (int i = 0; safe && i < folio_batch_count(&batch); i++)
			safe = folio_ref_count(batch.folios[i]) == folio_nr_pages(batch.folios[i]) + 1;
		folio_batch_release(&batch);
	}
	return safe;`;

const lookups = (loop: string, page: string): string => `	bool safe = true;

	${loop} {
		struct folio *folio = filemap_get_folio(inode->i_mapping, ${page});

		if (IS_ERR(folio))
			continue;
		safe = safe && folio_ref_count(folio) == folio_nr_pages(folio) + 1;
		folio_put(folio);
	}
	return safe;`;

const HELPER = `static pgoff_t last_of(pgoff_t first, unsigned long pages)
{
	return first + pages - 1;
}

`;
const KEEPS = 'unsigned long end';

describe('a check looks at the pages that it is asked about, whatever its second number is and is called', () => {
  test.each([
    ['a size', 'size_t end', walk('start + end - 1')],
    ['a count, by the lookup', KEEPS, walk('start + end - 1')],
    ['the page behind the last', 'pgoff_t last', walk('last - 1')],
    ['the last page', 'pgoff_t nr_pages', walk('nr_pages')],
    ['the last page, kept', 'pgoff_t nr', walk('until').replace('bool safe', 'const pgoff_t until = nr;\n\tbool safe')],
    ['a count, of a loop from 0', KEEPS, lookups('for (unsigned long i = 0; i < end; i++)', 'start + i')],
    ['a count, of a loop from the first page', KEEPS, lookups('for (pgoff_t i = start; i < start + end; ++i)', 'i')],
    ['a count, bound on the left', KEEPS, lookups('for (pgoff_t i = start; start + end > i; ++i)', 'i')],
    ['the page behind the last, of a loop', 'pgoff_t nr', lookups('for (pgoff_t i = start; i < nr; i++)', 'i')],
    ['the page behind the last, !=', 'pgoff_t nr', lookups('for (pgoff_t i = start; i != nr; i++)', 'i')],
    [
      'the page behind the last, by a difference',
      'pgoff_t nr',
      lookups('for (int i = 0; i < nr - start; i++)', 'start + i'),
    ],
    ['the last page, of a loop', 'pgoff_t nr', lookups('for (pgoff_t i = start; i <= nr; i++)', 'i')],
    ['the last page, bound on the left', 'pgoff_t nr', lookups('for (pgoff_t i = start; nr >= i; i++)', 'i')],
    [
      'a remark',
      'pgoff_t x',
      `	/* folioscope: givenEnd */\n${lookups('while (start < x && start++ < x)', 'start - 1')}`,
    ],
  ])('%s', (_, second, body) => {
    expect(lookedAt(textOf(second, body))).toEqual([2, 3]);
  });

  test('a count that a helper makes the last page of', () => {
    const body = walk('until').replace('bool safe', 'pgoff_t until = last_of(start, n);\n\tbool safe');
    expect(lookedAt(textOf('unsigned long n', body, HELPER))).toEqual([2, 3]);
  });
});

test.each([
  ['nothing', 'unsigned long end', '\treturn true;'],
  [
    'two things',
    'pgoff_t end',
    `${lookups('for (pgoff_t i = start; i < end; i++)', 'i').replace('return safe;', '')}\tfor (; start <= end; start++)\n\t\tcond_resched();\n\treturn safe;`,
  ],
  ['one page too many', 'unsigned long n', walk('start + n')],
])('a text that says %s is refused, with what says it', (_, second, body) => {
  const name = second.split(' ').at(-1) ?? '';
  expect(lookedAt(textOf(second, body))).toBe(
    `f.c:1:81: '${name}' may be a number of pages, the index after the last page, or the index of the last page, expected the type size_t for a number of pages, or a comment: 'folioscope: givenCount', 'givenEnd' or 'givenLast'`,
  );
});

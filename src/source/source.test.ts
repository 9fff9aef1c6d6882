// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { compareSources, HELD_AGAINST, ROUTINES, type Sources } from './index.ts';
import { routinesNamedIn } from './named.ts';
import { hashOf, routinesIn } from './routines.ts';

const words = (text: string, name: string): string | undefined => routinesIn(text).get(name)?.join(' ');

test('routines of C by name, without comments, blanks and lines of the preprocessor', () => {
  const text = `
#include <linux/mm.h>
static DEFINE_PER_CPU(struct batch, batches) = { .lock = INIT(lock), };
struct ops { void (*run)(int a); };
static const struct ops all = { .run = go };
/* int gone(void) { } */
static int put(struct folio *folio) /* why */
\t__releases(folio->lock)
{
\tif (folio && dec(folio)) { // last
\t\treturn go("}");
\t}
\treturn 0;
}
EXPORT_SYMBOL_GPL(put);
#define twice(x) \\
\tput(x); \\
\tput(x)
void other(void) { }
`;
  expect([...routinesIn(text).keys()]).toEqual(['put', 'other', 'twice']);
  expect(words(text, 'put')).toBe(
    'static int put ( struct folio * folio ) __releases ( folio -> lock ) { if ( folio && dec ( folio ) ) { return go ( "}" ) ; } return 0 ; }',
  );
  expect(words(text, 'twice')).toBe('# define twice ( x ) put ( x ) ; put ( x )');
});

test('a routine of two configurations has the words of both', () => {
  const text = '#ifdef CONFIG_SMP\nvoid drain(void) { all(); }\n#else\nvoid drain(void) { one(); }\n#endif\n';
  expect(words(text, 'drain')).toBe('void drain ( void ) { all ( ) ; } void drain ( void ) { one ( ) ; }');
});

test('a hash stands for the words alone', async () => {
  const hash = async (text: string): Promise<string> => hashOf(routinesIn(text).get('f') ?? []);
  const plain = await hash('int f(int a) { return a + 1; }');
  expect(await hash('int f(int a)\n{\n\treturn a\t+ 1; /* one more */\n}')).toBe(plain);
  expect(await hash('int f(int a) { return a + 2; }')).not.toBe(plain);
});

test('the routines that doc comments name', () => {
  const text = `
/** mm/folio.c: folio_add_lru() and its add_and_move(): what waits. */
/**
 * fs/open.c: vfs_fallocate(), then mm/folio.c: lru_add_drain(), which
 * drains.
 */
// mm/folio.c: not_a_doc_comment()
`;
  expect(routinesNamedIn(text).map(({ file, routine }) => `${file} ${routine}`)).toEqual([
    'mm/folio.c folio_add_lru',
    'mm/folio.c add_and_move',
    'fs/open.c vfs_fallocate',
    'mm/folio.c lru_add_drain',
  ]);
});

const sources = (files: Readonly<Record<string, string>>): Sources => ({
  read: async (path) => Promise.resolve(files[path]),
  list: async () => Promise.resolve(Object.keys(files)),
});

test('a routine is gone, or its file, or changed, or changed in another file', async () => {
  const only = new Set(['lru_add_drain_cpu']);
  const of = async (files: Readonly<Record<string, string>>): Promise<unknown> =>
    (await compareSources(sources(files), only)).map(({ state, now }) => [state, now]);
  expect(await of({})).toEqual([['absent', undefined]]);
  expect(await of({ 'mm/folio.c': 'int other;' })).toEqual([['gone', undefined]]);
  const text = 'void lru_add_drain_cpu(int cpu) { }';
  expect(await of({ 'mm/folio.c': text })).toEqual([['changed', undefined]]);
  expect(await of({ 'mm/elsewhere.c': text })).toEqual([['changed', 'mm/elsewhere.c']]);
});

test('every routine has a hash of the release that the model is held against', () => {
  expect(ROUTINES.length).toBeGreaterThan(100);
  expect(ROUTINES.filter(({ hashes }) => hashes[HELD_AGAINST] === undefined)).toEqual([]);
});

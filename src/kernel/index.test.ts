// SPDX-License-Identifier: GPL-2.0-only
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import * as kernel from './index.ts';

/** What a file takes from its neighbours, types left out. */
async function importsOf(file: string): Promise<readonly string[]> {
  const text = await readFile(new URL(file, import.meta.url), 'utf8');
  return [...text.matchAll(/^import \{([^}]*)\} from '\.\/(?!\.)/gm)].flatMap(([, list = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type ')),
  );
}

test.each(['guest_memfd_check.ts', 'alternatives.ts'])(
  'who writes a form of his own has everything that the forms in %s use',
  async (file) => {
    const names = await importsOf(file);
    expect(names).toContain('folioNrPages');
    const own = ['clamped', 'compareCount', 'forEachFolio', 'safetyCheck', 'FILEMAP_GET_FOLIOS_REFCOUNT'];
    // What a form calls `folio` is the memory as a check reads it.
    for (const name of [...names.filter((known) => known !== 'checkedFolio'), ...own])
      expect(kernel).toHaveProperty(name);
  },
);

test('names with underscores are routines of the kernel, and stand for those of that name', async () => {
  const folder = new URL('.', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const text = (await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')))).join('\n');
  const names = Object.keys(kernel).filter((name) => /^[a-z]/.test(name) && name.includes('_'));
  expect(names).toContain('lru_add_drain_all');
  for (const name of names) expect(text).toMatch(new RegExp(`const ${name} = routine\\(\\s*'${name}'`));
});

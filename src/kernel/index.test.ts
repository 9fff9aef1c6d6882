// SPDX-License-Identifier: GPL-2.0-only
import { readFile } from 'node:fs/promises';
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

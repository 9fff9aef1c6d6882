// SPDX-License-Identifier: MIT
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folioscope } from './folioscope.ts';
import { validatorOf } from './schema.ts';

let tree = '';
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'folioscope-tree-'));
  for (const place of ['mm', 'virt/kvm']) mkdirSync(join(tree, place), { recursive: true });
  writeFileSync(join(tree, 'mm/folio.c'), 'void lru_add_drain_all(void)\n{\n\tnothing();\n}\n');
  writeFileSync(join(tree, 'mm/filemap.c'), 'void nothing(void)\n{\n}\n');
  writeFileSync(join(tree, 'mm/other.c'), 'void folio_add_lru(struct folio *folio)\n{\n}\n');
});
afterAll(() => {
  rmSync(tree, { recursive: true });
});

test('a tree of another kernel: what has changed, where it stands now, and what is gone', () => {
  const { status, stdout } = folioscope(['source', tree]);
  expect(status).toBe(1);
  expect(stdout).toContain('changed mm/folio.c: lru_add_drain_all()\n');
  expect(stdout).toContain('changed mm/folio.c: folio_add_lru(), now in mm/other.c\n');
  expect(stdout).toContain('gone    mm/filemap.c: filemap_get_entry()\n');
  expect(stdout.split('\n').every((line) => line.length <= 75 || line.includes(tree))).toBe(true);
});

test('as JSON, by its schema', () => {
  const { status, stdout } = folioscope(['source', tree, '--json']);
  expect(status).toBe(1);
  const document: unknown = JSON.parse(stdout);
  const validate = validatorOf('source');
  expect([validate(document), validate.errors]).toEqual([true, null]);
});

test('what is no kernel tree is told in one line', () => {
  const { status, stdout, stderr } = folioscope(['source', join(tree, 'mm')]);
  expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
  expect(stderr).toMatch(/^folioscope: .*: has no mm, expected a kernel tree\n$/);
});

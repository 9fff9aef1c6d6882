// SPDX-License-Identifier: MIT
// docs/ARCHITECTURE.md draws what stands: every file that it names is there, and every room is drawn.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8');
const rooms = readdirSync(join(ROOT, 'src'));

/** Paths from the root or from src/; names without a folder. */
const named = [...page.matchAll(/[\w*./-]+\.(?:ts|mjs|md|json)\b|\b(?:src|test|bench|scripts)\/[\w/-]+\//g)].map(
  ([path]) => path,
);

const everyName = new Set(
  ['src', 'test', 'docs', 'scripts'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => basename(path)),
  ),
);

function isThere(path: string): boolean {
  if (!path.includes('/')) return everyName.has(path);
  const full = rooms.includes(path.split('/')[0] ?? '') ? join('src', path) : path;
  if (!full.includes('*')) return existsSync(join(ROOT, full));
  const [start = '', end = ''] = basename(full).split('*');
  return readdirSync(join(ROOT, dirname(full))).some((file) => file.startsWith(start) && file.endsWith(end));
}

test('every file that the page names is there', () => {
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter((path) => !isThere(path))).toEqual([]);
});

test('every room is drawn in the house', () => {
  const drawn = [...page.matchAll(/^ {2}(\w+)\/ /gm)].map(([, room]) => room);
  expect(new Set(drawn)).toEqual(new Set(rooms));
});

const readmes = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => basename(file) === 'README.md')
  .map((file) => join('src', file));

test.each(readmes)('%s is short, and every file that it names is there', (file) => {
  const [title, blank, ...lines] = readFileSync(join(ROOT, file), 'utf8').trimEnd().split('\n');
  expect({ title, blank }).toEqual({ title: `# ${dirname(file).replace(/^src\//, '')}`, blank: '' });
  expect(lines.length).toBeLessThanOrEqual(15);
  const paths = [...lines.join('\n').matchAll(/`([\w./-]+(?:\.\w+|\/))`/g)].map(([, path = '']) => path);
  const places = (path: string): readonly string[] => [join(dirname(file), path), path];
  expect(paths.filter((path) => !places(path).some((place) => existsSync(join(ROOT, place))))).toEqual([]);
});

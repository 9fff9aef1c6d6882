// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { folioscope } from './cli/folioscope.ts';

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const PAGES = [
  'README.md',
  ...readdirSync(new URL('../docs', import.meta.url))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

/** A command's words as a shell splits them; quotes without anything to replace are enough for our pages. */
const words = (command: string): readonly string[] =>
  [...command.matchAll(/'([^']*)'|"([^"$`\\]*)"|(\S+)/g)].map(([, one, two, plain]) => one ?? two ?? plain ?? '');

/** What `head -COUNT` leaves of a text. */
const firstLines = (text: string, count: number): string => `${text.split('\n').slice(0, count).join('\n')}\n`;

const hasDuckdb = await import('@duckdb/node-api').then(
  () => true,
  () => false,
);

const sessions = PAGES.flatMap((page) =>
  [...read(page).matchAll(/```console\n\$ folioscope ((?:'[^']*'|"[^"]*"|[^'"\n])*)\n([^]*?)```/g)].map(
    ([, command = '', output = '']) => ({
      page,
      command,
      output,
    }),
  ),
);

describe('what the pages show is what the commands print', () => {
  test.for(hasDuckdb ? [] : ['the optional package @duckdb/node-api is missing'])(
    'of questions in SQL',
    (reason, { skip }) => {
      expect(hasDuckdb).toBe(false);
      skip(reason);
    },
  );

  test.each(sessions.filter(({ command }) => hasDuckdb || !command.startsWith('query')))(
    '$page: $command',
    ({ command, output }) => {
      const [, plain = command, lines] = / *(.*) \| head -(\d+)$/.exec(command) ?? [];
      const { stdout, stderr, status } = folioscope(words(plain));
      expect(stderr).toBe('');
      expect(lines === undefined ? stdout : firstLines(stdout, Number(lines))).toBe(output);
      expect([0, 1]).toContain(status);
    },
  );

  test.each([
    ['README.md', 1],
    ['docs/first-run.md', 3],
  ])('%s shows %i', (shown, count) => {
    expect(sessions.filter(({ page }) => page === shown)).toHaveLength(count);
  });

  test('README is short', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(130);
  });
});

test.each(PAGES)('every file that %s names is there', (page) => {
  const folder = page.includes('/') ? 'docs/' : '';
  const named = [
    ...[...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => `${folder}${path}`),
    ...[...read(page).matchAll(/`((?:src|test|scripts|scenarios|docs|bench)\/[\w./-]+\.\w+)`/g)].map(
      ([, path = '']) => path,
    ),
  ];
  const missing = named.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)));
  expect(missing).toEqual([]);
});

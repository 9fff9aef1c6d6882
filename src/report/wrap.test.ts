// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAIL_COLUMNS, quoteText, wrapAtBlanks } from './wrap.ts';

test('breaks at blanks and hangs', () => {
  expect(wrapAtBlanks(`${'word '.repeat(16)}end`, '  ', '    ')).toEqual([
    `  ${'word '.repeat(14)}word`.slice(0, 2 + 14 * 5 - 1),
    '    word word end',
  ]);
});

test.each([
  ['1 234 567 states', ['1 234 567', 'states']],
  ['12 345, depth 6', ['12 345,', 'depth', '6']],
  ['p50 106 us, 3 of 100', ['p50', '106', 'us,', '3', 'of', '100']],
  ['CPU 1: 100 pages at 2571.891 042', ['CPU', '1:', '100', 'pages', 'at', '2571.891', '042']],
])('a number is not broken at its gaps: %s', (text, words) => {
  const long = 'x'.repeat(MAIL_COLUMNS);
  expect(wrapAtBlanks(words.join(` ${long} `), '')).toEqual(
    words.flatMap((word, i) => (i === 0 ? [word] : [long, word])),
  );
  expect(wrapAtBlanks(text, ' '.repeat(MAIL_COLUMNS - 9)).map((line) => line.trim())).toEqual(together(words, 9));
});

/** Words in lines of so many characters. */
function together(words: readonly string[], room: number): readonly string[] {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

test('no line is too long and nothing is lost, whatever the words are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '9'), minLength: 1, maxLength: 200 })),
      (words) => {
        const lines = wrapAtBlanks(words.join(' '), '  ', '    ');
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(MAIL_COLUMNS);
        expect(lines.join('').replaceAll(' ', '')).toBe(words.join(''));
      },
    ),
  );
});

test('text from outside is made harmless and short', () => {
  expect(quoteText('a\u001b[31mb\nc')).toBe("'a?[31mb?c'");
  expect(quoteText('x'.repeat(60))).toBe(`'${'x'.repeat(45)}...'`);
});

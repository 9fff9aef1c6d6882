// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAIL_COLUMNS, quoteText, wrap } from './wrap.ts';

test('breaks at blanks and hangs', () => {
  expect(wrap(`${'word '.repeat(16)}end`, '  ', '    ')).toEqual([
    `  ${'word '.repeat(14)}word`.slice(0, 2 + 14 * 5 - 1),
    '    word word end',
  ]);
});

test('no line is too long and nothing is lost, whatever the words are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '9'), minLength: 1, maxLength: 200 })),
      (words) => {
        const lines = wrap(words.join(' '), '  ', '    ');
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

// SPDX-License-Identifier: MIT

/** A mail that quotes us twice still fits into 80 columns. */
export const MAIL_COLUMNS = 75;

/** A blank between words: not the gap of thousands, `1 000`, which a reader would take for two numbers. */
const BETWEEN_WORDS = / (?!(?<=(?<![\w.:-])\d{1,3}(?: \d{3})* )\d{3}(?![\w.:]))/;

/**
 * Breaks a text at blanks into lines of at most {@link MAIL_COLUMNS}.
 * @param indent start of each line; `hanging`: start of the lines after the first.
 */
export function wrapAtBlanks(text: string, indent: string, hanging = indent): string[] {
  const lines: string[] = [];
  let line = indent;
  let isEmpty = true;
  for (const word of text.split(BETWEEN_WORDS).filter((part) => part !== '')) {
    const room = MAIL_COLUMNS - line.length - (isEmpty ? 0 : 1);
    if (!isEmpty && word.length > room) {
      lines.push(line);
      line = hanging;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
    while (line.length > MAIL_COLUMNS) {
      lines.push(line.slice(0, MAIL_COLUMNS));
      line = hanging + line.slice(MAIL_COLUMNS);
    }
  }
  return isEmpty ? lines : [...lines, line];
}

/** Text from outside, without control characters and short enough for a line. */
export function quoteText(text: string, most = 48): string {
  const shown = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return `'${shown.length > most ? `${shown.slice(0, most - 3)}...` : shown}'`;
}

// SPDX-License-Identifier: MIT
import { wrapAtBlanks } from './wrap.ts';

const NO_BREAK = '\u00A0';

/** A text that is not broken into lines, if it fits into one. */
export const unbroken = (text: string): string => text.replaceAll(' ', NO_BREAK);

/**
 * Breaks a text at blanks into lines of a mail (75 columns). Respects {@link unbroken}, and shows no control characters.
 * @param indent start of the first line, such as a name in a list; `hanging`: start of the others.
 * @example
 * import { wrap } from 'folioscope/report';
 * wrap('who holds this folio', 'ledger  ', '        '); // => ['ledger  who holds this folio']
 */
export const wrap = (text: string, indent: string, hanging = indent): string[] =>
  wrapAtBlanks(text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?'), indent, hanging).map((line) =>
    line.replaceAll(NO_BREAK, ' '),
  );

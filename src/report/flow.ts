// SPDX-License-Identifier: MIT
import { wrapAtBlanks } from './wrap.ts';

const NO_BREAK = '\u00A0';

/** A text that is not broken into lines, if it fits into one. */
export const unbroken = (text: string): string => text.replaceAll(' ', NO_BREAK);

/** {@link wrapAtBlanks} that respects {@link unbroken}, and shows no control characters. */
export const wrap = (text: string, indent: string, hanging = indent): string[] =>
  wrapAtBlanks(text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?'), indent, hanging).map((line) =>
    line.replaceAll(NO_BREAK, ' '),
  );

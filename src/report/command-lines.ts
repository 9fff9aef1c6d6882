// SPDX-License-Identifier: MIT
import { MAIL_COLUMNS } from './wrap.ts';

/**
 * A command for a shell, under `again:`, continued over lines. A word is never broken, however long: a shell would not
 * join it again within quotes.
 */
export function commandLines(words: readonly string[]): readonly string[] {
  const lines = ['again:'];
  let line = ' ';
  for (const word of words.map(shellWord)) {
    if (line !== ' ' && line.length + 1 + word.length + 2 > MAIL_COLUMNS) {
      lines.push(`${line} \\`);
      line = '   ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** A word in a POSIX shell's syntax; control characters as `$'...'` of POSIX.1-2024 and bash. */
function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", String.raw`'\''`)}'`;
  const quoted = word.replaceAll(/['\\]/g, String.raw`\$&`).replaceAll(/\p{Cc}/gu, escaped);
  return `$'${quoted}'`;
}

/** The bytes of a control character, in three octal digits each, so that no following digit belongs to them. */
const escaped = (character: string): string =>
  [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

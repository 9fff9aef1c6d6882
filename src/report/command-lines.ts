// SPDX-License-Identifier: MIT
import { MAIL_COLUMNS } from './wrap.ts';

/**
 * A command to be pasted into a shell, under `again:`, continued over lines. A word is never broken, however
 * long: within quotes a shell would not join it again.
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

/** A word as a POSIX shell takes it back. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

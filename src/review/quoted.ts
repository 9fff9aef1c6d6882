// SPDX-License-Identifier: MIT

/** A line of a mail without its quotation marks. */
export interface QuotedLine {
  readonly text: string;
  /** Line in the mail, from 0. */
  readonly line: number;
  /** Depth of quotation: 0 for text by the mail's author. */
  readonly depth: number;
}

/**
 * Ways to read a mail's lines, the usual one first: `> ` as quotation marks, `| ` as some programs quote, and lines that are indented
 * alike, as in a report or a page of text.
 */
export function* readings(lines: readonly string[]): Generator<readonly QuotedLine[]> {
  yield unquoted(lines);
  if (lines.some((line) => /^\|(?: |$)/.test(line))) yield unquoted(lines, /^(?:\| ?)*/);
  const indent = lines.flatMap((line) => /^(\s+)(?:diff --git |--- \S|@@ -\d)/.exec(line)?.[1] ?? [])[0];
  if (indent === undefined) return;
  yield lines.map((whole, line) => {
    const isIn = whole.startsWith(indent) || whole.trim() === '';
    return { text: isIn ? whole.slice(indent.length) : whole, line, depth: isIn ? 1 : 0 };
  });
}

/** Takes off quotation marks: `> > text`, `>> text` and `>text` alike; one blank belongs to the last mark. */
export function unquoted(lines: readonly string[], mark = /^(?:> ?)*/): readonly QuotedLine[] {
  return lines.map((whole, line) => {
    const marks = mark.exec(whole)?.[0] ?? '';
    return { text: whole.slice(marks.length), line, depth: marks.replaceAll(' ', '').length };
  });
}

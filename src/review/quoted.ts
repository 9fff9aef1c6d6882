// SPDX-License-Identifier: MIT

/** A line of a mail without its quotation marks. */
export interface QuotedLine {
  readonly text: string;
  /** Line in the mail, from 0. */
  readonly line: number;
  /** Depth of quotation: 0 for text by the mail's author. */
  readonly depth: number;
}

/** Removes quotation marks, from `> > text`, `>> text` and `>text` alike; one blank belongs to the last mark. */
export function unquoted(lines: readonly string[]): readonly QuotedLine[] {
  return lines.map((whole, line) => {
    const marks = /^(?:> ?)*/.exec(whole)?.[0] ?? '';
    return { text: whole.slice(marks.length), line, depth: marks.replaceAll(' ', '').length };
  });
}

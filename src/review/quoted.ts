// SPDX-License-Identifier: MIT

/** A line of a mail without its quotation marks. */
export interface QuotedLine {
  readonly text: string;
  /** Place in the mail, from 0. */
  readonly line: number;
  /** How often it is quoted: 0 is what the mail's author wrote. */
  readonly depth: number;
}

/** Takes off quotation marks: `> > text`, `>> text` and `>text` alike; one blank belongs to the last mark. */
export function unquoted(lines: readonly string[]): readonly QuotedLine[] {
  return lines.map((whole, line) => {
    const marks = /^(?:> ?)*/.exec(whole)?.[0] ?? '';
    return { text: whole.slice(marks.length), line, depth: marks.replaceAll(' ', '').length };
  });
}

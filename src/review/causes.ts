// SPDX-License-Identifier: MIT
import { MARK } from './diff.ts';
import type { Mail } from './mail.ts';

/** Why a text has no diff that can be read, and what to give instead; the first that applies is told. */
interface Cause {
  /** Lines by which it is known; all of them stand in the text. */
  readonly signs: readonly RegExp[];
  readonly what: string;
  readonly expected: string;
}

const CAUSES: readonly Cause[] = [
  {
    signs: [/^diff --(?:cc|combined) |^@@@ -/],
    what: 'the combined diff of a merge, which is not read',
    expected: 'the diff against one parent (git show -m, or git diff PARENT MERGE)',
  },
  {
    signs: [/^\*{15}/, /^\*\*\* \d+(?:,\d+)? \*{4}/],
    what: 'a context diff, which is not read',
    expected: 'a unified diff (diff -up, or git diff)',
  },
  {
    signs: [/\{\+.*\+\}|\[-.*-\]/, /^@@ -\d/],
    what: 'a word diff, which is not read',
    expected: 'a diff by lines (git diff without --word-diff)',
  },
  {
    signs: [/^\s*<(?:!doctype|html|head|body|pre)\b/i],
    what: 'a page of HTML, which is not read',
    expected: "the mail as text (an archive's 'raw' or 'mbox' link, or the mail program's 'save as text')",
  },
  {
    signs: [/&(?:amp|lt|gt|quot);/, /^\s*@@ -\d/],
    what: "the source of a page of HTML ('&amp;' in place of '&'), which is not read",
    expected: "the mail as text (an archive's 'raw' or 'mbox' link)",
  },
  {
    signs: [/^ *\d+: +[0-9a-f]{7,} +[!=<>] /],
    what: 'a range-diff, which is not read',
    expected: 'the patch itself (git format-patch)',
  },
  {
    signs: [/\0/],
    what: 'bytes of zero, as in UTF-16 without its mark or in a binary file',
    expected: 'the text in UTF-8',
  },
  {
    signs: [/^\d+(?:,\d+)?[acd]\d*(?:,\d+)?$/],
    what: 'a diff without context, as diff(1) makes it by default or with -e, which is not read',
    expected: 'a unified diff (diff -up, or git diff)',
  },
];

/** What stands in mails in place of a diff that can be read; undefined where nothing is known of it. */
export function causeIn(mails: readonly Mail[]): string | undefined {
  const html = mails.find(({ isHtml }) => isHtml);
  if (html !== undefined)
    return `${html.file}: the mail has a part of HTML and no text, expected the mail as text (an archive's 'raw' or 'mbox' link)`;
  for (const { signs, what, expected } of CAUSES)
    for (const mail of mails) {
      const places = signs.map((sign) => mail.lines.findIndex((line) => sign.test(line.replace(/^(?:[>|] ?)*/, ''))));
      const [place] = places;
      if (place !== undefined && !places.includes(-1)) return `${placeIn(mail, place)} ${what}, expected ${expected}`;
    }
  return undefined;
}

/** A line of a mail, for messages: `a.mail:12:`, or `a.mail: line 12 of the text:` where the body is encoded. */
export const placeIn = ({ file, firstLine }: Mail, line: number): string =>
  firstLine === undefined ? `${file}: line ${line + 1} of the text:` : `${file}:${firstLine + line}:`;

/** Takes off quotation marks. */
const MARKS = /^(?:> ?)*/;

/** The line of a hunk that a mail program has broken in two; undefined where none looks like it. */
export function wrappedLine(lines: readonly string[], header: number): number | undefined {
  const depthOf = (line: string): number => (MARKS.exec(line)?.[0] ?? '').replaceAll(' ', '').length;
  const depth = depthOf(lines[header] ?? '');
  const textAt = (i: number): string | undefined => {
    const line = lines[i];
    return line === undefined || depthOf(line) !== depth ? undefined : line.replace(MARKS, '');
  };
  let signed = 0;
  for (let i = header + 1; i < lines.length; i++) {
    const text = textAt(i);
    // A mark stands for lines left out.
    if (text === undefined || text === '' || MARK.test(text)) continue;
    if (/^(?:@@ -|diff --git |-- ?$)/.test(text)) return undefined;
    if (/^[ \t+-]/.test(text)) signed++;
    // An archive that ate blanks has left none at all; behind the diff no line begins with a blank.
    else if ((signed > 2 || i === header + 1) && /^[ \t]/.test(textAt(i + 1) ?? '')) return i;
  }
  return undefined;
}

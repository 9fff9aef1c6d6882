// SPDX-License-Identifier: MIT

/** Where a line of C stands for its author; `completed` where nobody has written it and it was added from what every form has. */
export type LineOrigin = { readonly file: string; readonly line: number } | 'completed';

/** A line of C, without its end. */
export interface CLine {
  readonly text: string;
  readonly from: LineOrigin;
}

/** A text to translate, which may be put together from several places. */
export interface CSource {
  /** What messages call it where a line has no origin. */
  readonly name: string;
  readonly lines: readonly CLine[];
}

/** A file as it is. */
export const wholeFile = (name: string, text: string): CSource => ({
  name,
  lines: text.split(/\r?\n/).map((line, i) => ({ text: line, from: { file: name, line: i + 1 } })),
});

/** A place in a {@link CSource}, both from 0; `text` is what stands there, in one line. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** A text that cannot be translated: where, what, and what was expected. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly at: Place | undefined;

  /** @param what `what, expected what`. */
  constructor(what: string, at: Place | undefined) {
    super(what);
    this.at = at;
  }
}

/** Most of a text that a message quotes. */
const MOST_QUOTED = 60;

/** A text in one line, without comments, shortened where it is long. */
export function inOneLine(text: string, most = MOST_QUOTED): string {
  const line = text
    .replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/g, ' ')
    .replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim();
  return line.length > most ? `${line.slice(0, most - 3)}...` : line;
}

/** `FILE:LINE` of a line of the source. */
export function lineName(source: CSource, line: number): string {
  const from = source.lines[line]?.from;
  if (from === undefined) return source.name;
  return from === 'completed' ? `${source.name} (completed)` : `${from.file}:${from.line}`;
}

/** `FILE:LINE:COLUMN`. */
export const placeName = (source: CSource, { line, column }: Place): string =>
  `${lineName(source, line)}:${column + 1}`;

// SPDX-License-Identifier: MIT

/** Origin of a line of C in its author's files; `completed` for a line that was added from the text that all forms share. */
export type LineOrigin = { readonly file: string; readonly line: number } | 'completed';

/** A line of C, without its end. */
export interface CLine {
  readonly text: string;
  readonly from: LineOrigin;
}

/** A text to translate, possibly assembled from several files. */
export interface CSource {
  /** Name for messages about a line without an origin. */
  readonly name: string;
  readonly lines: readonly CLine[];
}

/** A whole file as a source. */
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

/** A text that cannot be translated: the place, the problem, and what was expected. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly at: Place | undefined;

  /** @param what `what, expected what`. */
  constructor(what: string, at: Place | undefined) {
    super(what);
    this.at = at;
  }
}

/** Most characters of a text that a message quotes. */
const MOST_QUOTED = 60;

/** A text in one line, without comments, shortened if it is long. */
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

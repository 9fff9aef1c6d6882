// SPDX-License-Identifier: MIT
import type { HtmlOptions } from '../report/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { UsageError } from './failure.ts';
import { expectWritable, writeWhole } from './whole-file.ts';

/** Options about the form of an answer. */
interface Shown {
  readonly html?: string;
  readonly json?: boolean;
}

/** The description of `--html`, for every command that has it. */
export const HTML_OPTION = [
  '--html <file>',
  'also write the answer as one HTML file with a picture; - prints it instead of the text',
] as const;

/** Rejects what cannot be written, before any work. @throws UsageError */
export function checkHtml({ html, json }: Shown): void {
  if (html === undefined) return;
  if (html !== '-') expectWritable(html);
  else if (json === true) throw new UsageError('--html - and --json both print to standard output: give --html a file');
}

/** Whether the answer itself goes to standard output. */
export const printsAnswer = ({ html }: Shown): boolean => html !== '-';

/** Writes a document, or prints it. @throws UsageError if it cannot be written. */
export function writeHtml(to: string, document: string): void {
  if (to === '-') process.stdout.write(document);
  else writeWhole(to, document);
}

/** The outcome that an exit code stands for. */
export const outcomeOfCode = (code: ExitCode): HtmlOptions['outcome'] =>
  code === EXIT.well ? 'good' : code === EXIT.notWell ? 'bad' : 'undecided';

// SPDX-License-Identifier: MIT
import type { CheckedScenario, FileResult, Outcome } from '../report/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain } from './failure.ts';

/** Outcome of one file in `check --all`. */
export type FileOutcome =
  | {
      readonly outcome: Outcome;
      /** Its line of the report. */
      readonly text: string;
      /** The answers for JSON; undefined if it was not run. */
      readonly checked?: CheckedScenario | undefined;
    }
  /** Why a file cannot be checked. */
  | { readonly mistake: string };

/** A file's outcome for JSON. */
export const resultOf = (file: string, result: FileOutcome): FileResult =>
  'mistake' in result ? { file, mistake: result.mistake } : { file, outcome: result.outcome, checked: result.checked };

export function printOutcome(result: FileOutcome): void {
  if ('mistake' in result) complain(result.mistake);
  else process.stdout.write(result.text);
}

/** Prints the last line of `check --all`. @returns its exit code. */
export async function endOf(results: readonly FileOutcome[], isInterrupted: boolean): Promise<ExitCode> {
  const { allEnd } = await import('../report/index.ts');
  process.stdout.write(allEnd(outcomesIn(results)));
  return exitOf(results, isInterrupted);
}

const outcomesIn = (results: readonly FileOutcome[]): readonly Outcome[] =>
  results.flatMap((result) => ('mistake' in result ? [] : [result.outcome]));

export function exitOf(results: readonly FileOutcome[], isInterrupted: boolean): ExitCode {
  const outcomes = outcomesIn(results);
  if (outcomes.length < results.length) return EXIT.input;
  if (outcomes.includes('NOT as expected')) return EXIT.notWell;
  return isInterrupted || outcomes.some((outcome) => outcome !== 'as expected') ? EXIT.undecided : EXIT.well;
}

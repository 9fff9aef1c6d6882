// SPDX-License-Identifier: MIT
import type { Outcome } from '../report/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain } from './failure.ts';

/** Outcome of one file in `check --all`. */
export type FileOutcome =
  | { readonly outcome: Outcome; readonly text: string }
  /** Why a file cannot be checked. */
  | { readonly mistake: string };

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

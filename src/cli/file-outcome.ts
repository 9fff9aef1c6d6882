// SPDX-License-Identifier: MIT
import { InputError } from '../ledger/index.ts';
import type { CheckedScenario, FileResult, Outcome } from '../report/index.ts';
import type { CheckAnswer } from '../verify/index.ts';
import type { Asked } from './check-asked.ts';
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

/** The outcome that a file's answers give. @param notRun names of the forms without an answer, because of an interruption. */
export async function outcomeWith(
  { subject }: Asked,
  answers: readonly CheckAnswer[],
  notRun: readonly string[],
): Promise<FileOutcome> {
  const { allLine, checkedScenario, outcomeOf } = await import('../report/index.ts');
  return {
    outcome: outcomeOf(answers, notRun),
    text: allLine(subject, answers, notRun),
    checked: checkedScenario(subject, answers, notRun),
  };
}

/** An outcome, also of a bad file: one among many does not prevent the other answers. */
export async function orMistake<Value>(find: () => Promise<Value>): Promise<Value | { readonly mistake: string }> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { mistake: error.message };
  }
}

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

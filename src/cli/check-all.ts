// SPDX-License-Identifier: MIT
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../ledger/index.ts';
import type { Outcome } from '../report/index.ts';
import type { CheckAnswer } from '../verify/index.ts';
import { answersOf } from './check-answers.ts';
import type { Options } from './check-options.ts';
import { askedIn } from './check-subject.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { reportFailure, UsageError } from './failure.ts';
import { scenarioFiles } from './scenario-files.ts';

/** The scenario files that come with folioscope. */
const SHIPPED = fileURLToPath(new URL('../../scenarios', import.meta.url));

/** Checks every scenario against what its file says, and prints a line each. @throws UsageError */
export async function checkAll(
  paths: readonly string[],
  options: Options,
  interrupted: () => boolean,
): Promise<ExitCode> {
  if (options.json === true) throw new UsageError('--all prints text only: leave out --json');
  if (options.itf !== undefined) throw new UsageError('--itf writes one run: leave out --all');
  const { allEnd, allLine, notRunLine, outcomeOf } = await import('../report/index.ts');
  const files: string[] = [];
  for (const path of paths.length === 0 ? [SHIPPED] : paths) files.push(...(await scenarioFiles(path)));
  const outcomes: Outcome[] = [];
  let isBad = false;
  for (const file of files) {
    if (interrupted()) {
      outcomes.push('not run');
      process.stdout.write(notRunLine(relative(process.cwd(), file)));
      continue;
    }
    try {
      const asked = await askedIn(file, options);
      const answers: CheckAnswer[] = [];
      const notRun: string[] = [];
      for await (const given of answersOf(asked, options, interrupted))
        if (typeof given === 'string') notRun.push(given);
        else answers.push(given.answer);
      outcomes.push(outcomeOf(answers, notRun));
      process.stdout.write(allLine(asked.subject, answers, notRun));
    } catch (error) {
      // One bad file among many does not keep the others from being answered.
      if (!(error instanceof InputError)) throw error;
      reportFailure(error);
      isBad = true;
    }
  }
  process.stdout.write(allEnd(outcomes));
  if (isBad) return EXIT.input;
  if (outcomes.includes('NOT as expected')) return EXIT.notWell;
  return interrupted() || outcomes.some((outcome) => outcome !== 'as expected') ? EXIT.undecided : EXIT.well;
}

// SPDX-License-Identifier: MIT
import { writeFile } from 'node:fs/promises';
import type { CostedAnswer } from '../report/index.ts';
import type { InputError } from '../ledger/index.ts';
import type { CheckAnswer } from '../verify/index.ts';
import { answersOf } from './check-answers.ts';
import { commandFor, type Options } from './check-options.ts';
import { askedIn } from './check-subject.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain, reasonOf, UsageError } from './failure.ts';
import { checkHtml, outcomeOfCode, printsAnswer, writeHtml } from './html-file.ts';
import { version } from './version.ts';

/** Checks one scenario, and prints the report. @throws InputError, UsageError */
export async function checkOne(
  files: readonly string[],
  options: Options,
  interrupted: () => boolean,
): Promise<ExitCode> {
  const [file, more] = files;
  if (file === undefined) throw new UsageError('no scenario given: name a scenario file, or use --all');
  if (more !== undefined)
    throw new UsageError(`expected one scenario, but '${more}' is a second one: use --all for several`);
  checkHtml(options);
  const { checkReport, checkToHtml, checkToItf, checkToJson } = await import('../report/index.ts');
  const asked = await askedIn(file, options);
  const { subject } = asked;
  const coverage = options.coverage === true;
  const costed: CostedAnswer[] = [];
  const notRun: string[] = [];
  const { queue } = options;
  let isMistaken = false;
  const mistaken = (error: InputError): void => {
    isMistaken = true;
    complain(error.message);
  };
  const answering =
    queue === undefined
      ? answersOf(asked, options, interrupted, mistaken)
      : (await import('./check-queue.ts')).queuedAnswers(file, asked, { ...options, queue }, interrupted);
  for await (const given of answering)
    if (typeof given === 'string') notRun.push(given);
    else costed.push(given);
  if (isMistaken && costed.length + notRun.length === 0) return EXIT.input;
  const answers = costed.map(({ answer }) => answer);
  const command = commandFor(file, options);
  const text = (): string =>
    checkReport(subject, answers, { command, version: version(), notRun, interrupted: interrupted(), coverage });
  const code = isMistaken ? EXIT.input : codeOf(answers, notRun);
  if (printsAnswer(options))
    process.stdout.write(options.json === true ? checkToJson(subject, costed, { notRun, coverage }) : text());
  const { html } = options;
  if (html !== undefined)
    writeHtml(
      html,
      checkToHtml(subject, answers, {
        file,
        outcome: outcomeOfCode(code),
        text: text(),
        command,
        version: version(),
      }),
    );
  if (options.itf !== undefined) await writeTrace(options.itf, checkToItf(subject, answers));
  return code;
}

/** Writes a counterexample to a file. @throws UsageError if it cannot be written. */
async function writeTrace(file: string, trace: string | undefined): Promise<void> {
  if (trace === undefined) {
    complain(`${file} is not written: no property is violated`);
    return;
  }
  try {
    await writeFile(file, trace);
  } catch (error) {
    throw new UsageError(`${file}: cannot be written: ${reasonOf(error)}`);
  }
}

function codeOf(answers: readonly CheckAnswer[], notRun: readonly string[]): ExitCode {
  if (notRun.length > 0 || answers.some(({ reason }) => reason === 'interrupted')) return EXIT.undecided;
  if (answers.some(({ verdict }) => verdict === 'violated')) return EXIT.notWell;
  return answers.some(({ verdict }) => verdict === 'undecided') ? EXIT.undecided : EXIT.well;
}

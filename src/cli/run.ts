// SPDX-License-Identifier: MIT
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ALTERNATIVES } from '../kernel/index.ts';
import { InputError } from '../ledger/index.ts';
import { PATCHES, PROFILES } from '../machine/index.ts';
import type { Scenario, ScenarioAnswer, ScenarioRuns } from '../scenario/index.ts';
import { names, theOne } from './choices.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { reportFailure, UsageError } from './failure.ts';
import { checkHtml, HTML_OPTION, outcomeOfCode, printsAnswer, writeHtml } from './html-file.ts';
import { patchChoices } from './patch-choice.ts';
import { Progress } from './progress.ts';
import { answerOf, manyRuns } from './run-answers.ts';
import { observersOf, RunFilm } from './run-film.ts';
import { commandFor, type Options, planOf } from './run-plan.ts';
import { readScenarioText, scenarioFiles } from './scenario-files.ts';
import { version } from './version.ts';
import { TraceRecorder } from './trace-recorder.ts';

/** `folioscope run FILE...`: the results of the forms of the check in a scenario. */
export function registerRun(program: Command): void {
  program
    .command('run')
    .summary("run a scenario under several forms of the kernel's safety check")
    .description(
      'Runs scenarios on the executable kernel, once for each form of the check. Reports the result of each ' +
        'conversion, the holders of a refused folio, and the steps that led there. One file gives a report. Several ' +
        'files, or a directory, give one line for each file and a summary.',
    )
    .argument('<scenario...>', 'scenario files (YAML or JSON), or directories of them')
    .addOption(
      new Option(
        '--patch <names>',
        `forms of the check, of ${names([...PATCHES, ...ALTERNATIVES])}; or files, or mutant:NAME (default: the first ${PATCHES.length})`,
      ).argParser(patchChoices),
    )
    .addOption(
      new Option('--profile <name>', `kernel profile instead of the scenario's: ${names(PROFILES)}`).argParser((name) =>
        theOne(PROFILES, name),
      ),
    )
    .addOption(
      new Option(
        '--schedule <how>',
        "the order of the turns: in-order, rr, random, pct:D, or turns such as T0:12,T1:@folio_put,T0:all (default: the scenario's)",
      ),
    )
    .addOption(
      new Option('--seed <n>', 'seed of random and pct:D; alone it means random').argParser(
        wholeNumber(0, 2 ** 32 - 1),
      ),
    )
    .addOption(
      new Option('--runs <n>', 'run this many seeds, and count each outcome').argParser(wholeNumber(1, 1_000_000)),
    )
    .option('--trace <file>', "write the run of one form as a kernel's trace file, for explain and other tools")
    .option('--page-ref', 'also write page_ref events with stacks, as with CONFIG_DEBUG_PAGE_REF')
    .option('--replay <file>', 'replay the steps that run --json or check --json printed')
    .addOption(
      new Option('--steps <how>', 'steps in the report; --json has them all, except with none')
        .choices(['none', 'folded', 'all'])
        .default('folded'),
    )
    .option(...HTML_OPTION)
    .option('--json', 'print one JSON document (schema/run.schema.json)')
    .addHelpText(
      'after',
      `
Exit codes:
  0   every result is as expected; if a scenario expects nothing of a form, no
      conversion was refused
  1   a result is not as expected, or a conversion was refused
  2   undecided: a call did not return, because a task waits or repeats for
      ever; or the form does not show why it refused a conversion
  64  usage    65  not a scenario    70  a defect of folioscope

Examples:
  folioscope run scenarios/SC-02-other-cpu.yaml --patch baseline,v6
  folioscope run scenarios/SC-04-forty-folios.yaml --steps none
  folioscope run scenarios/
  folioscope run --json scenarios/SC-02-other-cpu.yaml
  folioscope run scenarios/SC-02-other-cpu.yaml --schedule pct:3 --runs 100
  folioscope run scenarios/SC-02-other-cpu.yaml --patch v6 --trace v6.txt
  folioscope run scenarios/SC-02-other-cpu.yaml --patch v6 --html run.html
  folioscope run scenarios/SC-02-other-cpu.yaml --patch mutant:drains-itself-only
      deliberately wrong forms: 'folioscope check --mutants' lists them`,
    )
    .action(async (paths: readonly string[], options: Options) => {
      process.exitCode = await run(paths, options);
    });
}

const wholeNumber = (from: number, to: number) => (text: string) => {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= from && number <= to) return number;
  throw new InvalidArgumentError(`Expected a whole number from ${from} to ${to}.`);
};

async function run(paths: readonly string[], options: Options): Promise<ExitCode> {
  const { mutantNotes, runToHtml, runToJson, runReport, runsReport, runsToJson, summaryEnd, summaryLine } =
    await import('../report/index.ts');
  const { mutantIn } = await import('../scenario/index.ts');
  const codes = new Set<ExitCode>();
  const plan = await planOf(options, (error) => codes.add(reportFailure(error)));
  if (plan.patches.length === 0) return worst(codes);
  const files: string[] = [];
  for (const path of paths) files.push(...(await runnableFiles(path)));
  const isReport = files.length === 1 && paths[0] === files[0];
  if (plan.replay !== undefined && !isReport) throw new UsageError('--replay needs exactly one scenario file');
  if (options.trace !== undefined && (!isReport || plan.patches.length !== 1 || options.runs !== undefined))
    throw new UsageError(
      '--trace writes one run: name one scenario file and one form with --patch, and leave out --runs',
    );
  if (options.html !== undefined && (!isReport || options.runs !== undefined))
    throw new UsageError('--html writes the report of one run: name one scenario file, and leave out --runs');
  checkHtml(options);
  if (options.pageRef === true && options.trace === undefined) throw new UsageError('--page-ref needs --trace');
  const notes = mutantNotes(plan.patches.map((patch) => ({ patch: patch.name, notes: { mutant: mutantIn(patch) } })));
  const recorder = options.trace === undefined ? undefined : new TraceRecorder(options.pageRef === true, notes);
  const keep = options.steps === 'none' || (!isReport && options.json !== true) ? 'none' : 'all';
  const answers: ScenarioAnswer[] = [];
  const many: ScenarioRuns[] = [];
  const progress = new Progress();
  for (const [done, file] of files.entries()) {
    try {
      const scenario = await scenarioOf(file, options);
      const tick = (patch: string, steps: number): void =>
        progress.tick(() => `${file} (${done + 1} of ${files.length}): ${patch}, ${steps} steps`);
      if (options.runs !== undefined) {
        const runs = await manyRuns(scenario, plan, options.runs, tick);
        progress.end();
        codes.add(codeOfRuns(runs));
        many.push(runs);
        if (options.json !== true)
          process.stdout.write(runsReport(runs, { command: commandFor(file, options, plan), version: version() }));
        continue;
      }
      const film = options.html === undefined ? undefined : new RunFilm(scenario);
      const answer = await answerOf(scenario, plan, keep, tick, observersOf(recorder, film));
      if (options.trace !== undefined) await recorder?.write(options.trace);
      progress.end();
      answers.push(answer);
      const code = await codeOf(answer);
      codes.add(code);
      const command = commandFor(file, options, plan);
      const text = (): string =>
        isReport ? runReport(answer, { steps: options.steps, command, version: version() }) : summaryLine(answer);
      if (options.json !== true && printsAnswer(options)) process.stdout.write(text());
      if (options.html !== undefined && film !== undefined)
        writeHtml(
          options.html,
          runToHtml(answer, film.runs(answer.patches), {
            file,
            outcome: outcomeOfCode(code),
            text: text(),
            command,
            version: version(),
          }),
        );
    } catch (error) {
      progress.end();
      // One bad file among many does not prevent the other answers.
      if (!(error instanceof InputError)) throw error;
      codes.add(reportFailure(error));
    }
  }
  if (options.json === true && many.length > 0) process.stdout.write(runsToJson(many));
  else if (options.json === true && answers.length > 0)
    process.stdout.write(runToJson(answers, { steps: options.steps !== 'none' }));
  else if (answers.length > 0 && !isReport) process.stdout.write(summaryEnd(answers));
  return worst(codes);
}

/**
 * The scenario files of a path; a directory's files about another model are excluded, because they can only be checked.
 */
async function runnableFiles(path: string): Promise<readonly string[]> {
  const { textNamesModel } = await import('../scenario/index.ts');
  const runnable: string[] = [];
  for (const file of await scenarioFiles(path)) {
    if (file !== path && textNamesModel(file, await readScenarioText(file).catch(() => ''))) continue;
    runnable.push(file);
  }
  return runnable;
}

async function scenarioOf(file: string, { profile }: Options): Promise<Scenario> {
  const { parseScenario } = await import('../scenario/index.ts');
  return parseScenario(file, await readScenarioText(file), profile === undefined ? {} : { profile });
}

function codeOfRuns({ patches }: ScenarioRuns): ExitCode {
  const outcomes = new Set(patches.flatMap(({ seen }) => seen.map(({ well }) => well)));
  if (outcomes.has(false)) return EXIT.notWell;
  return outcomes.has('undecided') ? EXIT.undecided : EXIT.well;
}

async function codeOf({ patches }: ScenarioAnswer): Promise<ExitCode> {
  const { isWell } = await import('../scenario/index.ts');
  const well = new Set(patches.map(isWell));
  if (well.has(false)) return EXIT.notWell;
  return well.has('undecided') ? EXIT.undecided : EXIT.well;
}

/** The exit code for several answers: bad input first, then a bad result, then an undecided one. */
const worst = (codes: ReadonlySet<ExitCode>): ExitCode =>
  [EXIT.input, EXIT.notWell, EXIT.undecided].find((code) => codes.has(code)) ?? EXIT.well;

// SPDX-License-Identifier: MIT
import { type Command, InvalidArgumentError, Option } from 'commander';
import { InputError } from '../ledger/index.ts';
import { type Patch, PATCHES, type Profile, PROFILES } from '../machine/index.ts';
import type { ScenarioAnswer } from '../scenario/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { reportFailure } from './failure.ts';
import { Progress } from './progress.ts';
import { readScenarioText, scenarioFiles } from './scenario-files.ts';

interface Options {
  readonly patch: readonly Patch[];
  readonly profile?: Profile;
  readonly steps: 'none' | 'folded' | 'all';
  readonly json?: boolean;
}

const names = (known: readonly { readonly name: string }[]): string => known.map(({ name }) => name).join(', ');

function theOne<T extends { readonly name: string }>(known: readonly T[], word: string): T {
  const one = known.find(({ name }) => name === word.trim());
  if (one === undefined) throw new InvalidArgumentError(`There is no '${word.trim()}', expected ${names(known)}.`);
  return one;
}

/** The ones that a comma-separated list names, in the list's order and each once. */
const named = <T extends { readonly name: string }>(known: readonly T[], list: string): readonly T[] => [
  ...new Set(list.split(',').map((word) => theOne(known, word))),
];

/** `folioscope run FILE...`: what the forms of the check answer to a scenario. */
export function registerRun(program: Command): void {
  program
    .command('run')
    .summary("run a scenario under several forms of the kernel's safety check")
    .description(
      'Runs scenarios on the executable kernel, once for each form of the check, and says what each conversion ' +
        'came to, who held a refused folio, and which steps led there. One file gives a report; several, or a ' +
        'directory, give a line each and a summary.',
    )
    .argument('<scenario...>', 'scenario files (YAML or JSON), or directories of them')
    .addOption(
      new Option('--patch <names>', `forms of the check, of ${names(PATCHES)}`)
        .default(PATCHES, 'all')
        .argParser((list) => named(PATCHES, list)),
    )
    .addOption(
      new Option('--profile <name>', `kernel profile instead of the scenario's: ${names(PROFILES)}`).argParser((name) =>
        theOne(PROFILES, name),
      ),
    )
    .addOption(
      new Option('--steps <how>', 'steps in the report; in --json they are there unless none')
        .choices(['none', 'folded', 'all'])
        .default('folded'),
    )
    .option('--json', 'print one JSON document (schema/run.schema.json)')
    .addHelpText(
      'after',
      `
Exit codes:
  0   every expected result came true; where a scenario expects nothing of a
      form, no conversion was refused
  1   a result is not as expected, or a conversion was refused
  2   a call did not return: somebody waits for ever, or goes round
  64  usage    65  not a scenario    70  a defect of folioscope

Examples:
  folioscope run scenarios/SC-02-other-cpu.yaml --patch baseline,v6
  folioscope run scenarios/SC-04-forty-folios.yaml --steps none
  folioscope run scenarios/
  folioscope run --json scenarios/SC-02-other-cpu.yaml`,
    )
    .action(async (paths: readonly string[], options: Options) => {
      process.exitCode = await run(paths, options);
    });
}

async function run(paths: readonly string[], options: Options): Promise<ExitCode> {
  const { runToJson, runReport, summaryEnd, summaryLine } = await import('../report/index.ts');
  const files: string[] = [];
  for (const path of paths) files.push(...(await scenarioFiles(path)));
  const isReport = files.length === 1 && paths[0] === files[0];
  const answers: ScenarioAnswer[] = [];
  const codes = new Set<ExitCode>();
  const progress = new Progress();
  for (const [done, file] of files.entries()) {
    try {
      const answer = await answerOf(file, options, (patch, steps) =>
        progress.tick(() => `${file} (${done + 1} of ${files.length}): ${patch}, ${steps} steps`),
      );
      progress.end();
      answers.push(answer);
      codes.add(await codeOf(answer));
      if (options.json === true) continue;
      process.stdout.write(
        isReport
          ? runReport(answer, { steps: options.steps, command: commandFor(file, options) })
          : summaryLine(answer),
      );
    } catch (error) {
      progress.end();
      // One bad file among many does not keep the others from being answered.
      if (!(error instanceof InputError)) throw error;
      codes.add(reportFailure(error));
    }
  }
  if (options.json === true && answers.length > 0)
    process.stdout.write(runToJson(answers, { steps: options.steps !== 'none' }));
  else if (answers.length > 0 && !isReport) process.stdout.write(summaryEnd(answers));
  return worst(codes);
}

async function answerOf(
  file: string,
  { patch: patches, profile }: Options,
  onStep: (patch: string, steps: number) => void,
): Promise<ScenarioAnswer> {
  const { parseScenario, runScenario } = await import('../scenario/index.ts');
  const scenario = parseScenario(file, await readScenarioText(file), profile === undefined ? {} : { profile });
  const answers = patches.map((patch) => {
    let steps = 0;
    return runScenario(scenario, { patch, onStep: () => onStep(patch.name, ++steps) });
  });
  return { scenario, patches: answers };
}

async function codeOf({ patches }: ScenarioAnswer): Promise<ExitCode> {
  const { isWell } = await import('../scenario/index.ts');
  const well = new Set(patches.map(isWell));
  if (well.has(false)) return EXIT.notWell;
  return well.has('undecided') ? EXIT.undecided : EXIT.well;
}

/** Of several answers' codes the one to end with: bad input first, then a bad answer, then an open one. */
const worst = (codes: ReadonlySet<ExitCode>): ExitCode =>
  [EXIT.input, EXIT.notWell, EXIT.undecided].find((code) => codes.has(code)) ?? EXIT.well;

/** The command that gives the same report again. */
const commandFor = (file: string, { patch, profile, steps }: Options): readonly string[] => [
  'folioscope',
  'run',
  file,
  ...(patch.length === PATCHES.length ? [] : ['--patch', patch.map(({ name }) => name).join(',')]),
  ...(profile === undefined ? [] : ['--profile', profile.name]),
  ...(steps === 'folded' ? [] : ['--steps', steps]),
];

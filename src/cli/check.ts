// SPDX-License-Identifier: MIT
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ALTERNATIVES } from '../kernel/index.ts';
import { type Patch, PATCHES, type Profile, PROFILES } from '../machine/index.ts';
import type { CostedAnswer } from '../report/index.ts';
import type { Scenario } from '../scenario/index.ts';
import type { CheckAnswer, CheckProgress } from '../verify/index.ts';
import { names, theOne } from './choices.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { Progress } from './progress.ts';
import { loadPatches, type PatchChoice, patchChoices } from './load-patch.ts';
import { readScenarioText } from './scenario-files.ts';

interface Options {
  readonly patch?: readonly PatchChoice[];
  readonly profile?: Profile;
  readonly exact?: boolean;
  readonly json?: boolean;
  readonly mostStates: number;
  readonly memory?: number;
}

const FORMS: readonly Patch[] = [...PATCHES, ...ALTERNATIVES];

/** `folioscope check FILE`: every interleaving of a scenario's threads. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .summary('check a scenario on every interleaving of its threads')
    .description(
      "Explores every order in which a scenario's threads and the CPUs' kworkers can take their steps, and says " +
        'for each form of the check which properties of a conversion hold: I1 to I8, and what the scenario expects. ' +
        'Where one does not, the report has the shortest run that shows it.',
    )
    .argument('<scenario>', 'a scenario file (YAML or JSON)')
    .addOption(
      new Option(
        '--patch <names>',
        `forms of the check, of ${names(FORMS)}; or files (default: ${names(PATCHES)})`,
      ).argParser(patchChoices),
    )
    .addOption(
      new Option('--profile <name>', `kernel profile instead of the scenario's: ${names(PROFILES)}`).argParser((name) =>
        theOne(PROFILES, name),
      ),
    )
    .option('--exact', 'no reductions, and explore everything even after a violation')
    .addOption(new Option('--most-states <n>', 'give up after so many states').default(200_000_000).argParser(positive))
    .addOption(new Option('--memory <mib>', 'give up before states take more MiB').argParser(positive))
    .option('--json', 'print one JSON document (schema/check.schema.json)')
    .addHelpText(
      'after',
      `
Exit codes:
  0   every property holds, under every form
  1   a property is violated
  2   undecided: a bound is reached, memory ends, Ctrl-C
  64  usage    65  not a scenario    70  a defect of folioscope

Examples:
  folioscope check scenarios/SC-02-other-cpu.yaml --patch baseline
  folioscope check scenarios/SC-02-other-cpu.yaml --patch baseline,v6,v8
  folioscope check --json scenarios/SC-02-other-cpu.yaml --patch v6`,
    )
    .action(async (file: string, options: Options) => {
      process.exitCode = await check(file, options);
    });
}

function positive(text: string): number {
  if (!/^\d{1,12}$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError('Expected a whole number above 0.');
  return Number(text);
}

async function check(file: string, options: Options): Promise<ExitCode> {
  const { parseScenario } = await import('../scenario/index.ts');
  const { checkReport, checkToJson } = await import('../report/index.ts');
  const { profile } = options;
  const scenario = parseScenario(file, await readScenarioText(file), profile === undefined ? {} : { profile });
  const answers: CostedAnswer[] = [];
  const patches = options.patch === undefined ? PATCHES : await loadPatches(options.patch);
  for (const patch of patches) answers.push(await answerOf(scenario, patch, options));
  process.stdout.write(
    options.json === true
      ? checkToJson(scenario, answers)
      : checkReport(
          scenario,
          answers.map(({ answer }) => answer),
          { command: commandFor(file, options) },
        ),
  );
  return codeOf(answers.map(({ answer }) => answer));
}

/** The answer for one form. Between pieces of work the process looks whether it is interrupted. */
async function answerOf(scenario: Scenario, patch: Patch, options: Options): Promise<CostedAnswer> {
  const { checking } = await import('../verify/index.ts');
  const progress = new Progress();
  const started = performance.now();
  const pieces = checking(scenario, {
    patch,
    mostStates: options.mostStates,
    mostBytes: options.memory === undefined ? undefined : options.memory * 1024 * 1024,
    exact: options.exact === true,
    interrupted: () => isInterrupted,
  });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) {
      progress.end();
      const seconds = Math.round(performance.now() - started) / 1000;
      return { answer: piece.value, cost: { seconds, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 } };
    }
    const { value } = piece;
    progress.tick(() => progressText(scenario.name, patch.name, value, (performance.now() - started) / 1000));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

let isInterrupted = false;
process.once('SIGINT', () => {
  isInterrupted = true;
});

function progressText(scenario: string, patch: string, now: CheckProgress, seconds: number): string {
  const rate = Math.round(now.states / Math.max(seconds, 0.001));
  const mebibytes = Math.round(now.bytes / 1024 / 1024);
  return `${scenario}, ${patch}: ${now.states} states, ${rate}/s, depth ${now.depth}, ${now.queue} to go, ${mebibytes} MiB`;
}

function codeOf(answers: readonly CheckAnswer[]): ExitCode {
  if (answers.some(({ verdict }) => verdict === 'violated')) return EXIT.notWell;
  return answers.some(({ verdict }) => verdict === 'undecided') ? EXIT.undecided : EXIT.well;
}

/** The command that gives the same report again. */
const commandFor = (file: string, { patch, profile, exact }: Options): readonly string[] => [
  'folioscope',
  'check',
  file,
  ...(patch === undefined ? [] : ['--patch', patch.map(({ word }) => word).join(',')]),
  ...(profile === undefined ? [] : ['--profile', profile.name]),
  ...(exact === true ? ['--exact'] : []),
];

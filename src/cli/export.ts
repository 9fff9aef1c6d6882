// SPDX-License-Identifier: MIT
import { type Command, InvalidArgumentError, Option } from 'commander';
import { writeFile } from 'node:fs/promises';
import { ALTERNATIVES } from '../kernel/index.ts';
import { InputError } from '../ledger/index.ts';
import { PATCHES, type Profile, PROFILES, ScheduleMisfit } from '../machine/index.ts';
import { names, theOne } from './choices.ts';
import { complain, reasonOf, UsageError } from './failure.ts';
import { loadPatches } from './load-patch.ts';
import { type PatchChoice, patchChoices } from './patch-choice.ts';
import { recordedText } from './run-plan.ts';
import { readScenarioText } from './scenario-files.ts';
import { version } from './version.ts';
import { workingWith } from './working-with-patch.ts';

interface Options {
  readonly patch?: readonly PatchChoice[];
  readonly promela?: boolean;
  readonly murphi?: boolean;
  readonly c?: string;
  readonly parquet?: string;
  readonly perfetto?: string;
  readonly trace?: string;
  readonly redact?: boolean;
  readonly buffer?: string;
  readonly replay?: string;
  readonly profile?: Profile;
}

/** The form whose results a C program asserts if none is named: the last one of the conversion series. */
const SERIES_FORM = 'v8';

/** `folioscope export`: a scenario for another model checker or a real kernel; recordings as tables, or for Perfetto. */
export function registerExport(program: Command): void {
  program
    .command('export')
    .summary('write a scenario for SPIN, Rumur or a real kernel, a recording as tables or for Perfetto')
    .description(
      'Writes the kernel, the tasks and the properties, as check explores them, as a model for another checker. ' +
        'That checker finds the same states, one for one, and the same verdict. With --c it writes one order of the ' +
        "calls as a stand-alone C program in the manner of the kernel's selftests. The program asserts the results on " +
        'the kernel that runs it. With --parquet it writes recordings as tables for DuckDB, pandas, Spark and ' +
        'ClickHouse: every event, and what explain makes of them (docs/query.md). With --perfetto it writes a ' +
        'recording as a trace for https://ui.perfetto.dev and its SQL (docs/perfetto.md). With --trace it writes a ' +
        'trace.dat with only what explain needs.',
    )
    .argument(
      '<file...>',
      'a scenario file (YAML or JSON); with --perfetto or --trace a recording; with --parquet recordings, each FILE or HOST=FILE',
    )
    .option('--promela', 'in Promela, for SPIN')
    .option('--murphi', 'in Murphi, for Rumur')
    .option('--c <file>', 'a C program, into this file; - for standard output')
    .option('--parquet <directory>', 'recordings as Parquet files: DIRECTORY/TABLE/host=HOST/day=DAY/NAME.parquet')
    .option('--perfetto <file>', 'a recording as a Perfetto trace, into this file; - for standard output')
    .option(
      '--trace <file>',
      'a trace.dat with only what explain needs of a recording, to attach to a mail, into this file (docs/redact.md)',
    )
    .option(
      '--redact',
      'of recordings: replace task names, pids, page frames, addresses and other names (docs/redact.md)',
    )
    .option(
      '--buffer <name>',
      "with --parquet, --perfetto or --trace: only this buffer of a trace.dat; '' is the top one",
    )
    .option('--replay <file>', 'with --c: the order of a counterexample that check --json printed, or of run --json')
    .addOption(
      new Option(
        '--patch <name>',
        `form of the check, of ${names([...PATCHES, ...ALTERNATIVES])}; or a file (with --c, default: that of the replay, else ${SERIES_FORM})`,
      ).argParser(onePatch),
    )
    .addOption(
      new Option('--profile <name>', `kernel profile instead of the scenario's: ${names(PROFILES)}`).argParser((name) =>
        theOne(PROFILES, name),
      ),
    )
    .addHelpText(
      'after',
      `
Exit codes:
  0   written    2  written, of a damaged recording as much as can be read
  64  usage    65  not a scenario, not a recording, or with --c a call that no
      user program makes
  70  a defect of folioscope

Examples:
  folioscope export --promela scenarios/SC-02-other-cpu.yaml --patch v6 > v6.pml
      spin -o2 -a v6.pml
      cc -O2 -DNOREDUCE -DSAFETY -o pan pan.c && ./pan -m1000000 -c0
  folioscope export --murphi scenarios/SC-02-other-cpu.yaml --patch v6 > v6.m
      rumur --deadlock-detection stuck -o v6.c v6.m
      cc -std=c11 -O2 -mcx16 -o v6 v6.c -lpthread && ./v6
  folioscope export scenarios/SC-02-other-cpu.yaml --c sc-02.c
      cc -Wall -Wextra -O2 -pthread -o sc-02 sc-02.c && ./sc-02
  folioscope check scenarios/SC-02-other-cpu.yaml --patch baseline --json > run.json
      folioscope export scenarios/SC-02-other-cpu.yaml --c sc-02.c --replay run.json
  folioscope export examples/two-cpu.dat --parquet tables
  folioscope export vm1=a.dat vm2=b.dat --parquet tables
  folioscope export examples/two-cpu.dat --perfetto two-cpu.pftrace
  folioscope export examples/two-cpu.dat --redact --perfetto - | gzip > two-cpu.pftrace.gz
  folioscope export examples/two-cpu.dat --redact --trace for-a-mail.dat`,
    )
    .action(async (files: readonly string[], options: Options, command: Command) => {
      const { promela, murphi, c, parquet, perfetto, trace, redact, buffer, replay, patch } = options;
      if ([promela, murphi, c, parquet, perfetto, trace].filter((asked) => asked !== undefined).length !== 1)
        command.error(
          "expected one of --promela, --murphi, --c, --parquet, --perfetto and --trace, see 'folioscope export --help'",
        );
      if (redact !== undefined && perfetto === undefined && parquet === undefined && trace === undefined)
        command.error('--redact goes with --perfetto, --parquet and --trace');
      const isOfScenarios = patch !== undefined || replay !== undefined || options.profile !== undefined;
      if (parquet !== undefined) {
        if (isOfScenarios) command.error('--parquet takes recordings: no --patch, --profile or --replay');
        const { exportParquet } = await import('./export-parquet.ts');
        process.exitCode = await exportParquet(files, parquet, { buffer, redact });
        return;
      }
      const [file = ''] = files;
      if (files.length > 1) command.error('expected one file; only --parquet takes several');
      if (trace !== undefined) {
        if (isOfScenarios) command.error('--trace takes a recording: no --patch, --profile or --replay');
        const { exportReduced } = await import('./export-trace.ts');
        process.exitCode = await exportReduced(file, { to: trace, buffer, redact });
        return;
      }
      if (perfetto !== undefined) {
        if (isOfScenarios) command.error('--perfetto takes a recording: no --patch, --profile or --replay');
        const { exportToPerfetto } = await import('./export-perfetto.ts');
        process.exitCode = await exportToPerfetto(file, { to: perfetto, buffer, redact });
        return;
      }
      if (buffer !== undefined) command.error('--buffer goes with --parquet, --perfetto and --trace');
      if (c !== undefined) {
        await exportC(file, c, options);
        return;
      }
      if (replay !== undefined) command.error('--replay goes with --c: a model has all orders');
      if (patch === undefined) command.error("required option '--patch <name>' not specified");
      process.stdout.write(await exported(file, { ...options, patch }));
    });
}

function onePatch(word: string): readonly PatchChoice[] {
  const choices = patchChoices(word);
  if (choices.length !== 1) throw new InvalidArgumentError('Expected exactly one form of the check.');
  return choices;
}

/** Writes the C program, and a line for each order that it cannot enforce. */
async function exportC(file: string, to: string, { patch, replay, profile }: Options): Promise<void> {
  const { parseScenario, readRecorded, unknownPlace } = await import('../scenario/index.ts');
  const { writeSelftest } = await import('../selftest/index.ts');
  const scenario = parseScenario(file, await readScenarioText(file), profile === undefined ? {} : { profile });
  const recorded = replay === undefined ? [] : readRecorded(replay, await recordedText(replay), scenario);
  const [form] = await loadPatches(patch ?? formOf(replay, recorded[0]?.patch));
  if (form === undefined) throw new Error('no form of the check');
  const played = recorded.find(({ patch: name }) => (name ?? form.name) === form.name);
  if (replay !== undefined && played === undefined)
    throw new InputError(`${replay}: has steps of ${recorded[0]?.patch ?? 'no form'}, not of ${form.name}`);
  const schedule = played?.schedule ?? scenario.schedule;
  const wrong = played === undefined ? unknownPlace(scenario, schedule, [form], workingWith) : undefined;
  if (wrong !== undefined) throw new InputError(`${file}: the schedule does not fit: ${wrong}`);
  try {
    const { text, unordered } = workingWith(form, () =>
      writeSelftest(scenario, { patch: form, schedule, end: played?.end, madeBy: `folioscope ${version()}` }),
    );
    await writeProgram(to, text);
    for (const sentence of unordered) complain(`${file}: ${sentence}`);
  } catch (error) {
    if (!(error instanceof ScheduleMisfit)) throw error;
    throw new InputError(`${replay ?? file}: does not fit ${file}: ${error.message}`);
  }
}

/** The form of a recorded run, by its name. */
function formOf(replay: string | undefined, name = SERIES_FORM): readonly PatchChoice[] {
  try {
    return onePatch(name);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InputError(`${replay ?? ''}: has steps of ${name}, expected --patch with the file of that form`);
  }
}

async function writeProgram(to: string, text: string): Promise<void> {
  if (to === '-') {
    process.stdout.write(text);
    return;
  }
  try {
    await writeFile(to, text);
  } catch (error) {
    throw new UsageError(`${to}: cannot be written: ${reasonOf(error)}`);
  }
}

async function exported(
  file: string,
  { patch, promela, profile }: Options & { readonly patch: readonly PatchChoice[] },
): Promise<string> {
  const { parseScenario, patchNotes } = await import('../scenario/index.ts');
  const { mutantNotes } = await import('../report/index.ts');
  const { questionAbout } = await import('../verify/index.ts');
  const { toMurphi, toPromela } = await import('../lang/index.ts');
  const scenario = parseScenario(file, await readScenarioText(file), profile === undefined ? {} : { profile });
  const [form] = await loadPatches(patch);
  if (form === undefined) throw new Error('no form of the check');
  return workingWith(form, () => {
    const question = questionAbout(scenario, form);
    const notes = patchNotes(form, scenario.check.profile);
    const about = [
      `${scenario.name}: ${scenario.title}; ${form.name}, ${scenario.check.profile.name}. Written by folioscope export.`,
      ...mutantNotes([{ patch: form.name, notes }]),
    ];
    return promela === true
      ? `${about.map((line) => `/* ${line} */\n`).join('')}${toPromela(question)}`
      : `${about.map((line) => `-- ${line}\n`).join('')}${toMurphi(question)}`;
  });
}

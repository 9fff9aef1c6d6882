// SPDX-License-Identifier: MIT
import { type Command, Option } from 'commander';
import { type Conformance, conformTrace } from '../conform/index.ts';
import { type Patch, PATCHES, type Profile, PROFILES } from '../machine/index.ts';
import { type Conformed, conformReport, conformToJson, worstOf } from '../report/index.ts';
import { UnknownBufferError } from '../trace/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { names, readPatches, readProfile } from './explain-options.ts';
import { complain, UsageError } from './failure.ts';
import { openSource } from './file-source.ts';
import { Progress } from './progress.ts';
import { redactorFor, shownName } from './redacting.ts';

interface Options {
  readonly profile?: Profile;
  readonly patch?: readonly Patch[];
  readonly buffer?: string;
  readonly redact?: boolean;
  readonly json?: boolean;
}

/** `folioscope conform TRACE...`: whether recorded runs are behaviours of the model. */
export function registerConform(program: Command): void {
  program
    .command('conform')
    .summary("say whether a recorded run is a behaviour of the model's kernel")
    .description(
      'Follows each recording with the executable kernel: every addition, insertion, deletion, drain, reference and ' +
        'conversion must be shown by a step of the model. Folios of memory that is not recorded are found by the burst ' +
        'of the flush that inserts them.',
    )
    .argument(
      '<recordings...>',
      'trace.dat, or text of ftrace, trace-cmd report or perf script, also packed; - is standard input',
    )
    .addOption(
      new Option('--profile <name>', `kernel profile: ${names(PROFILES)} (default: inferred)`).argParser(readProfile),
    )
    .addOption(
      new Option('--patch <names>', `forms of the check, of ${names(PATCHES)} (default: all are tried)`).argParser(
        readPatches,
      ),
    )
    .option('--buffer <name>', "only this buffer of a trace.dat, '' being the top one")
    .option('--redact', 'replace task names, pids, page frames, addresses and other names (docs/redact.md)')
    .option('--json', 'print one JSON document (schema/conform.schema.json)')
    .addHelpText(
      'after',
      `
Exit codes:
  0   every recording conforms
  1   one diverges: the first event that no step shows is named
  2   not decidable: no event was matched, or too many are behind losses
  64  usage    65  not a recording    70  a defect of folioscope

Examples:
  folioscope conform examples/two-cpu.dat
  folioscope conform --patch v8 examples/refused.txt
  folioscope conform --redact examples/two-cpu.dat
  folioscope conform --json trace.dat other.dat`,
    )
    .action(async (files: readonly string[], options: Options) => {
      process.exitCode = await conform(files, options);
    });
}

const CODES: Readonly<Record<Conformance['verdict'], ExitCode>> = {
  conforms: EXIT.well,
  diverges: EXIT.notWell,
  undecided: EXIT.undecided,
};

async function conform(files: readonly string[], options: Options): Promise<ExitCode> {
  const all: Conformed[] = [];
  for (const [nr, file] of files.entries())
    all.push({ file: shownName(file, options.redact, nr + 1), answer: await answer(file, options) });
  for (const { file, answer: found } of all) for (const damage of found.trace.damage) complain(`${file}: ${damage}`);
  process.stdout.write(options.json === true ? conformToJson(all) : conformReport(all));
  return CODES[worstOf(all)];
}

async function answer(file: string, { profile, patch, buffer, redact }: Options): Promise<Conformance> {
  const source = await openSource(file);
  const progress = new Progress();
  try {
    return await conformTrace(source, {
      profile,
      patches: patch,
      buffer,
      redactor: await redactorFor(source, redact),
      onProgress: (share) => progress.tick(() => `${file}: ${Math.round(100 * share)} % read`),
    });
  } catch (error) {
    if (error instanceof UnknownBufferError) throw new UsageError(error.message);
    throw error;
  } finally {
    progress.end();
    await source.close();
  }
}

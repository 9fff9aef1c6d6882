// SPDX-License-Identifier: MIT
import { InvalidArgumentError, type Command, Option } from 'commander';
import { isErrno } from '../abi/index.ts';
import { explainTrace, type Explanation } from '../explain/index.ts';
import type { EventSet, RecordAnswer } from '../live/index.ts';
import { PATCHES } from '../machine/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { codeOf } from './explain-code.ts';
import { UsageError } from './failure.ts';
import { openSource } from './file-source.ts';
import { redactedRecord, redactorFor } from './redacting.ts';
import { version } from './version.ts';

/** Refusals that make a recording fail. */
type FailOn = 'refused' | 'spurious' | 'never';

interface Options {
  readonly for?: number;
  readonly output: string;
  readonly events: EventSet;
  readonly limit: number;
  readonly failOn?: FailOn;
  readonly quietIfWell?: boolean;
  readonly redact?: boolean;
  readonly json?: boolean;
}

const EVENTS: readonly EventSet[] = ['minimal', 'full', 'page-ref'];
const UNITS = { ms: 1, s: 1000, m: 60_000, '': 1000 };
const MEBI = 1024 * 1024;

/** `folioscope record`: records this machine's events, and prints the answer of explain. */
export function registerRecord(program: Command): void {
  program
    .command('record')
    .summary('record who holds which guest_memfd folio on this machine, and explain it')
    .description(
      'Records events of this machine into a trace.dat, while a command runs or for a given time, and prints ' +
        'the answer of explain. Needs root (or a tracefs for your group). It uses its own instance of tracefs, so ' +
        'other recordings and all settings of the machine stay unchanged.',
    )
    .argument('[command...]', 'a command to run meanwhile, after --')
    .addOption(new Option('--for <time>', 'end after 10s, 500ms, 2m').argParser(readTime))
    .addOption(new Option('-o, --output <file>', 'the file to write').default('trace.dat'))
    .addOption(
      new Option(
        '--events <set>',
        "minimal: guest_memfd's own folios and conversions; full: all folios, fallocate and drains; page-ref: every reference with its stack",
      )
        .choices(EVENTS)
        .default('minimal'),
    )
    .addOption(
      new Option('--limit <MiB>', 'keep at most the newest MiB; dropped events are counted')
        .default(64)
        .argParser(readLimit),
    )
    .addOption(
      new Option(
        '--fail-on <which>',
        'exit with 1 if a conversion was refused, or would be at a marked moment; spurious: only if batches alone held its page (default with a command: never)',
      ).choices(['refused', 'spurious', 'never']),
    )
    .option('--quiet-if-well', 'print an answer only if something was refused')
    .option(
      '--redact',
      'in the answer: replace task names, pids, page frames, addresses and other names (docs/redact.md)',
    )
    .option('--json', 'print one JSON document (schema/record.schema.json)')
    .addHelpText(
      'after',
      `
A line that the command writes to the file $FOLIOSCOPE_TRACE_MARKER marks a
moment to explain.

Overhead: two events a page fault, 0.7 us together on the machine of
docs/live.md; up to --limit MiB of memory, and 4 MiB a CPU for the kernel.

Exit codes:
  that of the command, if it is not 0; otherwise by --fail-on:
  0   nothing was refused    1   refused    2   undecided
  64  usage, or the command cannot be run    65  the file cannot be written
  69  this machine lacks what it needs    70  a defect of folioscope
  A command's own codes may be the same: --json distinguishes them.

Examples:
  sudo folioscope record --for 10s
  sudo folioscope record -o trace.dat --events full -- ./my-vmm --convert
  sudo folioscope record --quiet-if-well --fail-on spurious -- make test`,
    )
    .action(async (command: readonly string[], options: Options) => {
      process.exitCode = await run(command, options);
    });
}

function readTime(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|)$/.exec(text) ?? [];
  const milliseconds = Number(number) * (Object.entries(UNITS).find(([name]) => name === unit)?.[1] ?? 0);
  if (number === '' || milliseconds <= 0 || milliseconds > 24 * 60 * 60_000)
    throw new InvalidArgumentError('Expected a time, as 10s, 500ms or 2m, up to a day.');
  return milliseconds;
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > 4096)
    throw new InvalidArgumentError('Expected a number of MiB from 1 to 4096.');
  return limit;
}

async function run(command: readonly string[], options: Options): Promise<number> {
  const { CommandError, record } = await import('../live/index.ts');
  const isQuiet = options.quietIfWell === true;
  let done: RecordAnswer;
  try {
    done = await record({
      events: options.events,
      limit: options.limit * MEBI,
      milliseconds: options.for,
      command: command.length === 0 ? undefined : command,
      file: options.output,
      version: version(),
      onStart: () => {
        if (!isQuiet)
          process.stderr.write(
            `folioscope: recording ${options.events} events; ${command.length > 0 ? `until '${command[0]}' ends` : 'Ctrl-C ends it'}\n`,
          );
      },
    });
  } catch (error) {
    // A command that cannot be started is an error of the command line.
    throw error instanceof CommandError ? new UsageError(error.message) : error;
  }
  const explanation = await explained(done.file, options.redact);
  const found = refusals(explanation);
  if (!isQuiet || found !== 'none')
    await print(options.redact === true ? redactedRecord(done) : done, explanation, options);
  return codeFor(done, explanation, options.failOn ?? (command.length === 0 ? 'refused' : 'never'));
}

async function explained(file: string, redact: boolean | undefined): Promise<Explanation> {
  const source = await openSource(file);
  try {
    const redactor = await redactorFor(source, redact);
    return await explainTrace(source, { moments: [], patches: PATCHES, redactor });
  } finally {
    await source.close();
  }
}

async function print(done: RecordAnswer, explanation: Explanation, { json, events, redact }: Options): Promise<void> {
  const { explanationToText, recordReport, recordToJson } = await import('../report/index.ts');
  if (json === true) {
    process.stdout.write(recordToJson(done, explanation));
    return;
  }
  process.stdout.write(`${recordReport(done, events)}\n`);
  process.stdout.write(
    explanationToText(explanation, {
      file: done.file,
      options: redact === true ? ['--redact'] : [],
      version: version(),
    }),
  );
}

/** The worst result of the recorded conversions, or of a possible conversion at a marked moment. */
function refusals({ conversions, moments }: Explanation): 'justified' | 'spurious' | 'none' {
  const calls = conversions.filter(({ returned }) => isErrno(returned, 'EAGAIN'));
  const refused = moments.flatMap(({ baseline }) => (baseline.verdict === 'refused' ? [baseline] : []));
  if (calls.length === 0 && refused.length === 0) return 'none';
  // Whether a batch may have been the cause of a call's refusal, and no event shows another holder.
  const byBatches = calls.some(
    ({ causes }) =>
      causes.some(({ kinds }) => kinds.includes('lru-add-batch') && kinds.length === 1) &&
      causes.every(({ how }) => how !== 'held' && how !== 'held when it was called'),
  );
  return byBatches || refused.some(({ spurious }) => spurious) ? 'spurious' : 'justified';
}

function codeFor({ status = 0 }: RecordAnswer, explanation: Explanation, failOn: FailOn): number {
  if (status !== 0) return status;
  const code: ExitCode = codeOf(explanation, { any: true, calls: true });
  switch (failOn) {
    case 'never':
      return EXIT.well;
    case 'refused':
      return code;
    case 'spurious':
      return refusals(explanation) === 'spurious' ? EXIT.notWell : code === EXIT.notWell ? EXIT.well : code;
  }
}

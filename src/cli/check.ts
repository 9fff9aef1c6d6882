// SPDX-License-Identifier: MIT
import { Command, Option } from 'commander';
import { ALTERNATIVES, MUTANTS } from '../kernel/index.ts';
import { type Patch, PATCHES, PROFILES } from '../machine/index.ts';
import { checkAll } from './check-all.ts';
import { checkOne } from './check-one.ts';
import {
  bitsOf,
  checkOptions,
  MOST_STATES,
  type Options,
  positive,
  queueUrl,
  threads,
  wholeNumber,
} from './check-options.ts';
import { names, theOne } from './choices.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { UsageError } from './failure.ts';
import { HTML_OPTION } from './html-file.ts';
import { patchChoices } from './patch-choice.ts';
import { shardOf } from './shard.ts';

const FORMS: readonly Patch[] = [...PATCHES, ...ALTERNATIVES];

/** The options of `check`. */
const withOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--patch <names>',
        `forms of the check, of ${names(FORMS)}; or files, or mutant:NAME (default: ${names(PATCHES)})`,
      ).argParser(patchChoices),
    )
    .addOption(
      new Option('--profile <name>', `kernel profile instead of the scenario's: ${names(PROFILES)}`).argParser((name) =>
        theOne(PROFILES, name),
      ),
    )
    .option('--mutants', 'list the deliberately wrong forms, for --patch mutant:NAME')
    .option('--all', 'compare every scenario with the verdicts in its file, one line each')
    .addOption(
      new Option(
        '--shard <i/n>',
        'with --all: the i-th of n parts of the scenarios, always as JSON, for folioscope merge; job/n in a Kubernetes Indexed Job',
      ).argParser(shardOf),
    )
    .addOption(
      new Option(
        '--queue <url>',
        'with --all or --random: let the workers of a queue answer (redis://HOST:PORT; see folioscope worker)',
      ).argParser(queueUrl),
    )
    .addOption(new Option('--cpus <n>', 'number of CPUs, only for the peer protocol').argParser(positive))
    .addOption(new Option('--folios <n>', 'number of folios, only for the peer protocol').argParser(positive))
    .option('--exact', 'use no reductions, and explore every state even after a violation')
    .option('--no-partial-order', 'explore every order of steps, also equivalent ones')
    .option('--no-symmetry', 'explore symmetric states separately: those that differ by a swap of like tasks or CPUs')
    .addOption(
      new Option('--most-states <n>', 'give up after this many states').default(MOST_STATES).argParser(positive),
    )
    .addOption(new Option('--memory <mib>', 'give up before states take more than this many MiB').argParser(positive))
    .addOption(new Option('--workers <n>', 'number of threads of the search').default(1).argParser(threads))
    .addOption(
      new Option('--depth-first', 'explore the newest state first: finds distant violations sooner').conflicts([
        'hashCompaction',
        'bitstate',
        'checkpoint',
        'random',
      ]),
    )
    .addOption(
      new Option(
        '--random <n>',
        'n random walks instead of all orders, for large scenarios; they never prove that a property holds',
      )
        .conflicts(['exact', 'hashCompaction', 'bitstate', 'checkpoint'])
        .argParser(positive),
    )
    .addOption(new Option('--seed <s>', 'seed of the random walks (default: 1)').argParser(wholeNumber))
    .addOption(
      new Option(
        '--pct <depth>',
        'walks by random priorities with depth - 1 changes (PCT), instead of uniform choices',
      ).argParser(positive),
    )
    .addOption(new Option('--steps <n>', 'maximum number of steps of a walk (default: 10000)').argParser(positive))
    .addOption(
      new Option(
        '--hash-compaction',
        'store a 64-bit hash instead of each state; the verdict gives the probability that a state was left out',
      ).conflicts(['exact', 'bitstate', 'checkpoint']),
    )
    .addOption(
      new Option('--bitstate <bits>', 'store three bits per state, in a table of 2^bits bits; bits from 5 to 32')
        .conflicts(['exact', 'checkpoint'])
        .argParser(bitsOf),
    )
    .option('--checkpoint <dir>', 'save the progress in this directory, so that --resume can continue after a crash')
    .addOption(
      new Option('--checkpoint-every <seconds>', 'save at most once in this many seconds (default: 10)').argParser(
        wholeNumber,
      ),
    )
    .option('--resume', 'continue from what --checkpoint has saved; the result is the same')
    .addOption(
      new Option(
        '--spill <dir>',
        'when memory is full, move states into files in this directory, and continue',
      ).conflicts(['depthFirst', 'random', 'hashCompaction', 'bitstate', 'checkpoint']),
    )
    .option('--coverage', "also list the kernel's routines and steps that no run reached, form by form")
    .option('--itf <file>', 'write the shortest run to this file, in the Informal Trace Format of Apalache and Quint')
    .option(...HTML_OPTION)
    .option('--json', 'print one JSON document (schema/check.schema.json; with --all schema/check-all.schema.json)');

/** The options that some words of a command line say. @throws CommanderError */
export const optionsOf = (words: readonly string[]): Options =>
  withOptions(new Command('check').exitOverride().configureOutput({ outputError: () => undefined }))
    .parse(words, { from: 'user' })
    .opts<Options>();

/** `folioscope check FILE`: every interleaving of a scenario's threads. */
export function registerCheck(program: Command): void {
  withOptions(program.command('check'))
    .summary('check a scenario on every interleaving of its threads')
    .description(
      "Explores every order of the steps of a scenario's threads and the CPUs' kworkers. For each form of the " +
        'check it reports which properties of a conversion hold: I1 to I9, and what the scenario expects. ' +
        'If a property is violated, the report has the shortest run that shows it.',
    )
    .argument('[scenario...]', 'a scenario file (YAML or JSON); with --all several, or directories of them')
    .addHelpText(
      'after',
      `
Exit codes:
  0   every property holds; with --all: every verdict is as its file says
  1   a property is violated; with --all: a verdict is not as its file says
  2   undecided: a limit is reached, memory or disk space runs out, Ctrl-C
  64  usage    65  not a scenario    70  a defect of folioscope

Examples:
  folioscope check scenarios/SC-02-other-cpu.yaml --patch baseline
  folioscope check scenarios/SC-02-other-cpu.yaml --patch baseline,v6,v8
  folioscope check --json scenarios/SC-02-other-cpu.yaml --patch v6
  folioscope check scenarios/SC-02-other-cpu.yaml --html report.html
  folioscope check --all
  folioscope check --all scenarios/SC-02-other-cpu.yaml --json
  folioscope check --all --shard 1/8 > 1.json
      one machine of eight; folioscope merge puts their answers together
  folioscope check --all --queue redis://127.0.0.1:6379
      on every machine where folioscope worker runs with that queue
  folioscope check scenarios/SC-02-other-cpu.yaml --patch mutant:drains-itself-only
  folioscope check scenarios/peer-protocol.yaml --cpus 3 --folios 3 --exact
  folioscope check scenarios/SC-18-early-exit.yaml --patch v6 --coverage
      which steps of the kernel no run took
  folioscope check scenarios/SC-04-forty-folios.yaml --random 1000 --seed 7
      random walks: the answer is "not found", never "holds"
  folioscope check large.yaml --patch v6 --checkpoint kept
  folioscope check large.yaml --patch v6 --checkpoint kept --resume
      continues after a crash, a kill, or a limit
  folioscope check large.yaml --patch v6 --memory 4096 --spill /var/tmp/states
      4 GiB of memory; the other states are in files`,
    )
    .action(async (files: readonly string[], options: Options) => {
      process.once('SIGINT', () => {
        isInterrupted = true;
      });
      process.exitCode = await answerTo(files, options);
    });
}

async function answerTo(files: readonly string[], options: Options): Promise<ExitCode> {
  if (options.mutants === true) {
    if (files.length > 0) throw new UsageError('--mutants only prints a list: leave out the scenario');
    const { mutantsText } = await import('../report/index.ts');
    process.stdout.write(mutantsText(MUTANTS));
    return EXIT.well;
  }
  checkOptions(options);
  const interrupted = (): boolean => isInterrupted;
  return options.all === true ? checkAll(files, options, interrupted) : checkOne(files, options, interrupted);
}

/** Whether the user has interrupted the check, to get the answer so far. */
let isInterrupted = false;

// SPDX-License-Identifier: MIT
import { type Command, Option } from 'commander';
import { ALTERNATIVES, MUTANTS } from '../kernel/index.ts';
import { type Patch, PATCHES, PROFILES } from '../machine/index.ts';
import { checkAll } from './check-all.ts';
import { checkOne } from './check-one.ts';
import { bitsOf, checkOptions, MOST_STATES, type Options, positive, threads, wholeNumber } from './check-options.ts';
import { names, theOne } from './choices.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { UsageError } from './failure.ts';
import { patchChoices } from './patch-choice.ts';
import { shardOf } from './shard.ts';

const FORMS: readonly Patch[] = [...PATCHES, ...ALTERNATIVES];

/** `folioscope check FILE`: every interleaving of a scenario's threads. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .summary('check a scenario on every interleaving of its threads')
    .description(
      "Explores every order in which a scenario's threads and the CPUs' kworkers can take their steps, and says " +
        'for each form of the check which properties of a conversion hold: I1 to I9, and what the scenario expects. ' +
        'Where one does not, the report has the shortest run that shows it.',
    )
    .argument('[scenario...]', 'a scenario file (YAML or JSON); with --all several, or directories of them')
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
    .option('--mutants', 'list the mistakes made on purpose that --patch mutant:NAME names')
    .option('--all', 'every scenario against what its file says that it comes to, a line each')
    .addOption(
      new Option(
        '--shard <i/n>',
        'with --all: the i-th of n parts of the scenarios, as JSON for folioscope merge; job/n in a Kubernetes Indexed Job',
      ).argParser(shardOf),
    )
    .addOption(new Option('--cpus <n>', 'CPUs, where the file is about the peer protocol').argParser(positive))
    .addOption(new Option('--folios <n>', 'folios, likewise').argParser(positive))
    .option('--exact', 'no reductions, and explore everything even after a violation')
    .option('--no-partial-order', 'explore every order of steps, also where nobody can tell them apart')
    .option('--no-symmetry', 'explore states apart that differ by an exchange of like tasks or CPUs')
    .addOption(new Option('--most-states <n>', 'give up after so many states').default(MOST_STATES).argParser(positive))
    .addOption(new Option('--memory <mib>', 'give up before states take more MiB').argParser(positive))
    .addOption(new Option('--workers <n>', 'threads that explore together').default(1).argParser(threads))
    .addOption(
      new Option('--depth-first', 'go on from the newest state first: meets what is far away sooner').conflicts([
        'hashCompaction',
        'bitstate',
        'checkpoint',
        'random',
      ]),
    )
    .addOption(
      new Option(
        '--random <n>',
        'n random walks instead of all orders, for what is too large; it never says that anything holds',
      )
        .conflicts(['exact', 'hashCompaction', 'bitstate', 'checkpoint'])
        .argParser(positive),
    )
    .addOption(new Option('--seed <s>', 'of the walks (default: 1)').argParser(wholeNumber))
    .addOption(
      new Option(
        '--pct <depth>',
        'walks by random priorities with depth - 1 changes (PCT), instead of uniform ones',
      ).argParser(positive),
    )
    .addOption(new Option('--steps <n>', 'most steps of a walk (default: 10000)').argParser(positive))
    .addOption(
      new Option(
        '--hash-compaction',
        'remember 64 bits of a state instead of the state; the verdict says how likely one was left out',
      ).conflicts(['exact', 'bitstate', 'checkpoint']),
    )
    .addOption(
      new Option('--bitstate <bits>', 'likewise three bits among 2^bits, from 5 to 32')
        .conflicts(['exact', 'checkpoint'])
        .argParser(bitsOf),
    )
    .option('--checkpoint <dir>', 'keep there how far it is, so that --resume can go on after a crash')
    .addOption(new Option('--checkpoint-every <seconds>', 'so often at most (default: 10)').argParser(wholeNumber))
    .option('--resume', 'go on from what --checkpoint has kept, to the same result')
    .addOption(
      new Option('--spill <dir>', 'put states into files there when memory ends, and go on').conflicts([
        'depthFirst',
        'random',
        'hashCompaction',
        'bitstate',
        'checkpoint',
      ]),
    )
    .option('--coverage', "also say which of the kernel's routines and steps no run came to, form by form")
    .option('--itf <file>', 'write the shortest run there, in the Informal Trace Format of Apalache and Quint')
    .option('--json', 'print one JSON document (schema/check.schema.json)')
    .addHelpText(
      'after',
      `
Exit codes:
  0   every property holds; with --all: everything is as the files say
  1   a property is violated; with --all: something is not as a file says
  2   undecided: a bound is reached, memory or the disk ends, Ctrl-C
  64  usage    65  not a scenario    70  a defect of folioscope

Examples:
  folioscope check scenarios/SC-02-other-cpu.yaml --patch baseline
  folioscope check scenarios/SC-02-other-cpu.yaml --patch baseline,v6,v8
  folioscope check --json scenarios/SC-02-other-cpu.yaml --patch v6
  folioscope check --all
  folioscope check --all --shard 1/8 > 1.json
      one machine of eight; folioscope merge puts their answers together
  folioscope check scenarios/SC-02-other-cpu.yaml --patch mutant:drains-itself-only
  folioscope check scenarios/peer-protocol.yaml --cpus 3 --folios 3 --exact
  folioscope check scenarios/SC-18-early-exit.yaml --patch v6 --coverage
      which steps of the kernel no run took
  folioscope check scenarios/SC-04-forty-folios.yaml --random 1000 --seed 7
      walks at random: says "not found", and never that anything holds
  folioscope check large.yaml --patch v6 --checkpoint kept
  folioscope check large.yaml --patch v6 --checkpoint kept --resume
      goes on after a crash, a kill, or a limit
  folioscope check large.yaml --patch v6 --memory 4096 --spill /var/tmp/states
      4 GiB of memory, and files for the states that it does not hold`,
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
    if (files.length > 0) throw new UsageError('--mutants lists them, and takes no scenario');
    const { mutantsText } = await import('../report/index.ts');
    process.stdout.write(mutantsText(MUTANTS));
    return EXIT.well;
  }
  checkOptions(options);
  const interrupted = (): boolean => isInterrupted;
  return options.all === true ? checkAll(files, options, interrupted) : checkOne(files, options, interrupted);
}

/** Whether somebody wants the answer that there is by now. */
let isInterrupted = false;

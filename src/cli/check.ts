// SPDX-License-Identifier: MIT
import { type Command, InvalidArgumentError, Option } from 'commander';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALTERNATIVES, MUTANTS } from '../kernel/index.ts';
import { InputError } from '../ledger/index.ts';
import { type Patch, PATCHES, type Profile, PROFILES } from '../machine/index.ts';
import type { CostedAnswer, Outcome } from '../report/index.ts';
import type { PeerQuestion, PeerVariant, Scenario } from '../scenario/index.ts';
import type { CheckAnswer, CheckProgress, SearchOptions, Walked } from '../verify/index.ts';
import { ASKED } from './asked-before.ts';
import { exploringWith } from './check-workers.ts';
import { names, theOne } from './choices.ts';
import { availableBytes, heapNow } from './available-memory.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain, reasonOf, reportFailure, UsageError } from './failure.ts';
import { fileOf, loadPatches, type PatchChoice, patchChoices, workingInPieces, workingWith } from './load-patch.ts';
import { checkProgressText } from './check-progress.ts';
import { Progress } from './progress.ts';
import { readScenarioText, scenarioFiles } from './scenario-files.ts';
import { version } from './version.ts';
import type { SpillDirectory } from './spill-directory.ts';

interface Options {
  readonly patch?: readonly PatchChoice[];
  readonly profile?: Profile;
  readonly all?: boolean;
  readonly mutants?: boolean;
  readonly cpus?: number;
  readonly folios?: number;
  readonly exact?: boolean;
  readonly symmetry: boolean;
  readonly partialOrder: boolean;
  readonly json?: boolean;
  readonly coverage?: boolean;
  readonly itf?: string;
  readonly mostStates: number;
  readonly memory?: number;
  readonly workers: number;
  readonly depthFirst?: boolean;
  readonly random?: number;
  readonly seed?: number;
  readonly pct?: number;
  readonly steps?: number;
  readonly hashCompaction?: boolean;
  readonly bitstate?: number;
  readonly checkpoint?: string;
  readonly checkpointEvery?: number;
  readonly resume?: boolean;
  readonly spill?: string;
}

const FORMS: readonly Patch[] = [...PATCHES, ...ALTERNATIVES];
/** The scenario files that come with folioscope. */
const SHIPPED = fileURLToPath(new URL('../../scenarios', import.meta.url));

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
  return options.all === true ? checkAll(files, options) : checkOne(files, options);
}

/** Whether somebody wants the answer that there is by now. */
let isInterrupted = false;

function positive(text: string): number {
  if (!/^\d{1,12}$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError('Expected a whole number above 0.');
  return Number(text);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 0 on.');
  return Number(text);
}

/** States after which a check gives up where nothing else is said. */
const MOST_STATES = 200_000_000;

/** Bits of an index into the bits of a bitstate memory. */
const [FEWEST_BITS, MOST_BITS] = [5, 32];

function bitsOf(text: string): number {
  const bits = positive(text);
  if (bits < FEWEST_BITS || bits > MOST_BITS)
    throw new InvalidArgumentError(`Expected a whole number from ${FEWEST_BITS} to ${MOST_BITS}.`);
  return bits;
}

/** Each thread has at least one of the heaps that states are sorted into. */
const MOST_WORKERS = 64;

function threads(text: string): number {
  const workers = positive(text);
  if (workers > MOST_WORKERS) throw new InvalidArgumentError(`Expected at most ${MOST_WORKERS}.`);
  return workers;
}

type Subject = Scenario | PeerQuestion;

/** What does not go together, beyond what each option says of others. */
function checkOptions({
  workers,
  depthFirst,
  random,
  seed,
  pct,
  steps,
  hashCompaction,
  bitstate,
  ...options
}: Options): void {
  const lossy = hashCompaction === true || bitstate !== undefined;
  if (workers > 1 && (lossy || random !== undefined || depthFirst === true))
    throw new UsageError(
      '--workers shares an exact search, so without --random, --depth-first, --hash-compaction and --bitstate',
    );
  if (random === undefined && (seed !== undefined || pct !== undefined || steps !== undefined))
    throw new UsageError('--seed, --pct and --steps are about random walks, so with --random N');
  const { checkpoint, checkpointEvery, resume, all, spill } = options;
  if (workers > 1 && spill !== undefined)
    throw new UsageError('--spill is for an exploration on one thread, so without --workers');
  if (checkpoint === undefined && (resume === true || checkpointEvery !== undefined))
    throw new UsageError('--resume and --checkpoint-every are about a checkpoint, so with --checkpoint DIR');
  if (checkpoint !== undefined && all === true)
    throw new UsageError('--checkpoint keeps one scenario, so without --all');
}

async function checkOne(files: readonly string[], options: Options): Promise<ExitCode> {
  const [file, more] = files;
  if (file === undefined) throw new UsageError('no scenario given, expected a file, or --all');
  if (more !== undefined) throw new UsageError(`one scenario at a time, or --all for several; '${more}' is the second`);
  const { checkReport, checkToItf, checkToJson } = await import('../report/index.ts');
  const subject = await subjectIn(file, options);
  const coverage = options.coverage === true;
  const costed: CostedAnswer[] = [];
  const notRun: string[] = [];
  for await (const given of answersOf(subject, options))
    if (typeof given === 'string') notRun.push(given);
    else costed.push(given);
  const answers = costed.map(({ answer }) => answer);
  process.stdout.write(
    options.json === true
      ? checkToJson(subject, costed, { notRun, coverage })
      : checkReport(subject, answers, {
          command: commandFor(file, options),
          version: version(),
          notRun,
          interrupted: isInterrupted,
          coverage,
        }),
  );
  if (options.itf !== undefined) await writeTrace(options.itf, checkToItf(subject, answers));
  return codeOf(answers, notRun);
}

/** Writes a counterexample to a file. @throws UsageError where it cannot be written. */
async function writeTrace(file: string, trace: string | undefined): Promise<void> {
  if (trace === undefined) {
    complain(`${file} is not written: nothing is violated`);
    return;
  }
  try {
    await writeFile(file, trace);
  } catch (error) {
    throw new UsageError(`${file}: cannot be written: ${reasonOf(error)}`);
  }
}

async function checkAll(paths: readonly string[], options: Options): Promise<ExitCode> {
  if (options.json === true) throw new UsageError('--all prints text only, so without --json');
  if (options.itf !== undefined) throw new UsageError('--itf writes one run, so without --all');
  const { allEnd, allLine, notRunLine, outcomeOf } = await import('../report/index.ts');
  const files: string[] = [];
  for (const path of paths.length === 0 ? [SHIPPED] : paths) files.push(...(await scenarioFiles(path)));
  const outcomes: Outcome[] = [];
  let isBad = false;
  for (const file of files) {
    if (isInterrupted) {
      outcomes.push('not run');
      process.stdout.write(notRunLine(relative(process.cwd(), file)));
      continue;
    }
    try {
      const subject = await subjectIn(file, options);
      const answers: CheckAnswer[] = [];
      const notRun: string[] = [];
      for await (const given of answersOf(subject, options))
        if (typeof given === 'string') notRun.push(given);
        else answers.push(given.answer);
      outcomes.push(outcomeOf(answers, notRun));
      process.stdout.write(allLine(subject, answers, notRun));
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
  return isInterrupted || outcomes.some((outcome) => outcome !== 'as expected') ? EXIT.undecided : EXIT.well;
}

async function subjectIn(file: string, { profile, cpus, folios }: Options): Promise<Subject> {
  const { textNamesModel, parsePeerQuestion, parseScenario } = await import('../scenario/index.ts');
  const text = await readScenarioText(file);
  if (!textNamesModel(file, text)) {
    if (cpus !== undefined || folios !== undefined)
      throw new UsageError(`--cpus and --folios are for the peer protocol; ${file} says what its machine has`);
    return parseScenario(file, text, profile === undefined ? {} : { profile });
  }
  const question = parsePeerQuestion(file, text);
  return { ...question, cpus: cpus ?? question.cpus, folios: folios ?? question.folios };
}

/**
 * The answers, form by form, or the name of a form that was not begun because somebody interrupted. Between pieces of work the
 * process looks whether it is interrupted.
 */
async function* answersOf(subject: Subject, options: Options): AsyncGenerator<CostedAnswer | string> {
  const directory =
    options.spill === undefined
      ? undefined
      : new (await import('./spill-directory.ts')).SpillDirectory(options.spill, complain);
  const giveUp = options.checkpoint === undefined ? undefined : await ownCheckpoints(options.checkpoint, options);
  try {
    yield* answersWith(subject, options, directory);
  } finally {
    directory?.close();
    giveUp?.();
  }
}

async function* answersWith(
  subject: Subject,
  options: Options,
  spill: SpillDirectory | undefined,
): AsyncGenerator<CostedAnswer | string> {
  const { checking, checkingPeer } = await import('../verify/index.ts');
  const { unknownPlace } = await import('../scenario/index.ts');
  const search: SearchOptions = {
    ...lossyOf(options),
    walks: walksOf(options),
    mostStates: options.mostStates,
    mostBytes: options.memory === undefined ? availableBytes() : options.memory * 1024 * 1024,
    exact: options.exact === true,
    coverage: options.coverage === true,
    symmetry: options.symmetry,
    partialOrder: options.partialOrder,
    interrupted: () => isInterrupted,
    heap: heapNow,
    explore: await explorerOf(options),
    spill:
      spill &&
      (() => {
        spill.clear();
        return spill;
      }),
  };
  const unwritten: string[] = [];
  const keep = await checkpointsIn(options, (message) => unwritten.push(message));
  if ('threads' in subject) {
    const patches =
      options.patch === undefined ? [...PATCHES, ...subject.check.mutants] : await loadPatches(options.patch);
    const wrong = unknownPlace(subject, subject.schedule, patches, workingWith);
    if (wrong !== undefined) throw new InputError(`${subject.file}: the schedule does not fit: ${wrong}`);
    const changed = await filesAsked(options, subject.file, patches);
    for (const [place, patch] of patches.entries())
      yield isInterrupted && place > 0
        ? patch.name
        : orName(
            saying(
              changed(patch),
              answered(
                subject,
                patch.name,
                workingInPieces(patch, checking(subject, { ...search, patch, checkpoint: keep(patch.name) })),
              ),
            ),
            patch.name,
            place > 0,
          );
  } else
    for (const [place, variant] of (await variantsOf(options)).entries())
      yield isInterrupted && place > 0
        ? variant
        : orName(
            answered(subject, variant, checkingPeer(subject, { ...search, variant, checkpoint: keep(variant) })),
            variant,
            place > 0,
          );
  for (const message of unwritten)
    complain(`${message}; make room there, or let it be written, and go on with the same command and --resume`);
}

/** Notes what the files of the question say. @returns for a form, those of its files that have changed since it was asked first. */
async function filesAsked(
  { checkpoint }: Options,
  scenario: string,
  patches: readonly Patch[],
): Promise<(patch: Patch) => () => readonly string[]> {
  if (checkpoint === undefined) return () => () => [];
  const { changedFiles, noteFiles } = await import('./asked-before.ts');
  const filesOf = (patch: Patch): readonly string[] => [
    scenario,
    ...(fileOf(patch) === undefined ? [] : [fileOf(patch) ?? '']),
  ];
  try {
    noteFiles(checkpoint, [...new Set(patches.flatMap(filesOf))]);
  } catch {
    // Where nothing can be written, the checkpoint itself says why.
  }
  return (patch) => () => changedFiles(checkpoint, filesOf(patch));
}

/** An answer; where its checkpoint is of another question, the files that have changed are named. */
async function saying(changed: () => readonly string[], answer: Promise<CostedAnswer>): Promise<CostedAnswer> {
  try {
    return await answer;
  } catch (error) {
    const files = error instanceof Error && error.name === 'CheckpointError' ? changed() : [];
    if (!(error instanceof Error) || files.length === 0) throw error;
    const verb = files.length === 1 ? 'has' : 'have';
    error.message = `${files.join(' and ')} ${verb} changed since the checkpoint was begun: ${error.message}`;
    throw error;
  }
}

/** What a form comes to, or its name where its checkpoint cannot be gone on from and other answers are there to be kept. */
async function orName(answer: Promise<CostedAnswer>, name: string, hasOthers: boolean): Promise<CostedAnswer | string> {
  try {
    return await answer;
  } catch (error) {
    if (!hasOthers || !(error instanceof Error && error.name === 'CheckpointError')) throw error;
    complain(`${name}: ${error.message}`);
    return name;
  }
}

async function explorerOf({ workers, depthFirst }: Options): Promise<SearchOptions['explore']> {
  if (depthFirst === true) return (await import('../check/index.ts')).exploringDepthFirst;
  return workers === 1 ? undefined : exploringWith(workers);
}

const lossyOf = ({ hashCompaction, bitstate }: Options): Pick<SearchOptions, 'lossy'> => {
  if (bitstate !== undefined) return { lossy: { kind: 'bitstate', bits: bitstate } };
  return hashCompaction === true ? { lossy: { kind: 'hash compaction' } } : {};
};

const walksOf = ({ random, seed = 1, pct, steps = 10_000 }: Options): Walked | undefined =>
  random === undefined ? undefined : { walks: random, seed, steps, pct };

/**
 * Takes a directory of checkpoints for this process alone.
 * @returns what gives it back.
 * @throws UsageError where another process has it, or it cannot be one.
 */
async function ownCheckpoints(path: string, { resume = false }: Options): Promise<() => void> {
  if (existsSync(path) && !statSync(path).isDirectory())
    throw new UsageError(`${path}: not a directory, which --checkpoint needs`);
  if (!existsSync(path) && resume) throw new UsageError(`${path} holds no checkpoint: begin one without --resume`);
  const { giveUpOwnership, InUseError, takeOwnership } = await import('./ownership.ts');
  const { makeDirectory } = await import('./make-directory.ts');
  const file = join(path, OWNER);
  try {
    makeDirectory(path);
    takeOwnership(file);
  } catch (error) {
    if (error instanceof InUseError)
      throw new UsageError(`${path} is in use by process ${error.pid}: wait for its end, or name another directory`);
    // Where nothing can be written no other process writes either, and the checkpoint itself says why it cannot.
    return () => undefined;
  }
  return () => {
    try {
      giveUpOwnership(file);
    } catch (error) {
      // The answer stands all the same, and the next process takes over what this one leaves.
      complain(`${file} cannot be removed: ${reasonOf(error)}`);
    }
  };
}

/** Says in a directory of checkpoints which process has it. */
const OWNER = 'folioscope-checkpoint';

const isOfOwnership = (name: string): boolean => name === OWNER || name.startsWith(`${OWNER}.`) || name === ASKED;

/**
 * Checkpoints of each form, each of its explorations in a directory of its own.
 * @param unwritten told why one cannot be written.
 */
async function checkpointsIn(
  { checkpoint: path, checkpointEvery, resume = false }: Options,
  unwritten: (message: string) => void,
): Promise<(form: string) => SearchOptions['checkpoint']> {
  if (path === undefined) return () => undefined;
  const isBegun = existsSync(path) && readdirSync(path).some((name) => !isOfOwnership(name));
  if (isBegun && !resume)
    throw new UsageError(`${path} is not empty: go on from it with --resume, or name another directory`);
  if (!isBegun && resume) throw new UsageError(`${path} holds no checkpoint: begin one without --resume`);
  const { CheckpointDirectory, neverWritten, telling } = await import('./checkpoint-directory.ts');
  const { UnwrittenError } = await import('../check/index.ts');
  let isFirst = true;
  return (form) => (name) => {
    try {
      return telling(
        new CheckpointDirectory(join(path, form.replaceAll(/[^\w.-]/g, '_'), name), checkpointEvery),
        unwritten,
      );
    } catch (error) {
      // Before anything is known there is nothing to lose.
      if (isFirst || !(error instanceof UnwrittenError)) throw error;
      return telling(neverWritten(error), unwritten);
    } finally {
      isFirst = false;
    }
  };
}

async function variantsOf({ patch }: Options): Promise<readonly PeerVariant[]> {
  const { PEER_VARIANTS } = await import('../scenario/index.ts');
  if (patch === undefined) return PEER_VARIANTS;
  return patch.map(({ word }) => {
    const variant = PEER_VARIANTS.find((name) => name === word);
    if (variant === undefined)
      throw new UsageError(`the peer protocol has no form '${word}', expected ${PEER_VARIANTS.join(', ')}`);
    return variant;
  });
}

async function answered(
  { name }: Subject,
  patch: string,
  pieces: Generator<CheckProgress, CheckAnswer>,
): Promise<CostedAnswer> {
  const progress = new Progress();
  const started = performance.now();
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) {
      progress.end();
      const seconds = Math.round(performance.now() - started) / 1000;
      return { answer: piece.value, cost: { seconds, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 } };
    }
    const { value } = piece;
    progress.tick(() => checkProgressText(`${name}, ${patch}`, value, (performance.now() - started) / 1000));
    await (value.wait ??
      new Promise((resolve) => {
        setImmediate(resolve);
      }));
  }
}

function codeOf(answers: readonly CheckAnswer[], notRun: readonly string[]): ExitCode {
  if (notRun.length > 0 || answers.some(({ reason }) => reason === 'interrupted')) return EXIT.undecided;
  if (answers.some(({ verdict }) => verdict === 'violated')) return EXIT.notWell;
  return answers.some(({ verdict }) => verdict === 'undecided') ? EXIT.undecided : EXIT.well;
}

/**
 * The command that gives this report again: every option that may change the answer. --checkpoint and --resume say where a check goes
 * on, --itf and --json where and how it is written.
 */
const commandFor = (file: string, options: Options): readonly string[] => {
  const { patch, profile, cpus, folios, exact, symmetry, partialOrder, workers, coverage } = options;
  const { depthFirst, random, seed, pct, steps, hashCompaction, bitstate, memory, spill } = options;
  const valued = {
    cpus,
    folios,
    random,
    seed,
    pct,
    steps,
    bitstate,
    workers: workers === 1 ? undefined : workers,
    'most-states': options.mostStates === MOST_STATES ? undefined : options.mostStates,
    memory,
    spill,
  };
  return [
    'folioscope',
    'check',
    file,
    ...(patch === undefined ? [] : ['--patch', patch.map(({ word }) => word).join(',')]),
    ...(profile === undefined ? [] : ['--profile', profile.name]),
    ...Object.entries(valued).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ...(exact === true ? ['--exact'] : []),
    ...(partialOrder ? [] : ['--no-partial-order']),
    ...(symmetry ? [] : ['--no-symmetry']),
    ...(depthFirst === true ? ['--depth-first'] : []),
    ...(hashCompaction === true ? ['--hash-compaction'] : []),
    ...(coverage === true ? ['--coverage'] : []),
  ];
};

// SPDX-License-Identifier: MIT
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { InputError } from '../ledger/index.ts';
import type {
  ComparedSource,
  Prepared,
  PreparedSide,
  ReviewAnswer,
  ReviewedChange,
  ReviewedSide,
} from '../review/index.ts';
import type { Scenario } from '../scenario/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { reasonOf } from './failure.ts';
import { Progress } from './progress.ts';
import { judgeAll, type JobSide, type ReviewJob } from './review-jobs.ts';
import { readScenarioText, scenarioFiles } from './scenario-files.ts';

interface Options {
  readonly tree?: string;
  readonly function?: string;
  readonly scenarios?: string;
  readonly reply?: boolean;
  readonly json?: boolean;
  readonly workers?: number;
}

/** The scenarios that come with folioscope. */
const SHIPPED = fileURLToPath(new URL('../../scenarios', import.meta.url));
/** Largest size of a file with mails; mailing lists accept less. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Default limit of the search of one scenario, in states. */
const MOST_STATES = 2_000_000;

/** `folioscope review FILE...`: a patch as its author wrote it, before and after. */
export function registerReview(program: Command): void {
  program
    .command('review')
    .summary('judge a patch of the check from a mail, before and after')
    .description(
      'Reads a mail, an mbox with a series, or a diff that changes the safety check in C. Rebuilds the function before ' +
        'and after the change, and checks both in every scenario with a conversion. Reports what the change fixes, ' +
        'what becomes worse, and the shortest run for each.',
    )
    .argument('<file...>', "mails, mboxes or diffs; '-' is standard input")
    .option('--tree <dir>', 'the kernel tree that the diff applies to: the whole function is read from there')
    .option('--function <name>', 'name of the function, if it is not kvm_gmem_is_safe_for_conversion')
    .option('--scenarios <path>', 'a scenario file or a directory, instead of the shipped scenarios')
    .option('--reply', 'print a reply to the mail: its changed lines quoted, the evidence below each')
    .option('--json', 'print one JSON document (schema/review.schema.json)')
    .addOption(
      new Option('--workers <n>', 'number of threads (default: one per processor, at most 4)').argParser((text) => {
        const number = /^\d+$/.test(text) ? Number(text) : 0;
        if (number >= 1 && number <= 64) return number;
        throw new InvalidArgumentError('Expected a whole number from 1 to 64.');
      }),
    )
    .addHelpText(
      'after',
      `
Exit codes:
  0   after the change no property is violated, except named exceptions
  1   after the change a property is violated
  2   undecided: C that cannot be translated, lines that the mail does not show,
      a search that gave up, Ctrl-C
  64  usage    65  input without a change of the check
  70  a defect of folioscope

Examples:
  folioscope review patch-v6-15.mail.txt
  b4 am -o - MESSAGE-ID | folioscope review -
  folioscope review series.mbox --tree ~/linux
  git -C ~/linux format-patch -1 -U40 --stdout | folioscope review - --reply`,
    )
    .action(async (files: readonly string[], options: Options) => {
      process.exitCode = await review(files, options);
    });
}

let isInterrupted = false;

async function review(files: readonly string[], options: Options): Promise<ExitCode> {
  if (options.reply === true && options.json === true) throw new (await usage())('--reply or --json, not both');
  const { readMails, prepare, Tree } = await import('../review/index.ts');
  const { TABLE } = await import('../cfront/index.ts');
  const mails = [];
  for (const file of files) mails.push(...(await readMails(await bytesOf(file), file === '-' ? undefined : file)));
  const { tree } = options;
  const prepared = await prepare(mails, {
    file: files.join(', '),
    function: options.function,
    tree: tree === undefined ? undefined : new Tree(tree, (path) => textIn(tree, path)),
    known: new Set([...TABLE.steps.keys(), ...TABLE.words.keys()]),
  });
  const scenarios = await occasions(options.scenarios ?? SHIPPED);
  const onInterrupt = (): void => {
    isInterrupted = true;
  };
  process.once('SIGINT', onInterrupt);
  let answer: ReviewAnswer;
  try {
    answer = await reviewed(files.join(', '), prepared, scenarios, options);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
  await print(answer, scenarios, files, options);
  switch (answer.outcome) {
    case 'holds':
      return EXIT.well;
    case 'violated':
      return EXIT.notWell;
    case 'undecided':
      return EXIT.undecided;
  }
}

const usage = async (): Promise<new (message: string) => Error> => (await import('./failure.ts')).UsageError;

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    const bytes = file === '-' ? await standardInput() : await readFile(file);
    if (bytes.byteLength > MOST_BYTES) throw new InputError(`${file}: larger than 64 MiB, expected mails or a diff`);
    return bytes;
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${file}: cannot be read: ${reasonOf(error)}`);
  }
}

async function standardInput(): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of process.stdin.iterator({ destroyOnReturn: true })) {
    const bytes: unknown = piece;
    if (!(bytes instanceof Uint8Array)) throw new Error('standard input gave no bytes');
    pieces.push(bytes);
    length += bytes.byteLength;
    if (length > MOST_BYTES) break;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}

/** A file of the kernel's sources; undefined if there is none. */
async function textIn(tree: string, path: string): Promise<string | undefined> {
  try {
    // A path in a mail must not lead out of the tree.
    const inside = relative(tree, join(tree, path));
    if (inside.startsWith('..')) return undefined;
    return await readFile(join(tree, inside), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new InputError(`${join(tree, path)}: cannot be read: ${reasonOf(error)}`);
  }
}

/** A scenario in which something is converted, with its file. */
interface Occasion {
  readonly scenario: Scenario;
  readonly text: string;
}

async function occasions(path: string): Promise<readonly Occasion[]> {
  const { hasOccasion } = await import('../review/index.ts');
  const { parseScenario, textNamesModel } = await import('../scenario/index.ts');
  const found: Occasion[] = [];
  for (const file of await scenarioFiles(path)) {
    const text = await readScenarioText(file);
    if (textNamesModel(file, text)) continue;
    const scenario = parseScenario(file, text);
    if (hasOccasion(scenario)) found.push({ scenario, text });
  }
  if (found.length === 0) throw new InputError(`${path}: no scenario with a conversion`);
  return found;
}

async function reviewed(
  file: string,
  prepared: readonly Prepared[],
  scenarios: readonly Occasion[],
  { workers, tree }: Options,
): Promise<ReviewAnswer> {
  const notRun = new Set<string>();
  const changes: ReviewedChange[] = [];
  const progress = new Progress();
  for (const change of prepared) {
    if (change.unshown !== undefined) {
      const side = { kind: 'unshown', why: change.unshown } as const;
      changes.push({ prepared: change, before: side, after: side, changes: [] });
      continue;
    }
    const sides = await Promise.all(
      (['before', 'after'] as const).map(async (side) => translated(change, side, change[side])),
    );
    const judged = await judgedSides(sides, scenarios, workers, progress, notRun);
    const { changesBetween } = await import('../review/index.ts');
    const [before, after] = judged;
    changes.push({
      prepared: change,
      before,
      after,
      changes: before?.kind === 'judged' && after?.kind === 'judged' ? changesBetween(before.judged, after.judged) : [],
    });
  }
  const source = tree === undefined ? undefined : await comparedSource(tree, changes);
  const profiles = [...new Set(scenarios.map(({ scenario }) => scenario.check.profile.name))];
  const { reviewAnswer } = await import('../review/index.ts');
  return reviewAnswer({ file, profiles, changes, source, notRun: [...notRun] });
}

/** Compares a tree's kernel with the model, as far as the verdicts depend on it, without the checks under review. */
async function comparedSource(tree: string, changes: readonly ReviewedChange[]): Promise<ComparedSource> {
  const { compareSources, HELD_AGAINST } = await import('../source/index.ts');
  const { sourcesIn } = await import('./source.ts');
  const judged = changes.flatMap(({ before, after }) =>
    [before, after].flatMap((side) => (side?.kind === 'judged' ? side.judged : [])),
  );
  const names = new Set(judged.flatMap(({ routines }) => routines));
  for (const { prepared } of changes)
    for (const side of [prepared.before, prepared.after]) if (side !== undefined) names.delete(side.function);
  try {
    const states = await compareSources(await sourcesIn(tree), names);
    return { tree, release: HELD_AGAINST, states, failure: undefined };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { tree, release: HELD_AGAINST, states: [], failure: error.message };
  }
}

/** A side that was translated here once, so that its errors are reported before any exploration. */
type Translated =
  | { readonly kind: 'form'; readonly job: JobSide; readonly unexportedCalls: readonly string[] }
  | { readonly kind: 'refused'; readonly errors: readonly string[] };

async function translated(
  { exports }: Prepared,
  side: 'before' | 'after',
  prepared: PreparedSide | undefined,
): Promise<Translated | undefined> {
  if (prepared === undefined) return undefined;
  const { readyFront } = await import('./c-patch.ts');
  const { unexportedCalls, DEFAULT_PROFILE } = await import('../kernel/index.ts');
  const job: JobSide = {
    name: side,
    function: prepared.function,
    source: prepared.source,
    exports: side === 'after' ? exports : [],
  };
  const translation = (await readyFront()).translate(job.source, {
    name: job.name,
    function: prepared.function,
    exports: job.exports,
  });
  if (translation.kind === 'refused') return translation;
  return { kind: 'form', job, unexportedCalls: unexportedCalls(translation.form, DEFAULT_PROFILE) };
}

async function judgedSides(
  sides: readonly (Translated | undefined)[],
  scenarios: readonly Occasion[],
  workers = Math.min(4, availableParallelism()),
  progress: Progress,
  notRun: Set<string>,
): Promise<readonly (ReviewedSide | undefined)[]> {
  const { nameOf, verdictOf } = await import('../review/index.ts');
  // Both sides of a scenario in sequence, so that an interrupted review has both for most scenarios.
  const jobs = scenarios.flatMap(({ scenario, text }, i) =>
    sides.flatMap((side, which): ReviewJob[] =>
      side?.kind === 'form'
        ? [
            {
              kind: 'review',
              number: 2 * i + which,
              side: side.job,
              file: scenario.file,
              text,
              mostStates: MOST_STATES,
            },
          ]
        : [],
    ),
  );
  const answers = new Map<number, ReviewedSideJudged>();
  const timer = setInterval(() => {
    progress.tick(() => `${answers.size} of ${jobs.length} searches`);
  }, 200);
  try {
    await judgeAll(
      jobs,
      workers,
      ({ number, judged }) => answers.set(number, judged),
      () => isInterrupted,
    );
  } finally {
    clearInterval(timer);
    progress.end();
  }
  for (const { number } of jobs) {
    const scenario = scenarios[number >> 1]?.scenario;
    if (!answers.has(number) && scenario !== undefined) notRun.add(nameOf(scenario));
  }
  return sides.map((side, which): ReviewedSide | undefined => {
    if (side?.kind !== 'form') return side;
    const judged = scenarios.flatMap((_, i) => answers.get(2 * i + which) ?? []);
    return { kind: 'judged', judged, verdict: verdictOf(judged), unexportedCalls: side.unexportedCalls };
  });
}
type ReviewedSideJudged = Extract<ReviewedSide, { kind: 'judged' }>['judged'][number];

async function print(
  answer: ReviewAnswer,
  scenarios: readonly Occasion[],
  files: readonly string[],
  { tree, function: name, scenarios: path, reply, json }: Options,
): Promise<void> {
  const { reviewReply, reviewReport, reviewToJson } = await import('../report/index.ts');
  const { nameOf } = await import('../review/index.ts');
  if (json === true) {
    process.stdout.write(reviewToJson(answer));
    return;
  }
  const command = [
    'folioscope',
    'review',
    ...files,
    ...(tree === undefined ? [] : ['--tree', tree]),
    ...(name === undefined ? [] : ['--function', name]),
    ...(path === undefined ? [] : ['--scenarios', path]),
    ...(reply === true ? ['--reply'] : []),
  ];
  const about = { command, scenarios: new Map(scenarios.map(({ scenario }) => [nameOf(scenario), scenario])) };
  process.stdout.write(reply === true ? reviewReply(answer, about) : reviewReport(answer, about));
}

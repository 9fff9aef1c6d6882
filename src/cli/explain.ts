// SPDX-License-Identifier: MIT
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isErrno } from '../abi/index.ts';
import type {
  Explanation,
  IndexRange,
  InodeSelector,
  MomentAnswer,
  MomentSelector,
  Question,
} from '../explain/index.ts';
import { explainTrace, parseInode, parseMoment, parseRange, QuestionError } from '../explain/index.ts';
import { type Cpu, cpu, formatTime } from '../ledger/index.ts';
import { type Patch, PATCHES, type Profile, PROFILES } from '../machine/index.ts';
import { UnknownBufferError } from '../trace/index.ts';
import { explanationToJson, explanationToText } from '../report/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain, UsageError } from './failure.ts';
import { openSource } from './file-source.ts';
import { version } from './version.ts';
import { Progress } from './progress.ts';

/** Largest number of CPUs that Linux is built for (NR_CPUS). */
const MOST_CPUS = 8192;

interface Options {
  readonly at: readonly MomentSelector[];
  readonly inode?: InodeSelector;
  readonly range?: IndexRange;
  readonly cpu?: Cpu;
  readonly profile?: Profile;
  readonly buffer?: string;
  readonly patch: readonly Patch[];
  readonly failOn: 'last' | 'any';
  readonly redact?: boolean;
  readonly json?: boolean;
}

const names = (known: readonly { readonly name: string }[]): string => known.map(({ name }) => name).join(', ');

/** `folioscope explain FILE`: the holders of each guest_memfd folio in a recording, and the result of a conversion. */
export function registerExplain(program: Command): void {
  program
    .command('explain')
    .summary('say who holds each guest_memfd folio in a recording of a real kernel')
    .description(
      'Reads a recording of mm_filemap_add_to_page_cache, mm_filemap_delete_from_page_cache and mm_lru_insertion ' +
        "events, and says which guest_memfd folios wait in which CPU's lru_add batch and what each form of the " +
        'check would answer to a conversion to private.',
    )
    .argument(
      '<recording>',
      'trace.dat, or text of ftrace, trace-cmd report or perf script, also packed; - is standard input, where Ctrl-C ends it',
    )
    .addOption(
      new Option('--at <moment>', 'SECONDS, end, marker:TEXT or every-marker; repeatable')
        .default([], 'every marker, and the end')
        .argParser(addMoment),
    )
    .addOption(
      new Option(
        '--inode <inode>',
        'only this inode, DEV:INO or INO: 0x hexadecimal, else decimal as stat prints it',
      ).argParser(readInode),
    )
    .addOption(
      new Option('--range <pages>', 'convert pages A..B, without B (default: the whole inode)').argParser(readRange),
    )
    .addOption(
      new Option('--cpu <number>', 'the CPU that converts (default: chosen from the recording)').argParser(readCpu),
    )
    .addOption(
      new Option('--profile <name>', `kernel profile: ${names(PROFILES)} (default: inferred)`).argParser(readProfile),
    )
    .option('--buffer <name>', "only this buffer of a trace.dat, '' being the top one")
    .addOption(
      new Option('--patch <names>', `forms of the check, of ${names(PATCHES)}`)
        .default(PATCHES, 'all')
        .argParser(readPatches),
    )
    .addOption(
      new Option('--fail-on <which>', 'exit with 1 where the last moment is refused, or any of them')
        .choices(['last', 'any'])
        .default('last'),
    )
    .option('--redact', 'put task1, task2, ... for task names and 1, 2, ... for page frames and addresses')
    .option('--json', 'print one JSON document (schema/explain.schema.json)')
    .addHelpText(
      'after',
      `
Exit codes, by the recorded conversions where no --at is given, then by what
the form without a drain says of the last moment (--fail-on any: of each):
  0   safe, or there is no guest_memfd    1   refused
  2   not decidable: events were lost or not recorded, the recording is cut
      off or begins in the middle, or what refused a call before may still be
      there unseen
  64  usage    65  not a recording    70  a defect of folioscope

Examples:
  folioscope explain examples/two-cpu.dat
  folioscope explain trace.dat --at 'marker:before convert' --range 0..512
  folioscope explain --json trace.dat --inode 0:16:0x4414 --at end`,
    )
    .action(async (file: string, options: Options) => {
      process.exitCode = await explain(file, options);
    });
}

async function explain(file: string, options: Options): Promise<ExitCode> {
  const explanation = await answer(file, options);
  // There is neither a verdict nor proof that no guest_memfd exists.
  if (explanation.moments.length === 0 && explanation.inodes.some(({ kind }) => kind !== 'other'))
    throw new UsageError(`${file}: the recording has no markers; --at end asks for its end`);
  for (const damage of explanation.trace.damage) complain(`${file}: ${damage}`);
  process.stdout.write(
    options.json === true
      ? explanationToJson(explanation)
      : explanationToText(explanation, { file, options: optionsAgain(options), version: version() }),
  );
  return codeOf(explanation, {
    any: options.failOn === 'any',
    calls: options.at.length === 0,
    isWanted: options.inode !== undefined,
  });
}

async function answer(file: string, options: Options): Promise<Explanation> {
  const { at, inode, range, cpu: converter, profile, buffer, patch, redact } = options;
  const source = await openSource(file);
  const progress = new Progress();
  const onProgress: Question['onProgress'] = (share) =>
    progress.tick(() => `${file}: ${Math.round(100 * share)} % read`);
  try {
    return await explainTrace(source, {
      moments: at,
      inode,
      range,
      cpu: converter,
      profile,
      buffer,
      redact,
      patches: patch,
      onProgress,
    });
  } catch (error) {
    if (error instanceof UnknownBufferError) throw new UsageError(error.message);
    if (error instanceof QuestionError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  } finally {
    progress.end();
    await source.close();
  }
}

/** Conditions for an exit code of 1. */
interface Failing {
  /** Any refused moment, not only the last. */
  readonly any: boolean;
  /** Refused recorded conversions: if no moment was requested. */
  readonly calls: boolean;
  /** The inode was requested: it is judged in any case. */
  readonly isWanted?: boolean;
}

/**
 * Decided by the recorded refusals, then by the last moment's `baseline` verdict; the worst of several inodes. It is
 * undecided after damage, or if the recording does not show its inode.
 */
export function codeOf(
  { moments, trace, doubt, conversions, inodes }: Explanation,
  { isWanted = false, ...failing }: Failing,
): ExitCode {
  if (trace.damage.length > 0) return EXIT.undecided;
  const last = moments.at(-1);
  // There was a guest_memfd without known content, or there may have been one.
  if (last === undefined) return doubt === undefined ? EXIT.well : EXIT.undecided;
  if ((failing.calls || failing.any) && conversions.some(({ returned }) => isErrno(returned, 'EAGAIN')))
    return EXIT.notWell;
  if (failing.any && moments.some(({ baseline }) => baseline.verdict === 'refused')) return EXIT.notWell;
  const asked = moments.filter(({ at, marker }) => at === last.at && marker === last.marker);
  const isKnown = ({ dev, ino }: MomentAnswer): boolean =>
    isWanted || inodes.some((inode) => inode.dev === dev && inode.ino === ino && inode.kind === 'guest_memfd');
  const refused = asked.filter(({ baseline }) => baseline.verdict === 'refused');
  if (refused.some(isKnown)) return EXIT.notWell;
  if (refused.length > 0) return EXIT.undecided;
  const isCutOff = trace.lost.some(({ at }) => at === undefined);
  return isCutOff || asked.some(({ strength }) => strength === 'unknown') ? EXIT.undecided : EXIT.well;
}

/** A parsed value. @throws InvalidArgumentError with what was expected. */
function understood<Value>(value: Value | undefined, expected: string): Value {
  if (value === undefined) throw new InvalidArgumentError(`Expected ${expected}.`);
  return value;
}

const addMoment = (text: string, before: readonly MomentSelector[]): readonly MomentSelector[] => [
  ...before,
  understood(parseMoment(text), 'SECONDS (718.867524), end, marker:TEXT or every-marker'),
];

const readInode = (text: string): InodeSelector =>
  understood(parseInode(text), 'DEV:INO (0:16:0x4414) or INO, with 0x or decimal');

const readRange = (text: string): IndexRange => understood(parseRange(text), 'A..B in pages, with A below B');

const readCpu = (text: string): Cpu =>
  understood(
    /^\d{1,4}$/.test(text) && Number(text) < MOST_CPUS ? cpu(Number(text)) : undefined,
    `a CPU from 0 to ${MOST_CPUS - 1}`,
  );

const readProfile = (text: string): Profile =>
  understood(
    PROFILES.find(({ name }) => name === text),
    `one of ${names(PROFILES)}`,
  );

const readPatches = (text: string): readonly Patch[] => {
  const named = text.split(',').map((word) =>
    understood(
      PATCHES.find(({ name }) => name === word.trim()),
      `some of ${names(PATCHES)}, with commas between`,
    ),
  );
  return [...new Set(named)];
};

/** The options that give the same answer again. */
const optionsAgain = ({
  at,
  inode,
  range,
  cpu: converter,
  profile,
  buffer,
  patch,
  failOn,
  redact,
}: Options): readonly string[] => [
  ...at.flatMap((moment) => ['--at', momentWord(moment)]),
  ...(inode === undefined
    ? []
    : ['--inode', `${inode.dev === undefined ? '' : `${inode.dev}:`}0x${inode.ino.toString(16)}`]),
  ...(range === undefined ? [] : ['--range', `${range.from}..${range.to}`]),
  ...(converter === undefined ? [] : ['--cpu', String(converter)]),
  ...(profile === undefined ? [] : ['--profile', profile.name]),
  ...(buffer === undefined ? [] : ['--buffer', buffer]),
  ...(failOn === 'any' ? ['--fail-on', failOn] : []),
  ...(redact === true ? ['--redact'] : []),
  ...(names(patch) === names(PATCHES) ? [] : ['--patch', names(patch).replaceAll(' ', '')]),
];

function momentWord(moment: MomentSelector): string {
  switch (moment.kind) {
    case 'time':
      return moment.count === undefined ? formatTime(moment.at) : String(moment.count);
    case 'marker':
      return `marker:${moment.text}`;
    case 'end':
    case 'every-marker':
      return moment.kind;
  }
}

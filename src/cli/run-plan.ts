// SPDX-License-Identifier: MIT
import type { InputError } from '../ledger/index.ts';
import { formatSchedule, parseSchedule, type Patch, PATCHES, type Profile, type Schedule } from '../machine/index.ts';
import { UsageError } from './failure.ts';
import { loadUsable } from './load-patch.ts';
import type { PatchChoice } from './patch-choice.ts';
import { readText } from './scenario-files.ts';

/** Options of the command line of `run`. */
export interface Options {
  readonly patch?: readonly PatchChoice[];
  readonly profile?: Profile;
  readonly schedule?: string;
  readonly seed?: number;
  readonly runs?: number;
  readonly replay?: string;
  readonly trace?: string;
  readonly pageRef?: boolean;
  readonly html?: string;
  readonly steps: 'none' | 'folded' | 'all';
  readonly json?: boolean;
}

/** The runs that the options request. */
export interface Plan {
  readonly patches: readonly Patch[];
  readonly schedule: Schedule | undefined;
  readonly replay: { readonly file: string; readonly text: string } | undefined;
}

/** Largest size of a recorded run; the steps of any run need less in JSON. */
const MOST_REPLAY_BYTES = 256 * 1024 * 1024;

/**
 * @param mistaken receives the mistake of a form that cannot be used, if others are asked for too.
 * @throws UsageError if options exclude each other, InputError if a form or a recorded run cannot be read.
 */
export async function planOf(options: Options, mistaken: (error: InputError) => void): Promise<Plan> {
  const { schedule: how, seed, replay, runs } = options;
  if (replay !== undefined && (how ?? seed ?? runs) !== undefined)
    throw new UsageError('--replay has its own order of turns: leave out --schedule, --seed and --runs');
  const asked = how ?? (seed === undefined && runs === undefined ? undefined : 'random');
  const schedule = asked === undefined ? undefined : scheduleOf(asked, seed);
  const takesSeed = schedule?.kind === 'random' || schedule?.kind === 'pct' ? schedule.seed === seed : false;
  if (how !== undefined && seed !== undefined && !takesSeed)
    throw new UsageError(`--seed goes with random or pct:D, not with ${how}`);
  if (runs !== undefined && schedule?.kind !== 'random' && schedule?.kind !== 'pct')
    throw new UsageError(`--runs goes with random or pct:D, not with ${how ?? ''}`);
  return {
    patches: options.patch === undefined ? PATCHES : await loadUsable(options.patch, mistaken),
    schedule,
    replay: replay === undefined ? undefined : { file: replay, text: await recordedText(replay) },
  };
}

/** The text of a recorded run. @throws InputError */
export const recordedText = (file: string): Promise<string> =>
  readText(file, MOST_REPLAY_BYTES, 'what run --json or check --json printed');

function scheduleOf(how: string, seed: number | undefined): Schedule {
  try {
    return parseSchedule(how, seed);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`--schedule: ${error.message}`);
    throw error;
  }
}

/** The command that gives the same report again. */
export const commandFor = (
  file: string,
  { patch, profile, runs, replay, trace, pageRef, steps }: Options,
  { schedule }: Plan,
): readonly string[] => [
  'folioscope',
  'run',
  file,
  ...(patch === undefined ? [] : ['--patch', patch.map((choice) => choice.word).join(',')]),
  ...(profile === undefined ? [] : ['--profile', profile.name]),
  ...(schedule === undefined ? [] : ['--schedule', formatSchedule(schedule)]),
  ...(runs === undefined ? [] : ['--runs', String(runs)]),
  ...(replay === undefined ? [] : ['--replay', replay]),
  ...(trace === undefined ? [] : ['--trace', trace]),
  ...(pageRef === true ? ['--page-ref'] : []),
  ...(steps === 'folded' ? [] : ['--steps', steps]),
];

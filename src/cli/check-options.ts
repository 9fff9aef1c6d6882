// SPDX-License-Identifier: MIT
import { InvalidArgumentError } from 'commander';
import type { Profile } from '../machine/index.ts';
import { UsageError } from './failure.ts';
import type { PatchChoice } from './patch-choice.ts';
import type { Shard } from './shard.ts';

/** Default limit of a check in states. */
export const MOST_STATES = 200_000_000;

/** Options of the command line of `check`. */
export interface Options {
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
  readonly html?: string;
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
  readonly shard?: Shard;
  readonly queue?: string;
  /** Number of the first random walk, on one of several machines. */
  readonly firstWalk?: number;
}

export function positive(text: string): number {
  if (!/^\d{1,12}$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError('Expected a whole number above 0.');
  return Number(text);
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number, 0 or more.');
  return Number(text);
}

/** Bits of an index into the bits of a bitstate memory. */
const [FEWEST_BITS, MOST_BITS] = [5, 32];

export function bitsOf(text: string): number {
  const bits = positive(text);
  if (bits < FEWEST_BITS || bits > MOST_BITS)
    throw new InvalidArgumentError(`Expected a whole number from ${FEWEST_BITS} to ${MOST_BITS}.`);
  return bits;
}

/** Largest number of threads: each needs at least one of the heaps that states are sorted into. */
const MOST_WORKERS = 64;

export function threads(text: string): number {
  const workers = positive(text);
  if (workers > MOST_WORKERS) throw new InvalidArgumentError(`Expected at most ${MOST_WORKERS}.`);
  return workers;
}

/** The address of a queue. It accepts less than Redis clients do, so that a typing error is a usage error. */
export function queueUrl(text: string): string {
  if (/^(?:redis|valkey)s?:\/\/[^\s/]+/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('Expected redis://HOST:PORT.');
}

/** Rejects combinations of options, beyond the conflicts that each option declares. */
export function checkOptions(asked: Options): void {
  const { workers, depthFirst, random, seed, pct, steps, hashCompaction, bitstate, ...options } = asked;
  const lossy = hashCompaction === true || bitstate !== undefined;
  if (workers > 1 && (lossy || random !== undefined || depthFirst === true))
    throw new UsageError(
      '--workers does not go with --random, --depth-first, --hash-compaction or --bitstate: its threads share an exact search',
    );
  if (random === undefined && (seed !== undefined || pct !== undefined || steps !== undefined))
    throw new UsageError('--seed, --pct and --steps need --random N: they are for random walks');
  const { checkpoint, checkpointEvery, resume, all, spill, shard } = options;
  if (workers > 1 && spill !== undefined)
    throw new UsageError('--spill does not go with --workers: it needs a search on one thread');
  if (checkpoint === undefined && (resume === true || checkpointEvery !== undefined))
    throw new UsageError('--resume and --checkpoint-every need --checkpoint DIR');
  if (options.queue !== undefined) checkQueue(asked);
  if (shard !== undefined && all !== true) throw new UsageError('--shard needs --all: it is a part of all scenarios');
  if (checkpoint !== undefined && all === true)
    throw new UsageError('--checkpoint does not go with --all: it stores one scenario');
}

/** Rejects combinations of options with --queue. */
function checkQueue({ all, random, shard, workers, checkpoint, spill, coverage, itf, patch }: Options): void {
  if (all !== true && random === undefined)
    throw new UsageError('--queue needs --all or --random N: one exhaustive search stays on one machine');
  const others = [
    ...(shard === undefined ? [] : ['--shard']),
    ...(workers === 1 ? [] : ['--workers']),
    ...(checkpoint === undefined ? [] : ['--checkpoint']),
    ...(spill === undefined ? [] : ['--spill']),
    ...(coverage === true ? ['--coverage'] : []),
    ...(itf === undefined ? [] : ['--itf']),
  ];
  if (others.length > 0)
    throw new UsageError(`${others.join(', ')}: not with --queue, whose workers are other machines`);
  const file = patch?.find(({ known }) => known === undefined);
  if (file !== undefined)
    throw new UsageError(
      `--queue takes forms by name: a worker does not have ${file.word}, and runs no code from a queue`,
    );
}

/** The options that may change the answer, as words. */
export function optionWords(options: Options): readonly string[] {
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
}

/**
 * The command that gives this report again: every option that may change the answer. --checkpoint and --resume say where a check
 * goes on, --itf, --html and --json where and how it is written, --queue on which machines.
 */
export const commandFor = (file: string, options: Options): readonly string[] => [
  'folioscope',
  'check',
  file,
  ...optionWords(options),
];

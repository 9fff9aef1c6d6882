// SPDX-License-Identifier: MIT
import { memorySource, readTrace } from '../../src/trace/index.ts';
import { countLines, judge, type Truth } from './judge.ts';
import { mutate } from './mutations.ts';
import { Random } from './random.ts';
import { type Seed, SEEDS } from './seeds.ts';

/** An input that showed a fault; its number and the campaign's seed make it again. */
interface Failure {
  readonly number: number;
  readonly seed: string;
  readonly steps: readonly string[];
  readonly bytes: Uint8Array;
  readonly faults: readonly string[];
}

/** What a campaign found. */
export interface Findings {
  readonly inputs: number;
  readonly bytes: number;
  /** How many inputs ended with each exit code; 'read' where no verdict was asked for. */
  readonly codes: ReadonlyMap<number | 'read', number>;
  /** Inputs of each recording. */
  readonly seeds: ReadonlyMap<string, number>;
  /** Inputs that lack events of their seed without a word about it, because what is left is whole again. */
  readonly silent: number;
  readonly failures: readonly Failure[];
}

/** Of so many inputs one is explained, too. */
const EXPLAINED_ONE_IN = 500;

const truths = new Map<Seed, Truth>();

async function truthOf(seed: Seed): Promise<Truth> {
  const known = truths.get(seed);
  if (known !== undefined) return known;
  const summary = await readTrace(memorySource(seed.name, seed.bytes), { onEvents: () => {} });
  const truth = { events: summary.events, lines: countLines(seed.bytes) };
  truths.set(seed, truth);
  return truth;
}

const DRAWN = SEEDS.flatMap((seed) => Array.from({ length: seed.weight }, () => seed));

/** The bytes of input `number` of a campaign: each by itself, so that one can be made without those before it. */
export function inputOf(
  seedNumber: number,
  number: number,
): { seed: Seed; bytes: Uint8Array; steps: readonly string[]; piece: number } {
  const random = new Random(Math.imul(seedNumber, 0x9e37_79b1) ^ Math.imul(number + 1, 0x85eb_ca6b));
  const [first] = DRAWN;
  const seed = DRAWN[random.below(DRAWN.length)] ?? first;
  if (seed === undefined) throw new Error('there are no seeds');
  const { bytes, steps } = mutate(seed, random, SEEDS);
  return { seed, bytes, steps, piece: random.one([997, 4096, 65_536]) };
}

/** Judges the inputs `[from, to)` of a campaign; `onInput` hears of each before it is judged. */
export async function campaign(
  seedNumber: number,
  from: number,
  to: number,
  onInput: (input: number) => void = () => {},
): Promise<Findings> {
  const codes = new Map<number | 'read', number>();
  const seeds = new Map<string, number>();
  const failures: Failure[] = [];
  let bytesSum = 0;
  let silent = 0;
  for (let input = from; input < to; input++) {
    onInput(input);
    const { seed, bytes, steps, piece } = inputOf(seedNumber, input);
    const depth = input % EXPLAINED_ONE_IN === 0 ? 'explain' : 'read';
    const { faults, code, isSilent } = await judge(bytes, seed, await truthOf(seed), piece, depth);
    bytesSum += bytes.length;
    const ending = code ?? 'read';
    codes.set(ending, (codes.get(ending) ?? 0) + 1);
    seeds.set(seed.name, (seeds.get(seed.name) ?? 0) + 1);
    if (isSilent) silent++;
    if (faults.length > 0) failures.push({ number: input, seed: seed.name, steps, bytes, faults });
  }
  return { inputs: to - from, bytes: bytesSum, codes, seeds, silent, failures };
}

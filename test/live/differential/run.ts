// SPDX-License-Identifier: MIT
// Differential runs: sequences until there are enough steps, and the shortest one that still differs.
import { type Profile, PROFILES } from '../../../src/machine/index.ts';
import { compare, type Counts, type Difference, noCounts } from './compare.ts';
import type { Model } from './model.ts';
import type { Executor } from './observed.ts';
import { randomFrom, randomSteps, type Step, tidied } from './steps.ts';

export interface DifferentialRun {
  readonly counts: Counts;
  /** Sequences whose recording lost events: they say nothing, and are not counted. */
  readonly unusable: number;
  readonly difference:
    | (Difference & {
        /** The shortest sequence that still differs, and how. */
        readonly shortest: readonly Step[];
        readonly last: Difference;
      })
    | undefined;
}

/** Steps of a sequence: each begins with a new guest_memfd and drained batches. */
const LENGTH = 200;

/** Share of steps at which other work flushed a batch. Above a fifth a run says too little. */
export const resyncShare = ({ steps, resyncs }: Counts): number => (steps === 0 ? 0 : resyncs.steps / steps);
export const MOST_RESYNCS = 0.2;

/** The profile of a release, `6.18.44-x`; undefined if there is none. */
export const profileOf = (release: string): Profile | undefined =>
  PROFILES.find(({ name }) => name === `linux-${/^\d+\.\d+/.exec(release)?.[0]}`);

export async function differentialRun(
  executor: Executor,
  model: Model,
  {
    steps,
    seed,
    onProgress,
  }: { readonly steps: number; readonly seed: number; readonly onProgress?: (done: number) => void },
): Promise<DifferentialRun> {
  const random = randomFrom(seed);
  const counts = noCounts();
  let unusable = 0;
  while (counts.steps < steps) {
    const sequence = randomSteps(random, Math.min(LENGTH, steps - counts.steps), model.cpus);
    const seen = await executor.run(sequence);
    if (seen === undefined) {
      unusable++;
      continue;
    }
    const difference = compare(model, seen, executor.pid, counts);
    if (difference !== undefined)
      return {
        counts,
        unusable,
        difference: { ...difference, ...(await shortest(executor, model, sequence, difference)) },
      };
    onProgress?.(counts.steps);
  }
  return { counts, unusable, difference: undefined };
}

/** Tries of one sequence: other work may hide a difference. */
const TRIES = 3;

async function differs(executor: Executor, model: Model, steps: readonly Step[]): Promise<Difference | undefined> {
  for (let nth = 0; nth < TRIES; nth++) {
    const seen = await executor.run(steps);
    const difference = seen === undefined ? undefined : compare(model, seen, executor.pid);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** Leaves out parts, halves first and single steps and pages last, as long as what is left still differs. */
async function shortest(
  executor: Executor,
  model: Model,
  sequence: readonly Step[],
  first: Difference,
): Promise<{ readonly shortest: readonly Step[]; readonly last: Difference }> {
  let kept = tidied(sequence.slice(0, first.at + 1));
  let last = first;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < kept.length; ) {
      const fewer = tidied([...kept.slice(0, from), ...kept.slice(from + size)]);
      const found = fewer.length === 0 ? undefined : await differs(executor, model, fewer);
      if (found === undefined) from += size;
      else [kept, last] = [tidied(fewer.slice(0, found.at + 1)), found];
    }
  for (let nth = 0; nth < kept.length; nth++)
    for (let less = 16; less >= 1; ) {
      const shorter = withFewerPages(kept, nth, less);
      const found = shorter === undefined ? undefined : await differs(executor, model, shorter);
      if (shorter === undefined || found === undefined) less = Math.floor(less / 2);
      else [kept, last] = [shorter.slice(0, found.at + 1), found];
    }
  return { shortest: kept, last };
}

function withFewerPages(steps: readonly Step[], nth: number, less: number): readonly Step[] | undefined {
  const step = steps[nth];
  if (step === undefined || !('pages' in step) || step.pages <= less) return undefined;
  return steps.with(nth, { ...step, pages: step.pages - less });
}

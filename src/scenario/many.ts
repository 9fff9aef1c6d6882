// SPDX-License-Identifier: MIT
import type { Patch, Schedule } from '../machine/index.ts';
import { isWell, type PatchAnswer } from './answer.ts';
import { type PatchNotes, patchNotes } from './patch-notes.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';

/** An outcome of a scenario in some of its runs. */
export interface SeenOutcome {
  readonly times: number;
  /** The first run with this outcome, whole. */
  readonly first: PatchAnswer;
  readonly well: ReturnType<typeof isWell>;
}

/** Result of a scenario under one form of the check, over many runs. */
export interface ManyAnswer {
  readonly patch: string;
  readonly notes: PatchNotes;
  readonly runs: number;
  /** The most frequent first. */
  readonly seen: readonly SeenOutcome[];
}

/** Result of many runs of a scenario under several forms of the check. */
export interface ScenarioRuns {
  readonly scenario: Scenario;
  readonly patches: readonly ManyAnswer[];
}

export interface ManyOptions {
  readonly patch: Patch;
  /** Schedule of the first run; each further run has the next seed. */
  readonly schedule: Extract<Schedule, { readonly seed: number }>;
  readonly runs: number;
  /** Called after every step of every run, for progress. */
  readonly onStep?: () => void;
}

/** What distinguishes two outcomes: the result of each call, and whether a refusal was spurious. */
const outcomeOf = (scenario: Scenario, { calls, unended, imbalance }: PatchAnswer): string => {
  const all = [...scenario.before, ...scenario.threads.flatMap((thread) => thread.calls)];
  return JSON.stringify([
    unended ?? '',
    imbalance ?? '',
    ...all.map((of) => {
      const call = calls.find((made) => made.of === of);
      return [call?.outcome, call?.conversion?.verdict, call?.mismatches.length];
    }),
  ]);
};

/** Runs a scenario once for each seed, each time from the start. */
export function runMany(scenario: Scenario, { patch, schedule, runs, onStep }: ManyOptions): ManyAnswer {
  const seen = new Map<string, { times: number; first: PatchAnswer }>();
  for (let run = 0; run < runs; run++) {
    const seed = (schedule.seed + run) % 2 ** 32;
    const answer = runScenario(scenario, { patch, schedule: { ...schedule, seed }, keep: 'none', onStep });
    const key = outcomeOf(scenario, answer);
    const known = seen.get(key);
    if (known === undefined) seen.set(key, { times: 1, first: answer });
    else known.times++;
  }
  return {
    patch: patch.name,
    notes: patchNotes(patch, scenario.machine.profile),
    runs,
    seen: [...seen.values()]
      .map(({ times, first }) => ({ times, first, well: isWell(first) }))
      .toSorted((a, b) => b.times - a.times),
  };
}

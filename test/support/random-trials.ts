// SPDX-License-Identifier: MIT
// Cases of random scenarios by seed: which scenario, which form, which ways to explore.
import type { WorkerHost } from '../../src/check/index.ts';
import { ALTERNATIVES, MUTANTS } from '../../src/kernel/index.ts';
import { InputError } from '../../src/ledger/index.ts';
import { type Patch, PATCHES } from '../../src/machine/index.ts';
import type { Scenario } from '../../src/scenario/index.ts';
import { Random } from '../fuzz/random.ts';
import { randomScenario, type ScenarioData, scenarioOf, shrunk, textOf } from './random-scenario.ts';
import { type Finding, type Mode, MODES, trial, type Trial, type TrialOptions } from './scenario-trial.ts';

/** Runs under random schedules of each scenario. */
const RUNS = 4;
/** Trials of smaller scenarios for each finding. */
const MOST_SHRINKS = 40;

export const casesFrom = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/** The form, and the ways to explore, of a seed. */
function aboutOf(seed: number): { readonly patch: Patch; readonly modes: readonly Mode[]; readonly results: boolean } {
  const random = new Random(seed ^ 0x5bd1e995);
  random.next();
  const kind = random.below(10);
  const of = <T>(list: readonly T[]): T | undefined => list[random.below(list.length)];
  const patch = (kind < 6 ? of(PATCHES) : kind < 9 ? of(ALTERNATIVES) : of(MUTANTS)?.patch) ?? PATCHES[0];
  if (patch === undefined) throw new Error('no form');
  const mode = of(MODES);
  const modes = mode === undefined ? [] : [mode];
  return { patch, modes, results: random.below(4) === 0 };
}

type What = Pick<TrialOptions, 'modes' | 'results' | 'replays' | 'runs'>;

/** As much of a trial as a kind of finding needs. */
const whatFor = (kind: string, modes: readonly Mode[]): What => ({
  modes: modes.filter((mode) => kind.startsWith(mode)),
  results: kind.startsWith('impossible'),
  replays: kind.startsWith('replay'),
  runs: kind.startsWith('run') || kind.startsWith('impossible') ? RUNS : 0,
});

export interface Tried extends Trial {
  readonly patch: string;
  /** The smallest scenario that was found to be wrong in a way. */
  readonly text: (kind: string) => string;
}

/** The trial of a seed; each kind of finding for which `shrinks` says so with the smallest scenario that shows it. */
export async function triedAt(
  seed: number,
  {
    mostStates,
    host,
    shrinks,
  }: { readonly mostStates: number; readonly host: WorkerHost; readonly shrinks: (kind: string) => boolean },
): Promise<Tried> {
  const data = randomScenario(seed);
  const { patch, modes, results } = aboutOf(seed);
  const tryIt = async (
    candidate: ScenarioData,
    what: What = { modes, results, replays: true, runs: RUNS },
  ): Promise<Trial | undefined> => {
    let scenario: Scenario;
    try {
      scenario = scenarioOf(candidate);
    } catch (error) {
      if (error instanceof InputError) return undefined;
      throw error;
    }
    return trial(scenario, patch, { mostStates, ...what, host });
  };
  const first = await tryIt(data);
  if (first === undefined) throw new Error(`seed ${seed} is no scenario:\n${textOf(data)}`);
  const smallest = new Map<string, string>();
  for (const { kind } of first.findings) {
    if (smallest.has(kind)) continue;
    const isWrong = async (candidate: ScenarioData): Promise<boolean> =>
      (await tryIt(candidate, whatFor(kind, modes)))?.findings.some((finding: Finding) => finding.kind === kind) ===
      true;
    smallest.set(kind, textOf(shrinks(kind) ? await shrunk(data, isWrong, MOST_SHRINKS) : data));
  }
  return {
    ...first,
    patch: patch.name,
    text: (kind) => `# ${patch.name}, ${modes.join(', ')}\n${smallest.get(kind) ?? textOf(data)}`,
  };
}

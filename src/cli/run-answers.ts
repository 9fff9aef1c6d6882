// SPDX-License-Identifier: MIT
import { InputError } from '../ledger/index.ts';
import { type Patch, type Schedule, ScheduleMisfit } from '../machine/index.ts';
import type { PatchAnswer, RunEnd, RunObserver, Scenario, ScenarioAnswer, ScenarioRuns } from '../scenario/index.ts';
import { workingWith } from './working-with-patch.ts';
import type { Plan } from './run-plan.ts';

/** Runs a scenario once under each form. @throws InputError if an order does not fit. */
export async function answerOf(
  scenario: Scenario,
  { patches, schedule, replay }: Plan,
  keep: 'all' | 'none',
  onStep: (patch: string, steps: number) => void,
  observer?: RunObserver,
): Promise<ScenarioAnswer> {
  const { readRecorded, runScenario, unknownPlace } = await import('../scenario/index.ts');
  const one = (patch: Patch, how: Schedule = scenario.schedule, end?: RunEnd): PatchAnswer => {
    let steps = 0;
    const tick = (): void => onStep(patch.name, ++steps);
    return workingWith(patch, () => runScenario(scenario, { patch, schedule: how, end, keep, observer, onStep: tick }));
  };
  if (replay === undefined) {
    const wrong = unknownPlace(scenario, schedule ?? scenario.schedule, patches, workingWith);
    if (wrong !== undefined) throw new InputError(`${scenario.file}: the schedule does not fit: ${wrong}`);
    try {
      return { scenario, patches: patches.map((patch) => one(patch, schedule)) };
    } catch (error) {
      if (error instanceof ScheduleMisfit)
        throw new InputError(`${scenario.file}: the schedule does not fit: ${error.message}`);
      throw error;
    }
  }
  const recorded = readRecorded(replay.file, replay.text, scenario);
  const chosen = patches.flatMap((patch) => {
    const found = recorded.find(({ patch: name }) => (name ?? patch.name) === patch.name);
    return found === undefined ? [] : [{ patch, how: found.schedule, end: found.end }];
  });
  const known = recorded.map(({ patch }) => patch ?? 'unnamed').join(', ');
  if (chosen.length === 0)
    throw new InputError(`${replay.file}: has steps of ${known}, expected one of these forms as --patch`);
  try {
    return { scenario, patches: chosen.map(({ patch, how, end }) => one(patch, how, end)) };
  } catch (error) {
    if (!(error instanceof ScheduleMisfit)) throw error;
    throw new InputError(`${replay.file}: no longer fits ${scenario.file}: ${error.message}`);
  }
}

/** Runs a scenario under many seeds. */
export async function manyRuns(
  scenario: Scenario,
  { patches, schedule }: Plan,
  runs: number,
  onRun: (patch: string, steps: number) => void,
): Promise<ScenarioRuns> {
  const { runMany } = await import('../scenario/index.ts');
  if (schedule?.kind !== 'random' && schedule?.kind !== 'pct') throw new Error('a schedule without seeds');
  const answers = patches.map((patch) => {
    let steps = 0;
    const onStep = (): void => onRun(patch.name, ++steps);
    return workingWith(patch, () => runMany(scenario, { patch, schedule, runs, onStep }));
  });
  return { scenario, patches: answers };
}

// SPDX-License-Identifier: MIT
import type { ManyAnswer, Scenario, ScenarioRuns, SeenOutcome } from '../scenario/index.ts';
import { callJson, headJson, SCHEMA } from './run-json.ts';

/**
 * Many runs as the JSON document of `run --runs N --json`: the outcomes of each form, and the first run of each
 * outcome.
 */
export const runsToJson = (answers: readonly ScenarioRuns[]): string =>
  `${JSON.stringify({ schema: SCHEMA, scenarios: answers.map(scenarioJson) }, undefined, 2)}\n`;

const scenarioJson = ({ scenario, patches }: ScenarioRuns): object => ({
  ...headJson(scenario),
  patches: patches.map((patch) => patchJson(scenario, patch)),
});

const patchJson = (scenario: Scenario, { patch, notes, runs, seen }: ManyAnswer): object => ({
  patch,
  mutant: notes.mutant,
  unexportedCalls: notes.unexportedCalls,
  runs,
  outcomes: seen.map((outcome) => outcomeJson(scenario, outcome)),
});

const outcomeJson = (scenario: Scenario, { times, first, well }: SeenOutcome): object => ({
  times,
  well: well === 'undecided' ? undefined : well,
  asExpected: first.asExpected,
  undecided: first.unended,
  imbalance: first.imbalance,
  schedule: first.schedule.text,
  turns: first.schedule.list,
  calls: first.calls.map((call) => callJson(scenario, call)),
});

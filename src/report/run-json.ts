// SPDX-License-Identifier: MIT
import type {
  CallAnswer,
  ConversionAnswer,
  Expected,
  PatchAnswer,
  Scenario,
  ScenarioAnswer,
  StepAnswer,
} from '../scenario/index.ts';
import { folioJson } from './folio-json.ts';

/** Name and version of the document; schema/run.schema.json describes it. */
export const SCHEMA = 'folioscope.run/1';

/** Answers as the JSON document of `run --json`, its keys in a fixed order; inapplicable fields are absent. */
export const runToJson = (answers: readonly ScenarioAnswer[], options: { readonly steps: boolean }): string =>
  `${JSON.stringify({ schema: SCHEMA, scenarios: answers.map((answer) => scenarioJson(answer, options.steps)) }, undefined, 2)}\n`;

const scenarioJson = ({ scenario, patches }: ScenarioAnswer, steps: boolean): object => ({
  ...headJson(scenario),
  patches: patches.map((patch) => patchJson(scenario, patch, steps)),
});

/** Data of a scenario before its forms. */
export const headJson = (scenario: Scenario): object => ({
  file: scenario.file,
  scenario: scenario.name,
  title: scenario.title,
  about: scenario.about,
  machine: machineJson(scenario),
});

const machineJson = ({ machine: { cpus, profile, largestOrder } }: Scenario): object => ({
  cpus,
  profile: profile.name,
  features: {
    batchSize: profile.batchSize,
    smp: profile.smp,
    drainAllLocalFirst: profile.drainAllLocalFirst,
    flushFreesLastReference: profile.flushFreesLastReference,
    unmapDrainsLocal: profile.unmapDrainsLocal,
    mlockBatchHoldsReference: profile.mlockBatchHoldsReference,
    mapsLargeFolios: profile.mapsLargeFolios,
    pinBias: profile.pinBias,
  },
  largestOrder,
});

const patchJson = (scenario: Scenario, answer: PatchAnswer, steps: boolean): object => ({
  patch: answer.patch,
  mutant: answer.notes.mutant,
  unexportedCalls: answer.notes.unexportedCalls,
  asExpected: answer.asExpected,
  undecided: answer.unended,
  imbalance: answer.imbalance,
  calls: answer.calls.map((call) => callJson(scenario, call)),
  stepsChecked: answer.stepsTaken,
  schedule: answer.schedule.text,
  turns: answer.schedule.list,
  ...(steps ? { steps: answer.steps.map((step) => stepJson(scenario, step)) } : {}),
});

export function callJson(scenario: Scenario, call: CallAnswer): object {
  const { stage, of, cpu, outcome, loaded, conversion, expected, mismatches, isUndecided } = call;
  return {
    stage,
    task: scenario.machine.tasks[of.task]?.name,
    cpu,
    call: of.text,
    returned: outcome?.result,
    errorIndex: outcome?.errorIndex,
    loaded,
    conversion: conversion === undefined ? undefined : conversionJson(conversion),
    expected: expected === undefined ? undefined : expectedJson(expected),
    asExpected:
      expected === undefined || (isUndecided && mismatches.length === 0) ? undefined : mismatches.length === 0,
  };
}

const conversionJson = (conversion: ConversionAnswer): object => ({
  ...conversion.verdict,
  checked: conversion.checked,
  drainsOfAll: conversion.drainsOfAll,
  localDrains: conversion.localDrains,
  countsRead: conversion.countsRead,
  ...(conversion.refusal === undefined
    ? {}
    : {
        refusal: {
          folio: folioJson(conversion.refusal.folio),
          expected: conversion.refusal.expected,
          read: conversion.refusal.count,
        },
      }),
  ledgerBefore: conversion.ledgerBefore.map(folioJson),
});

const expectedJson = ({
  returns,
  verdict,
  index,
  spurious,
  drainsOfAll,
  localDrains,
  countsRead,
  loads,
}: Expected): object => ({
  returns: oneOrList(returns),
  verdict: oneOrList(verdict),
  index,
  spurious,
  drainsOfAll,
  localDrains,
  countsRead,
  loads: oneOrList(loads),
});

const oneOrList = <T>(values: readonly T[] | undefined): T | readonly T[] | undefined =>
  values?.length === 1 ? values[0] : values;

const stepJson = (
  { machine }: Scenario,
  { stage, task, cpu, call, path, name, writes, read, origin }: StepAnswer,
): object => ({
  stage,
  task: machine.tasks[task]?.name ?? `kworker/${task - machine.tasks.length}`,
  cpu,
  call,
  path,
  step: name,
  read: read === undefined ? undefined : { pfn: read.folio, count: read.count },
  origin: origin === undefined ? undefined : { place: origin.place, text: origin.text },
  writes: writes.map(({ variable, index, before, after }) => ({
    variable,
    index,
    before: before === 'none' ? null : before,
    after: after === 'none' ? null : after,
  })),
});

// SPDX-License-Identifier: MIT
export type {
  CallAnswer,
  ConversionAnswer,
  ConversionVerdict,
  CountRead,
  Mismatch,
  PatchAnswer,
  ScenarioAnswer,
  StepAnswer,
} from './answer.ts';
export { isWell } from './answer.ts';
export type { Checking, Event, ExpectedCheck, PropertyId, Wish } from './checking.ts';
export { EVENTS, PROPERTY_IDS } from './checking.ts';
export { LOOK_GONE, NOT_SHOWN } from './conversion-watch.ts';
export { textNamesModel } from './text-names-model.ts';
export { suggestion } from './nearest.ts';
export { expectedOf } from './expectation.ts';
export type { ManyAnswer, ScenarioRuns, SeenOutcome } from './many.ts';
export { runMany } from './many.ts';
export type { ParseOptions } from './parse.ts';
export { profileNamed } from './profile-named.ts';
export { parseScenario } from './parse-scenario.ts';
export { readScenario } from './read-scenario.ts';
export { unknownPlace } from './places.ts';
export type { Recorded } from './replay.ts';
export type { PatchNotes } from './patch-notes.ts';
export { mutantIn, patchNotes } from './patch-notes.ts';
export { readRecorded } from './replay.ts';
export type { RunEnd, RunObserver, RunOptions } from './run.ts';
export { BrokenInvariant, runScenario } from './run.ts';
export type { Expected, Scenario, ScenarioCall, Thread } from './scenario.ts';
export { scenarioJsonSchema } from './schema-at-once.ts';
export { readSource } from './source-at-once.ts';

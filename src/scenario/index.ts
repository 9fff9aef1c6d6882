// SPDX-License-Identifier: MIT
export type {
  CallAnswer,
  ConversionAnswer,
  CountRead,
  Mismatch,
  PatchAnswer,
  ScenarioAnswer,
  StepAnswer,
} from './answer.ts';
export { isWell } from './answer.ts';
export type { ParseOptions } from './parse.ts';
export { parseScenario, profileNamed } from './parse.ts';
export type { RunOptions } from './run.ts';
export { BrokenInvariant, runScenario } from './run.ts';
export type { Expected, Scenario, ScenarioCall, Thread } from './scenario.ts';
export { scenarioJsonSchema } from './schema.ts';

// SPDX-License-Identifier: MIT
import { type ParseOptions, scenarioIn } from './parse.ts';
import type { Scenario } from './scenario.ts';
import { readSource } from './source.ts';

/**
 * A scenario from the text of its file: YAML 1.2 or JSON, as schema/scenario.schema.json describes it.
 * @param file its name, for messages.
 * @throws InputError `FILE:LINE:COLUMN: path: what is wrong, what was expected`
 */
export const parseScenario = (file: string, text: string, options: ParseOptions = {}): Scenario =>
  scenarioIn(file, readSource(file, text), options);

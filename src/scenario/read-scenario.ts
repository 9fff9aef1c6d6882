// SPDX-License-Identifier: MIT
import { type ParseOptions, scenarioIn } from './parse.ts';
import type { Scenario } from './scenario.ts';

/**
 * The same as `parseScenario`, for a page: the reader of YAML, 31 kB of its bundle, is loaded with the first scenario and not
 * before.
 *
 * @example
 * const scenario = await readScenario('SC-02.yaml', text);
 * @param file its name, for messages.
 * @throws InputError `FILE:LINE:COLUMN: path: what is wrong, what was expected`
 */
export async function readScenario(file: string, text: string, options: ParseOptions = {}): Promise<Scenario> {
  const { readSource } = await import('./source.ts');
  return scenarioIn(file, readSource(file, text), options);
}

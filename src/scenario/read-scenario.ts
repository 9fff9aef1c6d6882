// SPDX-License-Identifier: MIT
import type { ParseOptions } from './parse.ts';
import type { Scenario } from './scenario.ts';

/**
 * The scenario that `parseScenario` returns, for a web page. The first call loads the readers of YAML and of scenarios,
 * about 50 kB of the bundle.
 * @param file its name, for messages.
 * @throws InputError `FILE:LINE:COLUMN: path: what is wrong, what was expected`
 * @example
 * import { readScenario } from 'folioscope/scenario';
 * const text = `
 * scenario: T
 * title: A page faulted on another CPU
 * machine: { cpus: 2 }
 * guest_memfd: { pages: 1 }
 * tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
 * before: [{ T1: { touch: 0..1 } }]
 * threads: { T0: [{ convert: { range: 0..1, to: private } }] }
 * `;
 * (await readScenario('t.yaml', text)).name; // => 'T'
 */
export async function readScenario(file: string, text: string, options: ParseOptions = {}): Promise<Scenario> {
  const [{ readSource }, { scenarioIn }] = await Promise.all([import('./source.ts'), import('./parse.ts')]);
  return scenarioIn(file, readSource(file, text), options);
}

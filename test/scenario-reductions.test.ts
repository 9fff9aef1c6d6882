// SPDX-License-Identifier: MIT
// Leaving out orders of steps changes no answer about scenario files: small ones here, all of them by bench/reductions.ts.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { patchNamed } from '../src/machine/index.ts';
import { parseScenario } from '../src/scenario/index.ts';
import { answeredBothWays } from './both-ways.ts';

test.each([
  ['SC-07-fault-in-flight', ['baseline', 'v6']],
  ['SC-07-refused', ['v6']],
  ['SC-10-gup-fast', ['v6', 'mutant:gup-no-barrier']],
  ['SC-18-early-exit', ['drain-for-folio', 'mutant:drain-unlocks-before-flush']],
  ['SC-32-worker-never-runs', ['v6']],
  ['SC-39-stale-attribute', ['v8']],
])('%s under %j', (file, forms) => {
  const text = readFileSync(new URL(`../scenarios/${file}.yaml`, import.meta.url), 'utf8');
  const scenario = parseScenario(file, text);
  for (const form of forms) {
    const patch = scenario.check.mutants.find(({ name }) => name === form) ?? patchNamed(form);
    const { whole, reduced, reductions, differences } = answeredBothWays(scenario, patch);
    expect(differences).toEqual([]);
    expect(reductions).toEqual(['partial order']);
    expect(reduced).toBeLessThan(whole);
  }
});

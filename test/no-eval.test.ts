// SPDX-License-Identifier: MIT
// Pages and processes that forbid JavaScript from text: what is generated elsewhere is interpreted, with the same answers.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMAND, ROOT } from './cli/folioscope.ts';
import { pageChunks, pageScript } from './support/page-bundle.ts';

const LIMIT = 120_000;
const FORBIDDEN = '--disallow-code-generation-from-strings';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('a page loads less than 170 kB before it runs', async () => {
  const first = (await pageChunks()).filter(({ isFirst }) => isFirst);
  expect(first.reduce((sum, { packed }) => sum + packed, 0)).toBeLessThan(170_000);
});

describe('in a page', () => {
  let script = '';
  beforeAll(async () => {
    script = await pageScript();
  });

  /** Runs a function of the page's text in a context of its own. */
  const inPage = async (strings: boolean, text: string): Promise<unknown> => {
    const context = createContext(
      {
        // The reader of zstd has its code in a data: address.
        fetch,
        TextDecoder,
        TextEncoder,
        scenario: read('scenarios/SC-18-early-exit.yaml'),
        recording: new Uint8Array(readFileSync(join(ROOT, 'examples/two-cpu.dat'))),
      },
      { codeGeneration: { strings, wasm: true } },
    );
    runInContext(script, context);
    return (await runInContext(`(async () => {${text}})()`, context)) as unknown;
  };

  /** A check whose question leaves orders of steps out, which is generated text too, and one that does not. */
  const CHECK = `const s = await page.readScenario('SC-18.yaml', scenario);
    const answers = [{}, { wholeUpTo: 1 }].map((options) => page.checkScenario(s, page.patchNamed('v6'), options));
    const told = answers.map(({ verdict, explored: { states, transitions, depth }, reductions, properties }) =>
      ({ verdict, states, transitions, depth, reductions, properties: properties.map((one) => [one.id, one.verdict]) }));
    return JSON.stringify({ told, interpreted: answers[0].interpreted, report: page.checkReport(s, answers) });`;

  const EXPLAIN = `const explanation = await page.explainTrace(page.memorySource('two-cpu.dat', recording), { moments: [{ kind: 'marker', text: 'phase faulted' }], patches: page.PATCHES });
    return page.explanationToText(explanation, { file: 'two-cpu.dat', options: [] });`;

  test('a check comes to the same, and says that it was interpreted', { timeout: LIMIT }, async () => {
    const [free, bound] = [await inPage(true, CHECK), await inPage(false, CHECK)].map(
      (text) => JSON.parse(String(text)) as Record<string, unknown>,
    );
    expect(bound?.['told']).toEqual(free?.['told']);
    expect(free?.['told']).toMatchObject([{ verdict: 'holds', reductions: [] }, { reductions: ['partial order'] }]);
    expect([free?.['interpreted'], bound?.['interpreted']]).toEqual([false, true]);
    expect(String(bound?.['report'])).toContain('interpreted: JavaScript cannot be generated here');
    expect(String(free?.['report'])).not.toContain('interpreted');
  });

  test('so does a verdict of explain', { timeout: LIMIT }, async () => {
    const [free, bound] = [await inPage(true, EXPLAIN), await inPage(false, EXPLAIN)];
    const note =
      '  JavaScript cannot be generated here: the verdicts were interpreted, which\n    is slower and gives the same results\n';
    expect(String(bound)).toContain(note);
    expect(String(bound).replace(note, '')).toBe(free);
  });
});

/** What a check says, without what it cost. */
function checked(flags: readonly string[], args: readonly string[]): unknown {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, ...COMMAND, 'check', ...args, '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: LIMIT,
  });
  expect(stderr).toBe('');
  const { seconds: _, peakMemoryBytes: __, interpreted, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
  return { status, rest, interpreted };
}

test.each([
  ['scenarios/SC-40-wrong-checks.yaml', '--patch', 'mutant:drains-itself-only'],
  ['scenarios/peer-protocol.yaml', '--patch', 'v6', '--cpus', '2', '--folios', '2', '--exact'],
  ['scenarios/peer-protocol.yaml', '--patch', 'v6', '--cpus', '3', '--folios', '1', '--workers', '2'],
  ['scenarios/SC-02-other-cpu.yaml', '--patch', 'v6', '--random', '9', '--seed', '3'],
  ['scenarios/SC-02-other-cpu.yaml', '--patch', 'v6', '--hash-compaction'],
])('a process comes to the same: %s %s %s', { timeout: LIMIT }, (...args) => {
  const free = checked([], args);
  expect(checked([FORBIDDEN], args)).toEqual({ ...(free as object), interpreted: true });
});

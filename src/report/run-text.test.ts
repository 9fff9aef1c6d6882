// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { PATCHES } from '../machine/index.ts';
import { parseScenario, runScenario } from '../scenario/index.ts';
import { runToJson } from './run-json.ts';
import { summaryLine } from './run-summary.ts';
import { runReport } from './run-text.ts';

const name = fc.stringMatching(/^[A-Za-z][\w.-]{0,14}$/);
const range = fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 4 })).map(([a, n]) => `${a}..${Math.min(4, a + n)}`);
const expected = fc.record(
  {
    returns: fc.constantFrom('ok', 'EAGAIN'),
    verdict: fc.constant('refused'),
    index: fc.nat(3),
    spurious: fc.boolean(),
    'drains-of-all': fc.nat(2),
    'local-drains': fc.nat(2),
    'counts-read': fc.nat(9),
  },
  { requiredKeys: ['verdict'] },
);
const call = (memfd: string) =>
  fc.oneof(
    range.map((touch) => ({ touch, in: memfd })),
    fc.constantFrom({ drain: 'all' }, { drain: 'local' }, { 'migrate-to': 1 }),
    fc.record({
      convert: fc.record({ range, to: fc.constantFrom('private', 'shared') }),
      in: fc.constant(memfd),
      expect: fc.record({ every: expected }),
    }),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((offset) => ({
      convert: { offset: String(offset), size: String(offset), attributes: String(offset), reserved: [String(offset)] },
      in: memfd,
    })),
  );
const file = fc
  .record({ memfd: name, tasks: fc.uniqueArray(name, { minLength: 2, maxLength: 2 }) })
  .chain(({ memfd, tasks: [a = '', b = ''] }) =>
    fc.record({
      scenario: fc.constant('T'),
      title: fc.stringMatching(/^\S(?:.{0,198}\S)?$/),
      machine: fc.constant({ cpus: 2 }),
      guest_memfds: fc.constant({ [memfd]: { pages: 4 } }),
      tasks: fc.constant({ [a]: { cpu: 0 }, [b]: { cpu: 1 } }),
      before: fc.array(
        call(memfd).map((one) => ({ [b]: one })),
        { maxLength: 3 },
      ),
      threads: fc.record({
        [a]: fc.array(call(memfd), { minLength: 1, maxLength: 3 }),
        [b]: fc.array(call(memfd), { minLength: 1, maxLength: 2 }),
      }),
    }),
  );
const longWord = fc.string({ maxLength: 300 });

describe('a report', () => {
  test('is never wider than a mail, whatever names and results are in it', () => {
    fc.assert(
      fc.property(file, longWord, fc.constantFrom('none', 'folded', 'all'), fc.nat(4), (text, path, steps, first) => {
        const scenario = parseScenario(path, JSON.stringify(text));
        const patches = PATCHES.slice(first, first + 2).map((patch) => runScenario(scenario, { patch }));
        const answer = { scenario, patches };
        const lines = [
          ...runReport(answer, { steps, command: ['folioscope', 'run', path] }).split('\n'),
          ...summaryLine(answer).split('\n'),
        ];
        expect(lines.filter((line) => line.length > 75)).toEqual([]);
        expect(() => void JSON.parse(runToJson([answer], { steps: true }))).not.toThrow();
      }),
      { numRuns: 40, seed: 2 },
    );
  });

  test("'s command can be pasted into a shell, however long its words are", () => {
    const text = {
      scenario: 'T',
      title: 'T',
      machine: { cpus: 1 },
      guest_memfd: { pages: 1 },
      tasks: { T0: { cpu: 0 } },
    };
    const scenario = parseScenario('a', JSON.stringify({ ...text, threads: { T0: [{ drain: 'all' }] } }));
    const command = ['folioscope', 'run', `a b/${'long-'.repeat(40)}.yaml`, '--patch', "it's", 'x'.repeat(71)];
    const report = runReport({ scenario, patches: [] }, { steps: 'none', command });
    const pasted = report.slice(report.indexOf('again:') + 'again:'.length);
    const { stdout } = spawnSync('sh', ['-c', `printf "%s\\n" ${pasted.trim()}`], { encoding: 'utf8' });
    expect(stdout.trimEnd().split('\n')).toEqual(command);
  });
});

test.each(['folded', 'all'] as const)('a run that goes round for ever can be told, steps %s', (steps) => {
  const scenario = parseScenario(
    'a.yaml',
    JSON.stringify({
      scenario: 'T',
      title: 'T',
      machine: { cpus: 1 },
      guest_memfd: { pages: 1 },
      tasks: { T: { cpu: 0 } },
      threads: { T: [{ touch: '0..1' }] },
    }),
  );
  const patches = PATCHES.slice(0, 1).map((patch) => runScenario(scenario, { patch }));
  const round = patches.map((patch) => {
    const [step] = patch.steps;
    return { ...patch, steps: step === undefined ? [] : Array.from({ length: 150_000 }, () => step) };
  });
  expect(runReport({ scenario, patches: round }, { steps, command: [] }).split('\n').length).toBeGreaterThan(10);
});

// SPDX-License-Identifier: MIT
// A counterexample for other tools, held against the rules of the Informal Trace Format (Apalache, ADR 15).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { folioscope } from './folioscope.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-itf-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** What the format knows as a value. Numbers have to be whole and exact, and a record's fields do not begin with '#'. */
const EXPRESSION: z.ZodType = z.lazy(() =>
  z.union([
    z.boolean(),
    z.string(),
    z.int(),
    z.strictObject({ '#bigint': z.string().regex(/^-?\d+$/) }),
    z.array(EXPRESSION),
    z.strictObject({ '#tup': z.array(EXPRESSION) }),
    z.strictObject({ '#set': z.array(EXPRESSION) }),
    z.strictObject({ '#map': z.array(z.tuple([EXPRESSION, EXPRESSION])) }),
    z.record(z.string().regex(/^[^#]/), EXPRESSION),
  ]),
);
const TRACE = z.strictObject({
  '#meta': z.looseObject({ format: z.literal('ITF') }),
  vars: z.array(z.string().regex(/^[^#]/)).min(1),
  states: z.array(z.looseObject({ '#meta': z.object({ index: z.int() }) })).min(1),
});

/** The trace, if it is one: every variable is set in every state, and nothing else is. */
function traceIn(file: string): z.output<typeof TRACE> {
  const trace = TRACE.parse(JSON.parse(readFileSync(file, 'utf8')));
  expect(new Set(trace.vars).size).toBe(trace.vars.length);
  for (const [index, { '#meta': meta, ...variables }] of trace.states.entries()) {
    expect(meta.index).toBe(index);
    expect(Object.keys(variables).toSorted()).toEqual(trace.vars.toSorted());
    for (const value of Object.values(variables)) EXPRESSION.parse(value);
  }
  return trace;
}

/** What a map has, by the text of its keys. */
function entriesOf(value: unknown): Map<string, unknown> {
  const { '#map': entries } = z.object({ '#map': z.array(z.tuple([z.unknown(), z.unknown()])) }).parse(value);
  return new Map(entries.map(([key, of]) => [JSON.stringify(key), of]));
}
const HELD = z.object({ references: z.object({ '#bigint': z.string() }), by: z.unknown() });

test('the shortest run against I2: counts, holders, attributes, where the tasks are, and the steps', () => {
  const file = join(folder, 'run.itf.json');
  const args = ['check', 'scenarios/SC-02-other-cpu.yaml', '--patch', 'v6,baseline', '--itf', file, '--json'];
  const { status, stdout } = folioscope(args);
  const { counterexample } = JSON.parse(stdout) as { counterexample: { steps: { step: string; thread: string }[] } };
  expect(status).toBe(1);
  const { states, vars } = traceIn(file);
  expect(vars).toEqual(['mbt::actionTaken', 'folio.refcount', 'gmem_inode.private', 'holders', 'tasks']);
  const taken = states.map((state) => String(state['mbt::actionTaken']));
  expect(taken[0]).toBe('init');
  expect(taken.slice(1).map((text) => [text.split(': ')[0], text.split(' > ').at(-1)])).toEqual(
    counterexample.steps.map(({ thread, step }) => [thread, step]),
  );
  for (const state of states) {
    const counts = entriesOf(state['folio.refcount']);
    for (const [folio, held] of entriesOf(state['holders'])) {
      const { references, by } = HELD.parse(held);
      expect(counts.get(folio)).toEqual(references);
      const parts = [...entriesOf(by).values()].map((of) => Number(HELD.shape.references.parse(of)['#bigint']));
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(Number(references['#bigint']));
    }
  }
  expect(JSON.stringify(states.at(-1)?.['holders'])).toContain('lru-add-batch, CPU 1');
});

test('a run of the peer protocol has all its variables', () => {
  const file = join(folder, 'peer.itf.json');
  folioscope(['check', 'scenarios/peer-protocol.yaml', '--cpus', '2', '--patch', 'baseline', '--itf', file]);
  const { states, vars } = traceIn(file);
  expect(states).toHaveLength(11);
  expect(vars).toContain('tasks');
  expect(new Set(states.map((state) => JSON.stringify({ ...state, '#meta': undefined }))).size).toBe(11);
});

test.each([
  [['--patch', 'v6', '--itf', 'FOLDER/none.json'], 0, 'none.json is not written: no property is violated\n'],
  [['--patch', 'baseline', '--itf', 'FOLDER/no/such'], 64, 'no/such: cannot be written: no such file or directory\n'],
  [['--all', '--itf', 'FOLDER/all.json'], 64, '--itf writes one run: leave out --all\n'],
])('%j says what became of the file', (options, code, message) => {
  const words = options.map((word) => word.replace('FOLDER', folder));
  const { status, stderr } = folioscope(['check', 'scenarios/SC-02-other-cpu.yaml', ...words]);
  expect(status).toBe(code);
  expect(stderr.endsWith(message)).toBe(true);
});

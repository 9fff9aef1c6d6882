// SPDX-License-Identifier: MIT
// One table has all of a call: what derives from it has it too, and docs/calls.md shows each call with an example that runs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { CALL_NAMES, callNamed, PATCHES } from '../src/kernel/index.ts';
import { createMachine, entryOf } from '../src/machine/index.ts';
import { parseScenario, runScenario, scenarioJsonSchema, type Scenario } from '../src/scenario/index.ts';
import { CALL_KEYS, callsOfKey } from '../src/scenario/schema.ts';

const PAGE = readFileSync(new URL('../docs/calls.md', import.meta.url), 'utf8');

/** What stands under a heading of the page: its text in one line, and the example. */
const SECTIONS: ReadonlyMap<string, { readonly text: string; readonly example: string }> = new Map(
  PAGE.split(/^### /m)
    .slice(1)
    .map((section) => {
      const [, key = '', text = '', example = ''] = /^(\S+)\n([^]*?)```yaml\n([^]*?)```/.exec(section) ?? [];
      return [key, { text: text.trim().replaceAll(/\s+/g, ' '), example }];
    }),
);

/** The scenario that every example stands in. */
const FRAME: unknown = parse(/```yaml\n([^]*?)```/.exec(PAGE)?.[1] ?? '');

function scenarioOf(key: string): Scenario {
  const example: unknown = parse(SECTIONS.get(key)?.example ?? '');
  return parseScenario('docs/calls.md', stringify(Object.assign({}, FRAME, example), { aliasDuplicateObjects: false }));
}

/** The sentences of the table as the page writes them. */
const aboutOf = (key: string): string =>
  callsOfKey(key)
    .map(callNamed)
    .map(({ about, written }) => {
      const marked = about.replaceAll(/(?<!\w)'([\w-]+)'(?!\w)/g, '`$1`');
      return written?.word === undefined ? marked : `\`${written.word}\`: ${marked}`;
    })
    .join(' ');

describe('docs/calls.md', () => {
  test('has a section for each call, and for nothing else', () => {
    expect([...SECTIONS.keys()].toSorted()).toEqual(CALL_KEYS.toSorted());
  });

  test.each(CALL_KEYS)('%s: is told in the words of the table, and its example runs', (key) => {
    expect(SECTIONS.get(key)?.text).toBe(aboutOf(key));
    const scenario = scenarioOf(key);
    const made = [...scenario.before, ...scenario.threads.flatMap(({ calls }) => calls)].map(({ call }) => call.call);
    expect(made).toEqual(expect.arrayContaining([...callsOfKey(key)]));
    for (const patch of PATCHES) {
      const { calls, unended, asExpected } = runScenario(scenario, { patch, keep: 'none' });
      const wrong = calls.flatMap(({ of, mismatches }) =>
        mismatches.map((mismatch) => ({ call: of.text, ...mismatch })),
      );
      expect({ patch: patch.name, unended, wrong }).toEqual({ patch: patch.name, unended: undefined, wrong: [] });
      expect(asExpected).not.toBe(false);
    }
  });
});

describe('the table of calls', () => {
  test.each(CALL_NAMES)('%s: its schema, entry, parts, code and words are there', (name) => {
    const kind = callNamed(name);
    const key = CALL_KEYS.find((one) => callsOfKey(one).includes(name)) ?? '';
    const { title, description } = schemaOf(key);
    expect(title).toMatch(/\S/);
    expect(description).toContain(kind.about);
    expect(kind.about).toMatch(/^[\w'].*\.$|: ENOTTY\.$/);

    const scenario = scenarioOf(key);
    const calls = [...scenario.before, ...scenario.threads.flatMap((thread) => thread.calls)];
    const made = calls.find(({ call }) => call.call === name);
    if (made === undefined) throw new Error(`no example makes the call ${name}`);
    expect(made.text).not.toBe('');
    expect(made.text).not.toMatch(/undefined| {2}|NaN/);

    const entry = entryOf(made.call, scenario.machine);
    if ('result' in entry) {
      expect(entry.result).toBe(kind.refused);
      return;
    }
    expect(entry.name).toBe(kind.entry);
    expect(entry.args).toHaveLength(kind.args.length);
    const { codes } = createMachine(scenario.machine).program;
    expect(codes.find((code) => code.name === kind.entry)?.flow.nodes).toContainEqual(
      expect.objectContaining({ kind: 'step' }),
    );
    expect(scenario.machine.parts).toEqual(expect.arrayContaining([...(kind.parts ?? [])]));
  });
});

/** What the schema says of a call. */
function schemaOf(key: string): { readonly title?: string | undefined; readonly description?: string | undefined } {
  const { threads } = scenarioJsonSchema().properties ?? {};
  const calls = typeof threads === 'object' ? threads.additionalProperties : undefined;
  const call = typeof calls === 'object' ? calls.items : undefined;
  const found = typeof call === 'object' && !Array.isArray(call) ? call.properties?.[key] : undefined;
  return typeof found === 'object' ? found : {};
}

/** Where a call is told from others by its name, and why the table does not say it. */
const BY_NAME: Readonly<Record<string, readonly string[]>> = {
  // The conversion is what every property and report is about; its struct is checked before it enters.
  'machine/entry.ts': ['set-memory-attributes2'],
  'scenario/call-text.ts': ['set-memory-attributes2'],
  'scenario/run.ts': ['set-memory-attributes2'],
  'verify/observing.ts': ['set-memory-attributes2'],
  'verify/small-world.ts': ['set-memory-attributes2'],
  'verify/too-large.ts': ['set-memory-attributes2'],
  // The system calls that a recording has, with the arguments that it shows.
  'machine/events/tracepoints.ts': [
    'fallocate',
    'fallocate-large',
    'punch-hole',
    'set-memory-attributes2',
    'unknown-ioctl',
  ],
  // Rules of a file about the values of one call, or about two calls together.
  'scenario/calls.ts': ['fallocate-large', 'set-memory-attributes2', 'unknown-ioctl'],
  'scenario/parse.ts': ['lru-cache-disable', 'lru-cache-enable'],
};

test('nothing but the table tells one call from another, where it is not listed', () => {
  const src = fileURLToPath(new URL('../src', import.meta.url));
  const named = CALL_NAMES.map((name) => ({ name, pattern: new RegExp(`\\bcall\\b.*(?:[!=]== |case )'${name}'`) }));
  const found: Record<string, readonly string[]> = {};
  for (const room of ['machine', 'scenario', 'verify', 'report'])
    for (const file of readdirSync(join(src, room), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
      const lines = readFileSync(join(src, room, file), 'utf8').split('\n');
      const names = named.filter(({ pattern }) => lines.some((line) => pattern.test(line))).map(({ name }) => name);
      if (names.length > 0) found[`${room}/${file}`] = names.toSorted();
    }
  expect(found).toEqual(BY_NAME);
});

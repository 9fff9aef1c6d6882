// SPDX-License-Identifier: MIT
import type * as z from 'zod/mini';
import type { InputError } from '../ledger/index.ts';
import { suggestion } from './nearest.ts';
import { scenarioJsonSchema } from './schema.ts';
import type { Path, Source } from './source.ts';

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** The part of the schema for the value at `path`. */
function schemaAt(path: Path): JsonSchema {
  let schema: JsonSchema = scenarioJsonSchema();
  for (const part of path) {
    const next = waysOf(schema)
      .map((way) => partOf(way, part))
      .find((found) => found !== undefined);
    if (next === undefined) return {};
    schema = next;
  }
  return schema;
}

/** The alternatives of a schema; the schema itself if it has none. */
const waysOf = (schema: JsonSchema): readonly JsonSchema[] => schema.anyOf?.filter(isSchema) ?? [schema];
const isSchema = (schema: JsonSchema | boolean): schema is JsonSchema => typeof schema === 'object';

/** The part of a schema for a key or a list position. */
function partOf({ items, properties, additionalProperties }: JsonSchema, part: PropertyKey): JsonSchema | undefined {
  const next = typeof part === 'number' && !Array.isArray(items) ? items : properties?.[String(part)];
  const found = next ?? (typeof part === 'number' ? undefined : additionalProperties);
  return typeof found === 'object' && !Array.isArray(found) ? found : undefined;
}

function valueAt(value: unknown, path: Path): unknown {
  let found: unknown = value;
  for (const part of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.entries(found).find(([key]) => key === String(part))?.[1];
  }
  return found;
}

/** A value in a few words. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'nothing';
  if (typeof value === 'object') return 'a mapping';
  const text = typeof value === 'string' ? `'${value.replaceAll(/\s+/g, ' ')}'` : JSON.stringify(value);
  return text.length > 30 ? `${text.slice(0, 29)}…` : text;
}

const firstOf = (issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined => {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  return issue === undefined ? undefined : within(issue);
};

/** If a value may follow several schemas, the deepest mistake: the one in the schema that was probably meant. */
function within(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const found = issue.errors
    .flatMap((way) => firstOf(way) ?? [])
    .filter(({ code, path }) => path.length > 0 || code === 'unrecognized_keys')
    .toSorted((a, b) => b.path.length - a.path.length)[0];
  return found === undefined ? issue : { ...found, path: [...issue.path, ...found.path] };
}

/** The mistake of a file to report: an unknown key first, because it is the likely cause of a missing one. */
export function firstMistake(source: Source, issues: readonly z.core.$ZodIssue[]): InputError {
  const issue = firstOf(issues);
  if (issue === undefined) return source.error([], 'not a scenario');
  const schema = schemaAt(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const keys = waysOf(schema).flatMap(({ properties = {} }) => Object.keys(properties));
    const valid = keys.filter((name) => name !== '$schema');
    return source.error([...issue.path, key], `unknown key, ${suggestion(key, valid)}`, 'key');
  }
  if (issue.code === 'invalid_key') {
    const { propertyNames } = schemaAt(issue.path.slice(0, -1));
    const expected = typeof propertyNames === 'object' ? propertyNames.description : undefined;
    return source.error(issue.path, `not a name, expected ${expected ?? 'another'}`, 'key');
  }
  const value = valueAt(source.value, issue.path);
  // A call's description says what it does, its title what is expected; the file's own title is a heading.
  const said = issue.path.length === 0 ? schema.description : (schema.title ?? schema.description);
  const expected = `expected ${said ?? 'something else'}`;
  return source.error(issue.path, value === undefined ? `missing, ${expected}` : `${expected}, not ${shown(value)}`);
}

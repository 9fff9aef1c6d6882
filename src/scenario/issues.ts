// SPDX-License-Identifier: MIT
import type { InputError } from '../ledger/index.ts';
import { suggestion } from './nearest.ts';
import { scenarioJsonSchema } from './schema.ts';
import type { Issue, JsonSchema } from './shape.ts';
import type { Path, Source } from './source.ts';

/** The part of the schema that describes what stands at `path`. */
function schemaAt(path: Path): JsonSchema {
  let schema: JsonSchema = scenarioJsonSchema();
  for (const part of path) {
    const { items, additionalProperties } = schema;
    const property = schema.properties?.[String(part)];
    const next = typeof part === 'number' && !Array.isArray(items) ? items : (property ?? additionalProperties);
    if (typeof next !== 'object') return {};
    schema = next;
  }
  return schema;
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

/** The one mistake of a file to tell first: an unknown key is the likely cause of a missing one. */
export function firstMistake(source: Source, issues: readonly Issue[]): InputError {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) return source.error([], 'not a scenario');
  const schema = schemaAt(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const valid = Object.keys(schema.properties ?? {}).filter((name) => name !== '$schema');
    return source.error([...issue.path, key], `unknown key, ${suggestion(key, valid)}`, 'key');
  }
  if (issue.code === 'invalid_key') {
    const { propertyNames } = schemaAt(issue.path.slice(0, -1));
    const expected = typeof propertyNames === 'object' ? propertyNames.description : undefined;
    return source.error(issue.path, `not a name, expected ${expected ?? 'another'}`, 'key');
  }
  const value = valueAt(source.value, issue.path);
  const expected = `expected ${schema.description ?? 'something else'}`;
  return source.error(issue.path, value === undefined ? `missing, ${expected}` : `${expected}, not ${shown(value)}`);
}

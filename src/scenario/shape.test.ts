// SPDX-License-Identifier: MIT
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import * as z from './shape.ts';

const NAME = z.string().regex(/^[a-z]+$/);
const CALL = z.strictObject({
  page: z.int().min(0).max(3).optional(),
  as: NAME.refine((text) => text !== 'none')
    .describe('a name that is not none')
    .optional(),
  how: z.union([z.enum(['safe', 'refused']), z.array(z.enum(['safe', 'refused'])).min(1)]).optional(),
  exit: z.literal(true).optional(),
});
const FILE = z.strictObject({ calls: z.record(NAME, z.array(CALL).max(2)), loose: z.looseObject({ n: z.number() }) });

const GOOD: unknown = {
  calls: {
    a: [
      { page: 3, how: 'safe' },
      { how: ['safe', 'refused'], exit: true },
    ],
    b: [],
  },
  loose: { n: 1.5, more: [] },
};

test('a value of the shape is read, without what no field has', () => {
  expect(FILE.safeParse(GOOD)).toEqual({
    success: true,
    data: { ...(GOOD as object), loose: { n: 1.5 } },
  });
});

const withCall = (call: unknown): unknown => ({ calls: { a: [call] }, loose: { n: 0 } });

test.each([
  [withCall({ page: 4 }), 'out_of_range', 'calls.a.0.page'],
  [withCall({ page: 1.5 }), 'invalid_type', 'calls.a.0.page'],
  [withCall({ page: '1' }), 'invalid_type', 'calls.a.0.page'],
  [withCall({ as: 'A' }), 'invalid_format', 'calls.a.0.as'],
  [withCall({ as: 'none' }), 'invalid_format', 'calls.a.0.as'],
  [withCall({ how: 'saf' }), 'invalid_union', 'calls.a.0.how'],
  [withCall({ how: [] }), 'out_of_range', 'calls.a.0.how'],
  [withCall({ exit: false }), 'invalid_value', 'calls.a.0.exit'],
  [withCall({ pages: 1 }), 'unrecognized_keys', 'calls.a.0'],
  [withCall([]), 'invalid_type', 'calls.a.0'],
  [{ calls: { A: [] }, loose: { n: 0 } }, 'invalid_key', 'calls.A'],
  [{ calls: { a: [{}, {}, {}] }, loose: { n: 0 } }, 'out_of_range', 'calls.a'],
  [{ calls: {}, loose: { n: Number.NaN } }, 'invalid_type', 'loose.n'],
  [{ calls: {} }, 'invalid_type', 'loose'],
  [null, 'invalid_type', ''],
])('%j: %s at %s', (value, code, path) => {
  const parsed = FILE.safeParse(value);
  const issues = parsed.success ? [] : parsed.error.issues;
  expect(issues.map((issue) => [issue.code, issue.path.join('.')])).toEqual([[code, path]]);
});

test('the JSON Schema of a shape says the same of values that it can tell', () => {
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(FILE.json());
  expect(validate(GOOD)).toBe(true);
  for (const call of [{ page: 4 }, { page: 1.5 }, { as: 'A' }, { how: 'saf' }, { how: [] }, { exit: false }, { x: 1 }])
    expect([call, validate(withCall(call))]).toEqual([call, false]);
});

test('a description completes the message of an editor', () => {
  expect(CALL.shape.as.json()).toEqual({
    type: 'string',
    pattern: '^[a-z]+$',
    description: 'a name that is not none',
  });
});

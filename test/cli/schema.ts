// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ROOT } from './folioscope.ts';

/** Whether a document is as the schema of `folioscope COMMAND --json` says; `errors` of the function says what is not. */
export const validatorOf = (
  command:
    | 'check'
    | 'check-all'
    | 'conform'
    | 'demo'
    | 'doctor'
    | 'explain-pfn'
    | 'inspect'
    | 'query'
    | 'record'
    | 'review'
    | 'run'
    | 'source',
) =>
  new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
    JSON.parse(readFileSync(join(ROOT, `schema/${command}.schema.json`), 'utf8')) as object,
  );
